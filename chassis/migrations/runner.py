"""Runs a service's Alembic revisions on its store, all in one transaction, and says whether a program may
serve the store as it stands.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select

from chassis.db import Database
from chassis.db_roles import Roles, is_owner
from chassis.errors import Code, DomainError
from chassis.migrations.revisions import stated_revisions
from chassis.migrations.tenants import unprotected_tables
from chassis.tables import store_revisions

if TYPE_CHECKING:
    from datetime import datetime

    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class MigrationState:
    """`current` is the store's revision ("" for an empty store), `head` the program's newest.

    `newer` is the release that migrated the store past `head` and left it such that this program may serve
    it; "" when none did.
    """

    current: str
    head: str
    newer: str = ""

    @property
    def at_head(self) -> bool:
        return self.current == self.head

    @property
    def may_serve(self) -> bool:
        return self.at_head or bool(self.newer)


def migrate(database: Database, package: str) -> MigrationState:
    """Bring the store to the newest revision of `package` ("services.sortition.migrations"); its state
    before. Nothing is done to a store that a newer release has migrated and this program may serve. On
    PostgreSQL `database` must be opened as the owner.

    Raises DomainError FAILED_PRECONDITION: as `migration_state`; STORE_OWNER_NEEDED, STORE_ROLE_MISSING,
    STORE_LOCALE_WRONG for a store that is not set up as `borgerting database sql` does. UNAVAILABLE
    STORE_BUSY when its tables are in use for too long.
    """
    script = script_of(package)
    before = migration_state(database, package)
    if before.newer or (before.at_head and _is_noted(database, before.head)):
        return before
    with database.migrating() as connection:
        # Another may have migrated while this one waited for its turn, and a newer program too.
        if not _state(connection, script).newer:
            _migrate(connection, script, database.machine_clock.now(), package)
    return before


def _migrate(connection: Connection, script: ScriptDirectory, now: datetime, package: str) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    def upgrade(revision: Any, _context: Any) -> Iterable[Any]:
        return script._upgrade_revs("head", revision)

    roles = check_set_up(connection)
    environment = EnvironmentContext(Config(), script, fn=upgrade)
    with environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
    _note(connection, script, now)
    if roles is not None:
        readers = f"{roles.quoted(roles.app)}, {roles.quoted(roles.worker)}"
        connection.exec_driver_sql(f"GRANT SELECT ON alembic_version, {store_revisions.name} TO {readers}")
    unprotected = unprotected_tables(connection)
    if unprotected:
        # A programming error, and better no migration than a table open to every municipality.
        raise RuntimeError(f"no isolate_tenants(op, …) for {', '.join(unprotected)} in {package}")


def _note(connection: Connection, script: ScriptDirectory, now: datetime) -> None:
    """Write what the revisions say into the store, where an older program can read it."""
    store_revisions.create(connection, checkfirst=True)
    noted = set(connection.execute(select(store_revisions.c.revision)).scalars())
    for one in stated_revisions(script):
        if one.revision not in noted:
            connection.execute(
                store_revisions.insert().values(
                    revision=one.revision,
                    kind=one.kind,
                    release=one.release,
                    compatible_from=one.compatible_from,
                    noted=now,
                )
            )


def _is_noted(database: Database, revision: str) -> bool:
    """Not so in a store that was migrated before revisions were noted."""
    with database.reading("") as transaction:
        return _noted(transaction.connection, revision) is not None


def _noted(connection: Connection, revision: str) -> tuple[str, str] | None:
    """The release that brought the revision, and from which revision on programs may serve beside it."""
    if not inspect(connection).has_table(store_revisions.name):
        return None
    columns = store_revisions.c
    query = select(columns.release, columns.compatible_from).where(columns.revision == revision)
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.release, found.compatible_from)


def migration_state(database: Database, package: str) -> MigrationState:
    """Raises DomainError FAILED_PRECONDITION for a store whose revision `package` does not know:
    STORE_IS_NEWER when a newer release made it such that older ones must not serve it any more,
    STORE_REVISION_UNKNOWN when the store does not say who may.
    """
    script = script_of(package)
    with database.reading("") as transaction:
        return _state(transaction.connection, script)


def _state(connection: Connection, script: ScriptDirectory) -> MigrationState:
    from alembic.runtime.migration import MigrationContext

    current = MigrationContext.configure(connection).get_current_revision() or ""
    head = script.get_current_head() or ""
    if not current or _knows(script, current):
        return MigrationState(current, head)
    noted = _noted(connection, current)
    if noted is None:
        raise DomainError(
            Code.FAILED_PRECONDITION, "STORE_REVISION_UNKNOWN", {"revision": current, "known": head}
        )
    release, compatible_from = noted
    # Revisions are one line: who knows one is at that one or later.
    if not _knows(script, compatible_from):
        needed = _noted(connection, compatible_from)
        raise DomainError(
            Code.FAILED_PRECONDITION,
            "STORE_IS_NEWER",
            {
                "revision": current,
                "known": head,
                "needed": compatible_from,
                "release": release if needed is None else needed[0],
            },
        )
    return MigrationState(current, head, newer=release)


def _knows(script: ScriptDirectory, revision: str) -> bool:
    # Not script.get_revision, to which the beginning of a name is enough.
    return any(one.revision == revision for one in script.walk_revisions())


def check_set_up(connection: Connection) -> Roles | None:
    """The store's roles when all is as it must be, None where it knows none. Raises DomainError."""
    if connection.dialect.name != "postgresql":
        return None
    user, collation, encoding = connection.exec_driver_sql(
        "SELECT current_user, datcollate, pg_encoding_to_char(encoding) FROM pg_database"
        " WHERE datname = current_database()"
    ).one()
    roles = Roles.of_user(user)
    if not is_owner(user):
        raise DomainError(
            Code.FAILED_PRECONDITION, "STORE_OWNER_NEEDED", {"role": user, "owner": Roles(user).owner}
        )
    for name in (roles.base, roles.app, roles.worker):
        known = connection.exec_driver_sql("SELECT FROM pg_roles WHERE rolname = %s", (name,)).first()
        if known is None:
            raise DomainError(Code.FAILED_PRECONDITION, "STORE_ROLE_MISSING", {"role": name})
    if encoding != "UTF8" or collation.split(".")[0] not in ("C", "POSIX"):
        raise DomainError(
            Code.FAILED_PRECONDITION, "STORE_LOCALE_WRONG", {"collation": collation, "encoding": encoding}
        )
    return roles


def script_of(package: str) -> ScriptDirectory:
    """Its revisions, read anew."""
    from alembic.script import ScriptDirectory

    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not a package of migrations")
    return ScriptDirectory(spec.submodule_search_locations[0])
