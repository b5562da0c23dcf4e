"""What a service's own commands work with: its store, opened for one short unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.app import descriptors
from chassis.auth.identity import make_keys
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.clock import Clock, SystemClock
from chassis.config import SuiteSettings, load_settings, parse_clock
from chassis.context import Caller, new_correlation_id
from chassis.db import Database
from chassis.errors import DomainError
from chassis.folder_lock import FolderLock
from chassis.stores import open_store

_OPERATOR = Principal("command-line", None, frozenset({Role.OPERATOR}))


def command_line() -> Caller:
    """Who holds the data folder holds the keys: the command line acts as the platform's operator."""
    return Caller(_OPERATOR, new_correlation_id(), "en")


def _store(settings: SuiteSettings, service: str, migrations: str, clock: Clock) -> Database:
    try:
        with FolderLock(settings.data_dir):
            return open_store(settings, service, migrations, clock)
    except DomainError as error:
        if error.reason != "DATA_FOLDER_IN_USE":
            raise
    return Database(settings.database_url(service), clock=clock)


@dataclass(frozen=True, slots=True)
class CommandContext:
    settings: SuiteSettings
    clock: Clock
    database: Database
    keys: FileKeys


@contextmanager
def command_context(service: str, *, data_dir: Path | None = None) -> Iterator[CommandContext]:
    """A service's store, at this program's version, also beside a running suite (which then has migrated it).

    Raises SettingsError; DomainError STORE_IS_NEWER, STORE_NOT_MIGRATED.
    """
    found = descriptors()
    # Its own store alone: beside a service that runs alone no other's address is known.
    settings = load_settings(found, data_dir=data_dir, alone=service)
    clock = parse_clock(settings.clock, SystemClock())
    database = _store(settings, service, found[service].migrations, clock)
    try:
        yield CommandContext(settings, clock, database, make_keys(settings, clock))
    finally:
        database.close()
