"""A service's store as the settings name it, at this program's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.migrations import MigrationState, migrate, migration_state

if TYPE_CHECKING:
    from chassis.clock import Clock
    from chassis.config import SuiteSettings


def open_store(settings: SuiteSettings, service: str, migrations: str, clock: Clock) -> Database:
    """The store, migrated when it is ours alone (SQLite) or when a MIGRATION_URL says who may.

    Raises DomainError as `check_version`, and as `migrate`.
    """
    database = Database(settings.database_url(service), clock=clock)
    try:
        if not database.shared or settings.migration_url(service):
            migrate_store(settings, service, migrations, clock)
        check_version(database, service, migrations)
    except BaseException:
        database.close()
        raise
    return database


def check_version(database: Database, service: str, migrations: str) -> MigrationState:
    """That this program may serve the store as it is: at the program's own revision, or at one that a newer
    release left such that it may. Asked at the start and by `/readyz`.

    Raises DomainError FAILED_PRECONDITION: STORE_NOT_MIGRATED (`borgerting migrate` comes first),
    STORE_IS_NEWER, STORE_REVISION_UNKNOWN.
    """
    state = migration_state(database, migrations)
    if not state.may_serve:
        raise DomainError(
            Code.FAILED_PRECONDITION,
            "STORE_NOT_MIGRATED",
            {"service": service, "revision": state.current or "-", "known": state.head},
        )
    return state


def migrate_store(
    settings: SuiteSettings, service: str, migrations: str, clock: Clock, *, nobody_serves: bool = False
) -> MigrationState:
    """`migrate` by the store's owner, where there is one."""
    url = settings.migration_url(service) or settings.database_url(service)
    owner = Database(url, clock=clock)
    try:
        return migrate(owner, migrations, nobody_serves=nobody_serves)
    finally:
        owner.close()
