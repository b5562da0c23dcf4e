"""Whether a program may serve a store as it stands, by what the store says of its revisions."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select

from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.tables import store_revisions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

    from chassis.migrations.revisions import Revision


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


def migration_state(database: Database, package: str) -> MigrationState:
    """Raises DomainError FAILED_PRECONDITION for a store whose revision `package` does not know:
    STORE_IS_NEWER when a newer release made it such that older ones must not serve it any more,
    STORE_REVISION_UNKNOWN when the store does not say who may.
    """
    script = script_of(package)
    with database.reading("") as transaction:
        return state_on(transaction.connection, script)


def state_on(connection: Connection, script: ScriptDirectory) -> MigrationState:
    """As `migration_state`, on a transaction that is under way."""
    from alembic.runtime.migration import MigrationContext

    current = MigrationContext.configure(connection).get_current_revision() or ""
    head = script.get_current_head() or ""
    if not current or _knows(script, current):
        return MigrationState(current, head)
    said = _noted(connection, current)
    if said is None:
        raise DomainError(
            Code.FAILED_PRECONDITION, "STORE_REVISION_UNKNOWN", {"revision": current, "known": head}
        )
    release, compatible_from = said
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


def is_noted(database: Database, revision: str) -> bool:
    """Not so in a store that was migrated before revisions were noted."""
    with database.reading("") as transaction:
        return _noted(transaction.connection, revision) is not None


def note(connection: Connection, revisions: Sequence[Revision], now: datetime) -> None:
    """Write what the store's revisions say into it, where an older program can read it."""
    store_revisions.create(connection, checkfirst=True)
    there = set(connection.execute(select(store_revisions.c.revision)).scalars())
    for one in revisions:
        if one.revision not in there:
            connection.execute(
                store_revisions.insert().values(
                    revision=one.revision,
                    kind=one.kind,
                    release=one.release,
                    compatible_from=one.compatible_from,
                    noted=now,
                )
            )


def script_of(package: str) -> ScriptDirectory:
    """A package's revisions, read anew."""
    from alembic.script import ScriptDirectory

    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not a package of migrations")
    return ScriptDirectory(spec.submodule_search_locations[0])


def _noted(connection: Connection, revision: str) -> tuple[str, str] | None:
    """The release that brought the revision, and from which revision on programs may serve beside it."""
    if not inspect(connection).has_table(store_revisions.name):
        return None
    columns = store_revisions.c
    query = select(columns.release, columns.compatible_from).where(columns.revision == revision)
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.release, found.compatible_from)


def _knows(script: ScriptDirectory, revision: str) -> bool:
    # Not script.get_revision, to which the beginning of a name is enough.
    return any(one.revision == revision for one in script.walk_revisions())
