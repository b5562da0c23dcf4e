"""Runs a service's Alembic revisions on its store, each in a transaction of its own.

So what one locks is free again before the next begins, and what one has done stands when a later one fails.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.db import Database
from chassis.db_roles import Roles, is_owner
from chassis.db_store import StoreConflict
from chassis.errors import Code, DomainError
from chassis.migrations.revisions import Revision, stated_revisions
from chassis.migrations.state import MigrationState, is_noted, migration_state, note, script_of, state_on
from chassis.migrations.tenants import unprotected_tables
from chassis.tables import store_revisions

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

TRIES = 10
"""How often a revision begins anew when a table that it changes is in use."""
PAUSE_SECONDS = 1.0
"""For about how long it then leaves the table to those whom it kept waiting."""

_LOCK_TIMEOUT, _STATEMENT_TIMEOUT = "55P03", "57014"


def migrate(
    database: Database, package: str, *, until: str = "", nobody_serves: bool = False
) -> MigrationState:
    """Bring the store to the newest revision of `package` ("services.sortition.migrations"), or to `until`;
    its state before. Nothing is done to a store that a newer release has migrated and this program may
    serve. On PostgreSQL `database` must be opened as the owner.

    `nobody_serves` says that no program of an earlier release is at work on the store.

    Raises DomainError FAILED_PRECONDITION: as `migration_state`; STORE_RELEASE_SKIPPED when programs of the
    store's revision could not serve beside this one's; STORE_OWNER_NEEDED, STORE_ROLE_MISSING,
    STORE_LOCALE_WRONG for a store that is not set up as `borgerting database sql` does. UNAVAILABLE:
    STORE_TABLE_IN_USE, STORE_MIGRATION_RUNS, STORE_MIGRATION_SLOW: nothing of the revision that was begun
    stands, those before it do, and it may be run again.
    """
    script = script_of(package)
    revisions = stated_revisions(script)
    before = migration_state(database, package)
    if before.newer or (before.at_head and is_noted(database, before.head)):
        return before
    if database.shared and before.current and not nobody_serves:
        _refuse_to_skip(revisions, before.current)
    run = _Run(database, script, revisions, until)
    while _patiently(run.one_further):
        pass
    return before


class TableInUse(DomainError):  # noqa: N818 - nobody is at fault
    """A revision waited for a table in vain: nothing of it stands."""


@dataclass(frozen=True, slots=True)
class _Run:
    database: Database
    script: ScriptDirectory
    revisions: Sequence[Revision]
    until: str

    def one_further(self) -> bool:
        """Whether there is more to do."""
        names = [one.revision for one in self.revisions]
        last = names.index(self.until) + 1 if self.until else len(names)
        with self.database.migrating() as connection:
            # Another may have migrated while this one waited for its turn, and a newer program too.
            state = state_on(connection, self.script)
            if state.newer:
                return False
            done = names.index(state.current) + 1 if state.current else 0
            roles = check_set_up(connection)
            if done < last:
                _upgrade(connection, self.script, self.revisions[done])
                done += 1
            note(connection, self.revisions[:done], self.database.machine_clock.now())
            if roles is not None and done:
                tables = f"alembic_version, {store_revisions.name}"
                readers = f"{roles.quoted(roles.app)}, {roles.quoted(roles.worker)}"
                connection.exec_driver_sql(f"GRANT SELECT ON {tables} TO {readers}")
            unprotected = unprotected_tables(connection)
            if unprotected:
                # A programming error, and better no migration than a table open to every municipality.
                raise RuntimeError(f"no isolate_tenants(op, …) for {', '.join(unprotected)}")
        return done < last


def _upgrade(connection: Connection, script: ScriptDirectory, revision: Revision) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    def upgrade(current: Any, _context: Any) -> Iterable[Any]:
        return script._upgrade_revs(revision.revision, current)

    if connection.dialect.name == "postgresql":
        wait = {"wait": f"{revision.statement_seconds}s"}
        connection.execute(text("SELECT set_config('statement_timeout', :wait, true)"), wait)
    environment = EnvironmentContext(Config(), script, fn=upgrade)
    try:
        with environment:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        named = {"revision": revision.revision}
        if state == _LOCK_TIMEOUT:
            raise TableInUse(
                Code.UNAVAILABLE, "STORE_TABLE_IN_USE", {**named, "tries": str(TRIES)}
            ) from error
        if state == _STATEMENT_TIMEOUT:
            named["seconds"] = str(revision.statement_seconds)
            raise DomainError(Code.UNAVAILABLE, "STORE_MIGRATION_SLOW", named) from error
        raise


def _patiently(act: Callable[[], bool]) -> bool:
    """Try again what gave way to others, after a pause in which they go on."""
    for _ in range(TRIES - 1):
        try:
            return act()
        except (StoreConflict, TableInUse):
            _pause()
    return act()


def _pause() -> None:
    time.sleep(random.uniform(0.5, 1.5) * PAUSE_SECONDS)  # noqa: S311 - not always into the same crowd


def _refuse_to_skip(revisions: Sequence[Revision], current: str) -> None:
    """Programs of the store's present revision serve on beside this one's, or the migration waits."""
    names = [one.revision for one in revisions]
    needed = next(one for one in revisions if one.revision == revisions[-1].compatible_from)
    if names.index(current) < names.index(needed.revision):
        raise DomainError(
            Code.FAILED_PRECONDITION,
            "STORE_RELEASE_SKIPPED",
            {"revision": current, "needed": needed.revision, "release": needed.release},
        )


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
