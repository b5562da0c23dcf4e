"""A store in a SQLite file: WAL, every commit synced, writers one at a time (`BEGIN IMMEDIATE`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import OperationalError

from chassis.db_store import Scope, store_busy
from chassis.errors import Code, DomainError

_WRITING = "borgerting_writing"


class SqliteStore:
    """Raises DomainError INVALID_ARGUMENT (STORE_IN_MEMORY) for an address that names no file."""

    shared = False

    def __init__(self, url: URL, busy_seconds: float) -> None:
        if not url.database or url.database == ":memory:":
            # Each thread would get an empty database of its own.
            raise DomainError(Code.INVALID_ARGUMENT, "STORE_IN_MEMORY")
        # Stores hold personal data: a folder that we make is its owner's alone.
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.engine = create_engine(url, connect_args={"timeout": busy_seconds}, pool_size=8, max_overflow=64)
        event.listen(self.engine, "connect", _configure)
        event.listen(self.engine, "begin", _begin)
        self._busy_seconds = busy_seconds
        # SQLite's own waiting polls with pauses and is unfair; writers of this process queue here instead.
        self._writer = threading.Lock()
        self._exclusive: dict[str, threading.Lock] = {}
        self._exclusive_lock = threading.Lock()

    @contextmanager
    def connection(self, scope: Scope) -> Iterator[Connection]:
        if not scope.writing:
            with self._transaction(writing=False) as connection:
                yield connection
            return
        if not self._writer.acquire(timeout=self._busy_seconds):
            raise store_busy()
        try:
            with self._transaction(writing=True) as connection:
                yield connection
        finally:
            self._writer.release()

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        with self.connection(Scope("", writing=True)) as connection:
            yield connection

    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        with self._exclusive_lock:
            lock = self._exclusive.setdefault(name, threading.Lock())
        held = lock.acquire(blocking=False)
        try:
            yield held
        finally:
            if held:
                lock.release()

    def check_writable(self) -> None:
        with self.connection(Scope("", writing=True)):
            pass

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect() as raw:
                connection = raw.execution_options(**{_WRITING: writing})
                with connection.begin():
                    yield connection
        except OperationalError as error:
            if _is_busy(error):
                raise store_busy() from error
            raise


def _is_busy(error: OperationalError) -> bool:
    return "database is locked" in str(error.orig) or "database is busy" in str(error.orig)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is erased (names, addresses) is overwritten, not only unlinked from its page.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, True)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
