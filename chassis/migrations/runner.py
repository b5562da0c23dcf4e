"""Runs a service's Alembic revisions on its store, all in one transaction."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.db import Database
from chassis.db_roles import Roles, is_owner
from chassis.errors import Code, DomainError
from chassis.migrations.tenants import unprotected_tables

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class MigrationState:
    """`current` is the store's revision ("" for an empty store), `head` the program's newest."""

    current: str
    head: str

    @property
    def at_head(self) -> bool:
        return self.current == self.head


def migrate(database: Database, package: str) -> MigrationState:
    """Bring the store to the newest revision of `package` ("services.sortition.migrations"); its state
    before. On PostgreSQL `database` must be opened as the owner.

    Raises DomainError FAILED_PRECONDITION: STORE_IS_NEWER for a store that a newer program has migrated;
    STORE_OWNER_NEEDED, STORE_ROLE_MISSING, STORE_LOCALE_WRONG for one that is not set up as
    `borgerting database sql` does. UNAVAILABLE STORE_BUSY when its tables are in use for too long.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = _script(package)
    before = _state(database, script)
    if before.at_head:
        return before

    def upgrade(revision: Any, _context: Any) -> Iterable[Any]:
        return script._upgrade_revs(before.head, revision)

    with database.migrating() as connection:
        roles = check_set_up(connection)
        environment = EnvironmentContext(Config(), script, fn=upgrade)
        with environment:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()
        if roles is not None:
            readers = f"{roles.quoted(roles.app)}, {roles.quoted(roles.worker)}"
            connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {readers}")
        unprotected = unprotected_tables(connection)
        if unprotected:
            # A programming error, and better no migration than a table open to every municipality.
            raise RuntimeError(f"no isolate_tenants(op, …) for {', '.join(unprotected)} in {package}")
    return before


def migration_state(database: Database, package: str) -> MigrationState:
    """Raises DomainError FAILED_PRECONDITION (STORE_IS_NEWER) for a revision that `package` does not know."""
    return _state(database, _script(package))


def _state(database: Database, script: ScriptDirectory) -> MigrationState:
    from alembic.runtime.migration import MigrationContext
    from alembic.util.exc import CommandError

    with database.reading("") as transaction:
        current = MigrationContext.configure(transaction.connection).get_current_revision() or ""
    head = script.get_current_head() or ""
    if current:
        try:
            script.get_revision(current)
        except CommandError as error:
            raise DomainError(
                Code.FAILED_PRECONDITION, "STORE_IS_NEWER", {"revision": current, "known": head}
            ) from error
    return MigrationState(current, head)


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


def _script(package: str) -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not a package of migrations")
    return ScriptDirectory(spec.submodule_search_locations[0])
