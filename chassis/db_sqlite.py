"""A store in a SQLite file: WAL, every commit synced, writers one at a time (`BEGIN IMMEDIATE`)."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from chassis.db_store import Scope, store_busy, store_full
from chassis.errors import Code, DomainError

_WRITING = "borgerting_writing"
_NO_STORE = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY}
_IDLE_READERS = 16
"""Kept open: as many as calls run at a time (chassis.rpc.server); more come and go."""


class SqliteStore:
    """Raises DomainError INVALID_ARGUMENT (STORE_IN_MEMORY) for an address that names no file; a connection
    raises FAILED_PRECONDITION (STORE_UNREADABLE) where the file is no database, damaged or not ours to write.
    """

    shared = False

    def __init__(self, url: URL, busy_seconds: float) -> None:
        if not url.database or url.database == ":memory:":
            # Each thread would get an empty database of its own.
            raise DomainError(Code.INVALID_ARGUMENT, "STORE_IN_MEMORY")
        # Stores hold personal data: a folder that we make is its owner's alone.
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.engine = create_engine(
            url,
            connect_args={"timeout": busy_seconds, "factory": _Connection},
            pool_size=8,
            max_overflow=64,
        )
        event.listen(self.engine, "connect", partial(_configure, Path(url.database).name))
        event.listen(self.engine, "checkin", _leave_nothing_open)
        event.listen(self.engine, "begin", _begin)
        self._readers = _Readers(self.engine)
        self._busy_seconds = busy_seconds
        # SQLite's own waiting polls with pauses and is unfair; writers of this process queue here instead.
        self._writer = threading.Lock()
        self._exclusive: dict[str, threading.Lock] = {}
        self._exclusive_lock = threading.Lock()

    def connection(self, scope: Scope) -> AbstractContextManager[Connection]:
        return self._writing() if scope.writing else self._readers.transaction()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if not self._writer.acquire(timeout=self._busy_seconds):
            raise store_busy()
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            if _is_busy(error):
                raise store_busy() from error
            if isinstance(error.orig, sqlite3.Error) and error.orig.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise store_full() from error
            raise
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

    def close(self) -> None:
        self._readers.close()
        self.engine.dispose()


class _Connection(sqlite3.Connection):
    """Knows its cursors: SQLite goes on showing the old state to a connection with a half-read one."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._opened: list[weakref.ref[sqlite3.Cursor]] = []
        self._only_reads = False
        self._answers: dict[Hashable, Any] = {}
        self._answers_of: int | None = None
        self._answers_hold = False

    def cursor(self, *arguments: Any, **named: Any) -> Any:
        made = super().cursor(*arguments, **named)
        self._opened.append(weakref.ref(made))
        return made

    def begin_reading(self) -> None:
        self._only_reads = True
        self._answers_hold = False
        super().cursor().execute("BEGIN")

    def end_reading(self) -> None:
        super().cursor().execute("ROLLBACK")  # of what only reads: it ends, however it went

    def lasting_answers(self) -> dict[Hashable, Any] | None:
        """What was answered to this connection and would be again (chassis.statements): since then nobody has
        committed anything, as `PRAGMA data_version` says within the transaction. None to one that writes,
        since that does not count its own changes.
        """
        if not self._only_reads:
            return None
        if not self._answers_hold:
            (now,) = super().cursor().execute("PRAGMA data_version").fetchone()
            if now != self._answers_of:
                self._answers, self._answers_of = {}, now
            self._answers_hold = True
        return self._answers

    def close_cursors(self) -> None:
        for each in self._opened:
            cursor = each()
            if cursor is not None:
                cursor.close()
        self._opened.clear()


def _leave_nothing_open(connection: _Connection | None, _record: Any) -> None:
    if connection is not None:
        connection.close_cursors()


class _Readers:
    """Connections that only read (`query_only`), each lent to one transaction at a time.

    A transaction is two words to the driver here. To SQLAlchemy each connection is within one that never
    ends: to take one from its pool, begin, commit and give it back costs more than most questions do.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[tuple[Connection, _Connection]] = deque()
        self._closed = False

    def transaction(self) -> AbstractContextManager[Connection]:
        return _Reading(self)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop()[0].close()

    def take(self) -> tuple[Connection, _Connection]:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def put_back(self, connection: Connection, driver: _Connection) -> None:
        try:
            driver.close_cursors()
            driver.end_reading()
        except sqlite3.Error:
            connection.close()
            return
        if self._closed or len(self._idle) >= _IDLE_READERS:
            connection.close()
        else:
            self._idle.append((connection, driver))

    def _open(self) -> tuple[Connection, _Connection]:
        connection = self._engine.connect()
        driver: Any = connection.connection.driver_connection
        # The pool gets none back that refuses to write.
        connection.detach()
        connection.execution_options(**{_WRITING: False}).begin()
        return connection, driver


class _Reading:
    """A reading transaction. A class, since the generator of a `contextmanager` costs as much as BEGIN."""

    __slots__ = ("_connection", "_driver", "_readers")

    def __init__(self, readers: _Readers) -> None:
        self._readers = readers

    def __enter__(self) -> Connection:
        try:
            self._connection, self._driver = self._readers.take()
            try:
                self._driver.begin_reading()
            except BaseException:
                self._readers.put_back(self._connection, self._driver)
                raise
        except OperationalError as error:
            if _is_busy(error):
                raise store_busy() from error
            raise
        return self._connection

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        self._readers.put_back(self._connection, self._driver)
        if isinstance(error, OperationalError) and _is_busy(error):
            raise store_busy() from error


def _is_busy(error: OperationalError) -> bool:
    return "database is locked" in str(error.orig) or "database is busy" in str(error.orig)


def _configure(name: str, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode=WAL")  # the first to look into the file
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in _NO_STORE:
            raise DomainError(Code.FAILED_PRECONDITION, "STORE_UNREADABLE", {"file": name}) from error
        raise
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is erased (names, addresses) is overwritten, not only unlinked from its page.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITING, True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("PRAGMA query_only=ON")
