"""What a store demands and offers, read from the store itself, and what of it a program would miss.

A trigger is not looked into: it may keep an old and a new column alike, or refuse what was allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Inspector

from chassis.db_roles import Roles

_WHOLE_NUMBERS = ("SMALLINT", "INTEGER", "BIGINT")


@dataclass(frozen=True, slots=True)
class Column:
    kind: sa.types.TypeEngine[Any]
    written: str
    """The type as the store writes it."""
    nullable: bool
    filled: bool
    """Whether a row may leave it out."""


@dataclass(frozen=True, slots=True)
class Table:
    """`demands` are what a row must meet, `keys` what tells one row from another; both in words."""

    columns: dict[str, Column]
    keys: frozenset[str]
    demands: frozenset[str]


@dataclass(frozen=True, slots=True)
class Schema:
    """`rights` are what the service's roles may on PostgreSQL, `restrictions` what holds them back."""

    tables: dict[str, Table]
    rights: frozenset[str] = field(default_factory=frozenset)
    restrictions: frozenset[str] = field(default_factory=frozenset)


def read_schema(connection: Connection, base: str = "") -> Schema:
    """`base` is the name of the service's login on PostgreSQL, whose roles' rights are read."""
    inspector = inspect(connection)
    tables = {name: _table(inspector, connection, name) for name in inspector.get_table_names()}
    if connection.dialect.name != "postgresql":
        return Schema(tables)
    roles = Roles(base)
    rights = connection.execute(_RIGHTS, {"roles": [roles.app, roles.worker]}).scalars()
    policies = connection.execute(_POLICIES).all()
    return Schema(
        tables,
        frozenset(rights) | {one.words for one in policies if one.permits},
        frozenset(one.words for one in policies if not one.permits),
    )


def what_breaks(before: Schema, after: Schema) -> list[str]:
    """In words, what a program that was made for `before` could not do on `after`; [] when it can do all."""
    found = [f"the table {name} is gone" for name in before.tables.keys() - after.tables.keys()]
    for name in before.tables.keys() & after.tables.keys():
        found += _of_table(name, before.tables[name], after.tables[name])
    gone = {right for right in before.rights - after.rights if _is_about(right, after)}
    found += [f"no longer: {right}" for right in gone]
    new = after.restrictions - before.restrictions
    old = {name for name in new if _is_about(name, before) and not _of_what_nobody_might(name, before)}
    found += [f"new: {name}" for name in old]
    return sorted(found)


def _of_table(name: str, before: Table, after: Table) -> Iterator[str]:
    for column, was in before.columns.items():
        now = after.columns.get(column)
        if now is None:
            yield f"{name}.{column} is gone"
            continue
        if not _holds(now, was):
            yield f"{name}.{column} was {was.written}, is {now.written}"
        if was.nullable and not now.nullable:
            yield f"{name}.{column} may no longer be null"
        if was.filled and not now.filled:
            yield f"{name}.{column} may no longer be left out"
    for column in after.columns.keys() - before.columns.keys():
        if not after.columns[column].filled:
            yield f"{name}.{column} is new and may not be left out"
    for key in before.keys - after.keys:
        yield f"{name} has no longer {key}"
    for demand in after.demands - before.demands:
        yield f"{name} has a new demand: {demand}"


def _holds(now: Column, was: Column) -> bool:
    """Whether all that the old type could hold and gave back, the new one does."""
    if now.written == was.written:
        return True
    if now.written in _WHOLE_NUMBERS and was.written in _WHOLE_NUMBERS:
        return _WHOLE_NUMBERS.index(now.written) >= _WHOLE_NUMBERS.index(was.written)
    if isinstance(now.kind, sa.String) and isinstance(was.kind, sa.String):
        return now.kind.length is None or (was.kind.length is not None and now.kind.length >= was.kind.length)
    return False


def _table(inspector: Inspector, connection: Connection, name: str) -> Table:
    columns = {}
    key = inspector.get_pk_constraint(name)["constrained_columns"]
    for one in inspector.get_columns(name):
        default = one["default"] is not None or bool(one.get("identity"))
        # A column that is the whole key, and a number, SQLite counts up itself.
        counted = connection.dialect.name == "sqlite" and key == [one["name"]]
        filled = bool(one["nullable"]) or default or (counted and isinstance(one["type"], sa.Integer))
        written = one["type"].compile(connection.dialect)
        columns[one["name"]] = Column(one["type"], written, bool(one["nullable"]), filled)
    keys = {f"the primary key {', '.join(key)}"}
    keys |= {f"a unique {', '.join(one['column_names'])}" for one in inspector.get_unique_constraints(name)}
    keys |= {_unique_index(one) for one in inspector.get_indexes(name) if one["unique"]}
    demands = set(keys)
    demands |= {f"CHECK {one['sqltext']}" for one in inspector.get_check_constraints(name)}
    for one in inspector.get_foreign_keys(name):
        left, right = ", ".join(one["constrained_columns"]), ", ".join(one["referred_columns"])
        demands.add(f"{left} in {one['referred_table']} ({right})")
    return Table(columns, frozenset(keys), frozenset(demands))


def _unique_index(index: Any) -> str:
    options = index.get("dialect_options", {})
    where = options.get("sqlite_where", options.get("postgresql_where", ""))
    columns = ", ".join(str(column) for column in index["column_names"])
    return f"a unique {columns}" + (f" where {where}" if str(where) else "")


def _is_about(sentence: str, schema: Schema) -> bool:
    """Whether it is about a table that is there; and a column, where it names one."""
    table, _, rest = sentence.partition(":")[0].partition(".")
    return table in schema.tables and (not rest or rest in schema.tables[table].columns)


_ON_DELETING = re.compile(r"(?P<table>\w+): policy \w+ for d to \{(?P<roles>[^}]*)\} ")


def _of_what_nobody_might(restriction: str, before: Schema) -> bool:
    """Whether it holds roles back from deleting where none of them might before: it comes with the right."""
    found = _ON_DELETING.match(restriction)
    return found is not None and not any(
        f"{found['table']}: {role} may DELETE" in before.rights for role in found["roles"].split(",")
    )


_RIGHTS = text(
    """
    SELECT format('%s.%s: %s may %s', c.relname, a.attname, r.rolname, p.act)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped,
         pg_roles r, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p (act)
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND r.rolname = ANY(:roles)
      AND has_column_privilege(r.oid, c.oid, a.attnum, p.act)
    UNION ALL
    SELECT format('%s: %s may DELETE', c.relname, r.rolname) FROM pg_class c, pg_roles r
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND r.rolname = ANY(:roles)
      AND has_table_privilege(r.oid, c.oid, 'DELETE')
    """
)

_POLICIES = text(
    """
    SELECT polpermissive AS permits, format(
        '%s: policy %s for %s to %s using %s check %s', polrelid::regclass, polname, polcmd,
        polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) AS words
    FROM pg_policy
    UNION ALL
    SELECT false, format('%s: row-level security', relname) FROM pg_class
    WHERE relrowsecurity AND relnamespace = 'public'::regnamespace
    """
)
