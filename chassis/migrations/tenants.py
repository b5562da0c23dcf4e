"""Row-level security on PostgreSQL: a municipality's rows are its own, whatever a query forgets to say.

A service's migrations call `isolate_tenants` for every table they make, `open_across` for the few columns
that its worker must see of all municipalities, and loop over `each_municipality` to change rows. On SQLite,
which knows no roles, the first two do nothing. `docs/postgresql.md` tells which role may do what.

Under forced row-level security the tables' owner sees no rows either: an UPDATE in a migration that sets no
municipality touches none, and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from chassis.db_roles import PLATFORM, TENANT_SETTING, Roles

TENANT_COLUMNS = ("municipality", "municipality_id")
"""What the column that names a row's municipality is called; "" in it is the platform itself."""

_SETTING = f"current_setting('{TENANT_SETTING}', true)"
_IS_PLATFORM = f"{_SETTING} = '{PLATFORM}'"
_TENANT = f"CASE WHEN {_IS_PLATFORM} THEN '' ELSE nullif({_SETTING}, '') END"
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")


def isolate_tenants(
    op: Any,
    *tables: str,
    readable_across: bool = False,
    written_by_platform: bool = False,
    allowed: Sequence[str] = _ALL,
) -> None:
    """Force row-level security on `tables`, and let the app role do what is `allowed` there.

    Each must have a column `municipality` or `municipality_id`. `readable_across`: everybody reads all rows
    (a registry of municipalities, or its copy; never what a municipality keeps to itself).
    `written_by_platform`: a platform-wide unit of work may write rows of any municipality.
    """
    roles = _roles(op)
    if roles is None:
        return
    connection = op.get_bind()
    for table in tables:
        name, column = _quoted(connection, table), _tenant_column(connection, table)
        is_own = f"{column} = {_TENANT}"
        if written_by_platform:
            is_own = f"({is_own} OR {_IS_PLATFORM})"
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        # For all roles, the owner too: without it a migration could not reach a tenant's rows at all.
        op.execute(f"CREATE POLICY tenant ON {name} USING ({is_own}) WITH CHECK ({is_own})")
        if readable_across:
            op.execute(f"CREATE POLICY registry ON {name} FOR SELECT USING (true)")
            op.execute(f"GRANT SELECT ON {name} TO {roles.quoted(roles.worker)}")
        op.execute(f"GRANT {', '.join(allowed)} ON {name} TO {roles.quoted(roles.app)}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {roles.quoted(roles.app)}")


def open_across(
    op: Any,
    table: str,
    *,
    select: Sequence[str] = (),
    update: Sequence[str] = (),
    delete: bool = False,
) -> None:
    """Let the worker role see (and change) these columns of all municipalities' rows: what it needs to find
    or to count work, never the work's content. Call it after `isolate_tenants`.
    """
    roles = _roles(op)
    if roles is None:
        return
    connection = op.get_bind()
    name, worker = _quoted(connection, table), roles.quoted(roles.worker)
    op.execute(f"CREATE POLICY worker ON {name} TO {worker} USING (true) WITH CHECK (true)")
    for act, columns in (("SELECT", select), ("UPDATE", update)):
        if columns:
            listed = ", ".join(_quoted(connection, column) for column in columns)
            op.execute(f"GRANT {act} ({listed}) ON {name} TO {worker}")
    if delete:
        op.execute(f"GRANT DELETE ON {name} TO {worker}")


def widen_across(op: Any, table: str, *, select: Sequence[str]) -> None:
    """Further columns of a table that an earlier revision opened with `open_across`."""
    roles = _roles(op)
    if roles is None:
        return
    connection = op.get_bind()
    listed = ", ".join(_quoted(connection, column) for column in select)
    op.execute(f"GRANT SELECT ({listed}) ON {_quoted(connection, table)} TO {roles.quoted(roles.worker)}")


def grant_across(op: Any, table: str, acts: Sequence[str]) -> None:
    """Let the worker role do that with a table that names no municipality."""
    roles = _roles(op)
    if roles is not None:
        name = _quoted(op.get_bind(), table)
        op.execute(f"GRANT {', '.join(acts)} ON {name} TO {roles.quoted(roles.worker)}")


def allow_erasure(op: Any, *tables: str) -> None:
    """Let the app role delete rows of tables that it may otherwise only add to: a municipality's that is
    erased (`erasures`), and no other's.
    """
    roles = _roles(op)
    if roles is None:
        return
    connection = op.get_bind()
    app = roles.quoted(roles.app)
    for table in tables:
        name, column = _quoted(connection, table), _tenant_column(connection, table)
        op.execute(
            f"CREATE POLICY erasure ON {name} AS RESTRICTIVE FOR DELETE TO {app} USING "
            f"(EXISTS (SELECT FROM erasures WHERE erasures.municipality = {name}.{column}))"
        )
        op.execute(f"GRANT DELETE ON {name} TO {app}")


def allow_columns(op: Any, table: str, act: str, columns: Sequence[str]) -> None:
    """Let the app role do that with these columns of its own municipality's rows."""
    roles = _roles(op)
    if roles is not None:
        connection = op.get_bind()
        listed = ", ".join(_quoted(connection, column) for column in columns)
        op.execute(f"GRANT {act} ({listed}) ON {_quoted(connection, table)} TO {roles.quoted(roles.app)}")


def each_municipality(op: Any) -> Iterator[str]:
    """Every municipality that the service's table `municipalities` knows, and "" for the platform's rows;
    each in its turn is the one whose rows the statements of the loop's body can reach.

        for municipality in each_municipality(op):
            op.execute(update(things).where(things.c.municipality_id == municipality).values(…))

    The condition is for SQLite, where every statement reaches all rows.
    """
    connection = op.get_bind()
    column = _tenant_column(connection, "municipalities")
    query = f"SELECT {column} FROM municipalities ORDER BY 1"  # noqa: S608 - one of TENANT_COLUMNS
    known = list(connection.exec_driver_sql(query).scalars())
    try:
        for municipality in ["", *known]:
            _become(connection, municipality or PLATFORM)
            yield municipality
    finally:
        _become(connection, "")


def unprotected_tables(connection: Connection) -> list[str]:
    """The tables that name a municipality and lack forced row-level security, or a policy; [] on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    query = sa.text(
        "SELECT DISTINCT c.relname FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ANY(:columns) AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
        "  AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
        " ORDER BY 1"
    )
    return list(connection.execute(query, {"columns": list(TENANT_COLUMNS)}).scalars())


def _roles(op: Any) -> Roles | None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return None
    return Roles.of_user(str(connection.exec_driver_sql("SELECT current_user").scalar_one()))


def _become(connection: Connection, setting: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT set_config(:name, :value, true)"), {"name": TENANT_SETTING, "value": setting}
        )


def _tenant_column(connection: Connection, table: str) -> str:
    columns = {column["name"] for column in sa.inspect(connection).get_columns(table)}
    found = [name for name in TENANT_COLUMNS if name in columns]
    if not found:
        raise RuntimeError(f"the table {table} names no municipality in {' or '.join(TENANT_COLUMNS)}")
    return found[0]


def _quoted(connection: Connection, name: str) -> str:
    return str(connection.dialect.identifier_preparer.quote(name))
