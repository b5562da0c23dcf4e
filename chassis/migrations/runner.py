"""Runs a service's Alembic revisions on its store, all in one transaction."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.db import Database
from chassis.errors import Code, DomainError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory


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
    before.

    Raises DomainError FAILED_PRECONDITION (STORE_IS_NEWER) for a store that a newer program has migrated.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = _script(package)
    before = migration_state(database, package)
    if before.at_head:
        return before

    def upgrade(revision: Any, _context: Any) -> Iterable[Any]:
        return script._upgrade_revs(before.head, revision)

    with database.writing("") as transaction:
        environment = EnvironmentContext(Config(), script, fn=upgrade)
        with environment:
            environment.configure(connection=transaction.connection, transactional_ddl=True)
            environment.run_migrations()
    return before


def migration_state(database: Database, package: str) -> MigrationState:
    """Raises DomainError FAILED_PRECONDITION (STORE_IS_NEWER) for a revision that `package` does not know."""
    from alembic.runtime.migration import MigrationContext
    from alembic.util.exc import CommandError

    script = _script(package)
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


def _script(package: str) -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not a package of migrations")
    return ScriptDirectory(spec.submodule_search_locations[0])
