"""What a kind of store is to `chassis.db`, and how it says that it cannot serve now."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from chassis.errors import Code, DomainError

R = TypeVar("R")

BUSY_SECONDS = 15.0
"""How long a unit of work waits for others before the store counts as busy."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a unit of work is opened for.

    `across`: all municipalities' rows, for the chassis's own loops (on PostgreSQL the worker role).
    `concurrent`: beside other writers of its municipality, not in turn with them.
    """

    municipality: str
    writing: bool
    across: bool = False
    concurrent: bool = False


class Store(Protocol):
    """`shared`: other processes may work on the store as well."""

    engine: Engine
    shared: bool

    def connection(self, scope: Scope) -> AbstractContextManager[Connection]:
        """A transaction of that scope: committed when the block ends normally, else rolled back.

        Raises DomainError UNAVAILABLE: STORE_BUSY, STORE_AWAY, STORE_FULL, or (StoreConflict) STORE_CONFLICT;
        INVALID_ARGUMENT: VALUE_NOT_STORABLE, for what an edge should have refused.
        """
        ...

    def migrating(self) -> AbstractContextManager[Connection]:
        """A transaction for changing the tables, alone among all that do so.

        Raises DomainError UNAVAILABLE: STORE_MIGRATION_RUNS when another does so for too long.
        """
        ...

    def exclusive(self, name: str) -> AbstractContextManager[bool]:
        """Whether this caller now holds the store's one lock of that name; never waits."""
        ...

    def check_writable(self) -> None:
        """Raises when the store cannot be written now."""
        ...

    def close(self) -> None:
        """Give up the connections that nobody uses; one in use is closed when its transaction ends."""
        ...


class StoreConflict(DomainError):  # noqa: N818 - nobody is at fault
    """Two units of work stood in each other's way and this one gave in: nothing of it stands, do it again."""

    def __init__(self) -> None:
        super().__init__(Code.UNAVAILABLE, "STORE_CONFLICT")


def store_busy() -> DomainError:
    return DomainError(Code.UNAVAILABLE, "STORE_BUSY")


def store_away() -> DomainError:
    return DomainError(Code.UNAVAILABLE, "STORE_AWAY")


def store_full() -> DomainError:
    return DomainError(Code.UNAVAILABLE, "STORE_FULL")


_NOT_NOW = ("STORE_BUSY", "STORE_AWAY", "STORE_FULL", "STORE_CONFLICT")


def is_store_away(error: BaseException) -> bool:
    """Whether it is the store that cannot serve now, and nobody else's fault."""
    return isinstance(error, DomainError) and error.reason in _NOT_NOW


def retrying(unit_of_work: Callable[[], R], attempts: int = 5) -> R:
    """Run a whole unit of work, and again when it gave in to another. Raises StoreConflict in the end."""
    for attempt in range(1, attempts):
        try:
            return unit_of_work()
        except StoreConflict:
            time.sleep(random.uniform(0.0, 0.01 * 2**attempt))  # noqa: S311 - so that two do not meet again
    return unit_of_work()
