"""A service's store: its engine, and the units of work that entry points open on it.

SQLite (a file, for one process and the commands beside it) or PostgreSQL (for many); what differs is in
`chassis.db_sqlite` and `chassis.db_postgresql`, and nothing outside this module depends on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from sqlalchemy import URL, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from chassis.audit import AuditTrail
from chassis.clock import Clock, SystemClock
from chassis.db_store import BUSY_SECONDS, Scope, Store, StoreConflict, retrying
from chassis.errors import Code, DomainError
from chassis.jobs import JobQueue
from chassis.lazily import lazily
from chassis.limits.precedence import give_way
from chassis.memory import Memory
from chassis.outbox import Outbox
from chassis.tables import UtcDateTime, add_to, json_type, serial_type

__all__ = [
    "Database",
    "StoreConflict",
    "Transaction",
    "UtcDateTime",
    "add_to",
    "json_type",
    "retrying",
    "serial_type",
    "upsert",
]


class Transaction:
    """One unit of work. `municipality` is the tenant that every repository filters on ("": the platform);
    `across` says that it sees what the worker role may see of all of them; `remembers`, that the process's
    memory of its municipality's copy holds in it: it has not changed the copy.
    """

    outbox = lazily(Outbox)
    audit = lazily(AuditTrail)
    jobs = lazily(JobQueue)

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        *,
        clock: Clock,
        machine_clock: Clock,
        memory: Memory,
        correlation_id: str = "",
        causation_id: str = "",
    ) -> None:
        self.connection = connection
        self.memory = memory
        self.memory_mark = memory.mark
        self.remembers = True
        self.municipality = scope.municipality
        self.across = scope.across
        self.writing = scope.writing
        self.clock = clock
        self.machine_clock = machine_clock
        self.correlation_id = correlation_id
        self.causation_id = causation_id
        self.wakes_inbox = False
        self._after_commit: list[Callable[[], None]] = []

    @property
    def transaction(self) -> Transaction:
        """Itself, for what it makes lazily."""
        return self

    def require_writing(self) -> None:
        """Raises RuntimeError in a reading unit of work: a programming error, not a caller's."""
        if not self.writing:
            raise RuntimeError("this unit of work only reads; open it with Database.writing()")

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction stands (never when it is rolled back)."""
        self._after_commit.append(action)

    def committed(self) -> None:
        """It stands now: for whoever opened it."""
        for action in self._after_commit:
            action()


class Wakeups:
    """Whom to wake when a commit changed something: relay ("outbox"), consumers ("inbox"), workers
    ("jobs").
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    def listen(self, kind: str, listener: Callable[[], None]) -> None:
        with self._lock:
            self._listeners.setdefault(kind, []).append(listener)

    def fire(self, **changed: bool) -> None:
        with self._lock:
            listeners = [
                listener
                for kind, is_so in changed.items()
                if is_so
                for listener in self._listeners.get(kind, ())
            ]
        for listener in listeners:
            listener()


class Database:
    """One service's store. Threads share it; a thread has at most one unit of work open on it at a time.

    `clock` is the suite's (scenarios move it); `machine_clock` the machine's, for leases, back-offs and ages.
    Raises DomainError INVALID_ARGUMENT: STORE_NOT_SUPPORTED, STORE_IN_MEMORY, STORE_URL_INVALID.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        machine_clock: Clock | None = None,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.url = parse_url(url)
        self.clock = clock
        self.machine_clock = machine_clock or SystemClock()
        self.wakeups = Wakeups()
        self.memory = Memory()
        self._store = _open_store(self.url, busy_seconds)
        self.engine = self._store.engine
        self._open = threading.local()

    @property
    def shared(self) -> bool:
        """Whether other processes may work on this store as well."""
        return self._store.shared

    def writing(
        self,
        municipality: str,
        *,
        correlation_id: str = "",
        causation_id: str = "",
        concurrent: bool = False,
    ) -> AbstractContextManager[Transaction]:
        """A unit of work that commits when the block ends normally and rolls back when it raises.

        Writers of one municipality take turns, so what was read still stands when it is decided on.
        `concurrent` forgoes that, where many come at once: the block must lock (`with_for_update`) each row
        on which it decides, always in the same order. (On SQLite all writers take turns all the same.)

        Raises DomainError UNAVAILABLE: STORE_BUSY when others hold the store too long, STORE_AWAY when it
        cannot be reached (at the commit: whether it stands is then unknown), STORE_FULL when it has no room,
        StoreConflict (nothing stands; `retrying` does it again).
        """
        scope = Scope(municipality, writing=True, concurrent=concurrent)
        return self._unit_of_work(scope, correlation_id, causation_id)

    def reading(self, municipality: str) -> AbstractContextManager[Transaction]:
        """A unit of work over one consistent state of the store; the store itself refuses writes in it."""
        return self._unit_of_work(Scope(municipality, writing=False))

    def writing_across(self) -> AbstractContextManager[Transaction]:
        """For the chassis's loops: finds work of all municipalities, and marks it as found. Never the work
        itself, for which the store (PostgreSQL) gives it no rights.
        """
        return self._unit_of_work(Scope("", writing=True, across=True))

    def reading_across(self) -> AbstractContextManager[Transaction]:
        """Over all municipalities: what leads to work, and what is counted (`open_across` in migrations)."""
        return self._unit_of_work(Scope("", writing=False, across=True))

    def migrating(self) -> AbstractContextManager[Connection]:
        """A transaction for changing tables, alone among all that do so; on PostgreSQL as the owner."""
        return self._store.migrating()

    def exclusive(self, name: str) -> AbstractContextManager[bool]:
        """Whether this caller now holds the store's one lock of that name (a relay, a sweep); never waits.

        Among all processes on a shared store. When the connection that holds it is lost, another caller can
        get it while this one still works: what is done under it must bear being done twice.
        """
        return self._store.exclusive(name)

    def check_readable(self) -> None:
        """Raises when the store does not answer."""
        with self.reading(""):
            pass

    def check_writable(self) -> None:
        """Raises when the store cannot be written now."""
        self._store.check_writable()

    def close(self) -> None:
        self._store.close()

    def _unit_of_work(
        self, scope: Scope, correlation_id: str = "", causation_id: str = ""
    ) -> AbstractContextManager[Transaction]:
        return _UnitOfWork(self, self._open, self._store, scope, correlation_id, causation_id)


class _UnitOfWork:
    """A class, since every call opens one: the generator of a `contextmanager` costs more than all of it."""

    __slots__ = (
        "_causation_id",
        "_connection",
        "_correlation_id",
        "_database",
        "_open",
        "_scope",
        "_store",
        "_transaction",
    )

    def __init__(
        self,
        database: Database,
        opened: Any,
        store: Store,
        scope: Scope,
        correlation_id: str,
        causation_id: str,
    ) -> None:
        self._database = database
        self._open = opened  # by this thread
        self._store = store
        self._scope = scope
        self._correlation_id = correlation_id
        self._causation_id = causation_id

    def __enter__(self) -> Transaction:
        give_way()
        if getattr(self._open, "busy", False):
            raise RuntimeError("this thread already has a unit of work open on this store")
        self._open.busy = True
        try:
            self._connection = self._store.connection(self._scope)
            connection = self._connection.__enter__()
        except BaseException:
            self._open.busy = False
            raise
        database = self._database
        self._transaction = Transaction(
            connection,
            self._scope,
            clock=database.clock,
            machine_clock=database.machine_clock,
            memory=database.memory,
            correlation_id=self._correlation_id,
            causation_id=self._causation_id,
        )
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._connection.__exit__(kind, error, trace)
        finally:
            self._open.busy = False
        if error is None and self._scope.writing:
            self._transaction.committed()
            self._database.wakeups.fire(
                outbox=self._transaction.outbox.added > 0,
                jobs=self._transaction.jobs.changed,
                inbox=self._transaction.wakes_inbox,
            )


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT of the connection's dialect that knows `on_conflict_do_nothing` and
    `on_conflict_do_update`.
    """
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def parse_url(url: str) -> URL:
    """Raises DomainError INVALID_ARGUMENT: STORE_URL_INVALID, without the address: it may hold a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise DomainError(Code.INVALID_ARGUMENT, "STORE_URL_INVALID") from None


def _open_store(url: URL, busy_seconds: float) -> Store:
    match url.get_backend_name():
        case "sqlite":
            from chassis.db_sqlite import SqliteStore

            return SqliteStore(url, busy_seconds)
        case "postgresql" | "postgres":
            from chassis.db_postgresql import PostgresqlStore

            return PostgresqlStore(url, busy_seconds)
        case other:
            raise DomainError(
                Code.INVALID_ARGUMENT,
                "STORE_NOT_SUPPORTED",
                {"store": other, "known": "sqlite, postgresql"},
            )
