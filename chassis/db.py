"""A service's store: its engine, and the units of work that entry points open on it.

SQLite: a file in WAL mode, every commit synced, writers one at a time (`BEGIN IMMEDIATE`). Nothing outside
this module depends on the dialect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from chassis.audit import AuditTrail
from chassis.clock import Clock, SystemClock
from chassis.errors import Code, DomainError
from chassis.jobs import JobQueue
from chassis.outbox import Outbox
from chassis.tables import UtcDateTime, add_to, json_type, serial_type

__all__ = ["Database", "Transaction", "UtcDateTime", "add_to", "json_type", "serial_type", "upsert"]

_WRITING = "borgerting_writing"
_BUSY_SECONDS = 15


class Transaction:
    """One unit of work. `municipality` is the tenant that every repository filters on ("": the platform)."""

    def __init__(
        self,
        connection: Connection,
        municipality: str,
        *,
        writing: bool,
        clock: Clock,
        machine_clock: Clock,
        correlation_id: str = "",
        causation_id: str = "",
    ) -> None:
        self.connection = connection
        self.municipality = municipality
        self.writing = writing
        self.clock = clock
        self.machine_clock = machine_clock
        self.correlation_id = correlation_id
        self.causation_id = causation_id
        self.wakes_inbox = False
        self.outbox = Outbox(self)
        self.audit = AuditTrail(self)
        self.jobs = JobQueue(self)
        self._after_commit: list[Callable[[], None]] = []

    def require_writing(self) -> None:
        """Raises RuntimeError in a reading unit of work: a programming error, not a caller's."""
        if not self.writing:
            raise RuntimeError("this unit of work only reads; open it with Database.writing()")

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction stands (never when it is rolled back)."""
        self._after_commit.append(action)

    def _committed(self) -> None:
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
    """

    def __init__(self, url: str, *, clock: Clock, machine_clock: Clock | None = None) -> None:
        self.url = make_url(url)
        self.clock = clock
        self.machine_clock = machine_clock or SystemClock()
        self.wakeups = Wakeups()
        self.engine = _make_engine(url)
        self._open = threading.local()
        # SQLite's own waiting polls with pauses and is unfair; writers of this process queue here instead.
        self._writer = threading.Lock() if self.engine.dialect.name == "sqlite" else None
        self._exclusive: dict[str, threading.Lock] = {}
        self._exclusive_lock = threading.Lock()

    @contextmanager
    def writing(
        self, municipality: str, *, correlation_id: str = "", causation_id: str = ""
    ) -> Iterator[Transaction]:
        """A unit of work that commits when the block ends normally and rolls back when it raises.

        Raises DomainError UNAVAILABLE (STORE_BUSY) when another writer holds the store too long.
        """
        with self._alone_in_thread(), self._in_turn(), self._connection(writing=True) as connection:
            transaction = Transaction(
                connection,
                municipality,
                writing=True,
                clock=self.clock,
                machine_clock=self.machine_clock,
                correlation_id=correlation_id,
                causation_id=causation_id,
            )
            yield transaction
        transaction._committed()
        self.wakeups.fire(
            outbox=transaction.outbox.added > 0,
            jobs=transaction.jobs.changed,
            inbox=transaction.wakes_inbox,
        )

    @contextmanager
    def reading(self, municipality: str) -> Iterator[Transaction]:
        """A unit of work over one consistent state of the store; the store itself refuses writes in it."""
        with self._alone_in_thread(), self._connection(writing=False) as connection:
            yield Transaction(
                connection,
                municipality,
                writing=False,
                clock=self.clock,
                machine_clock=self.machine_clock,
            )

    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        """Whether this caller now holds the store's one lock of that name (a relay, a sweep); never waits."""
        with self._exclusive_lock:
            lock = self._exclusive.setdefault(name, threading.Lock())
        held = lock.acquire(blocking=False)
        try:
            yield held
        finally:
            if held:
                lock.release()

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _alone_in_thread(self) -> Iterator[None]:
        if getattr(self._open, "busy", False):
            raise RuntimeError("this thread already has a unit of work open on this store")
        self._open.busy = True
        try:
            yield
        finally:
            self._open.busy = False

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=_BUSY_SECONDS):
            raise DomainError(Code.UNAVAILABLE, "STORE_BUSY")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _connection(self, *, writing: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect() as raw:
                connection = raw.execution_options(**{_WRITING: writing})
                with connection.begin():
                    yield connection
        except OperationalError as error:
            if is_busy(error):
                raise DomainError(Code.UNAVAILABLE, "STORE_BUSY") from error
            raise


def is_busy(error: OperationalError) -> bool:
    return "database is locked" in str(error.orig) or "database is busy" in str(error.orig)


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT of the connection's dialect that knows `on_conflict_do_nothing` and
    `on_conflict_do_update`.
    """
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise DomainError(
            Code.INVALID_ARGUMENT,
            "STORE_NOT_SUPPORTED",
            {"store": parsed.get_backend_name(), "known": "sqlite"},
        )
    if not parsed.database or parsed.database == ":memory:":
        # Each thread would get an empty database of its own.
        raise DomainError(Code.INVALID_ARGUMENT, "STORE_IN_MEMORY")
    # Stores hold personal data: a folder that we make is its owner's alone.
    Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=8, max_overflow=64)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is erased (names, addresses) is overwritten, not only unlinked from its page.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, True)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
