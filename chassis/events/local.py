"""The embedded carrier of events: an append-only log in a SQLite file of its own.

As durable as the stores beside it (every append is synced), read by consumers at their own pace, each
position kept in the same file. Like any carrier it may deliver twice; the inbox sees to that.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from chassis.events.envelope import Envelope, Event, MalformedEventError
from chassis.events.ports import Delivery, EventLog, EventSource, Kept, Marks, Publisher, mark_of

FILE_NAME = "events.sqlite3"
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE log (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    headers TEXT NOT NULL,
    value BLOB NOT NULL
);
CREATE INDEX log_topic ON log (topic, position);
CREATE TABLE consumers (
    consumer TEXT NOT NULL,
    topic TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (consumer, topic)
) WITHOUT ROWID;
"""
# Another process may have appended (the tests do): so long at most until it is seen.
_FOREIGN_APPEND_SECONDS = 1.0


class LocalBroker:
    """The log of one data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=15, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._grown = threading.Condition()
        with self._writing() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
            elif version != _SCHEMA_VERSION:
                raise RuntimeError(f"{path.name} has version {version}, this program knows {_SCHEMA_VERSION}")

    def publisher(self) -> Publisher:
        return _LocalPublisher(self)

    def source(self, consumer: str, topic: str, marks: Callable[[], Marks] | None = None) -> EventSource:
        return _LocalSource(self, consumer, topic, marks)

    def log(self, topic: str) -> EventLog:
        return _LocalLog(self, topic)

    def check(self) -> None:
        with self._writing():
            pass

    def close(self) -> None:
        with self._grown:
            self._grown.notify_all()
        with self._lock:
            self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def append(self, events: Sequence[Event]) -> None:
        """Durable when it returns; all of them or, when it raises, none."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO log (topic, key, headers, value) VALUES (?, ?, ?, ?)",
                [
                    (
                        event.envelope.topic,
                        event.envelope.key,
                        json.dumps(event.envelope.headers()),
                        event.value,
                    )
                    for event in events
                ],
            )
        with self._grown:
            self._grown.notify_all()

    def read(self, topic: str, after: int, limit: int) -> list[tuple[int, str, str, bytes]]:
        with self._lock:
            return self._connection.execute(
                "SELECT position, key, headers, value FROM log WHERE topic = ? AND position > ? "
                "ORDER BY position LIMIT ?",
                (topic, after, limit),
            ).fetchall()

    def count(self, topic: str, after: int) -> int:
        with self._lock:
            row = self._connection.execute(
                "SELECT count(*) FROM log WHERE topic = ? AND position > ?", (topic, after)
            ).fetchone()
        return int(row[0])

    def ends(self, topic: str) -> tuple[int, int] | None:
        """The positions of the topic's oldest and newest event."""
        with self._lock:
            first, last = self._connection.execute(
                "SELECT min(position), max(position) FROM log WHERE topic = ?", (topic,)
            ).fetchone()
        return None if first is None else (int(first), int(last))

    def position(self, consumer: str, topic: str) -> int:
        """Of the last event that was dealt with; 0 for none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT position FROM consumers WHERE consumer = ? AND topic = ?", (consumer, topic)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def keep_position(self, consumer: str, topic: str, position: int) -> None:
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO consumers VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET position = excluded.position",
                (consumer, topic, position),
            )

    def wait(self, woken: threading.Event, seconds: float) -> None:
        """Until something is appended, `woken` is set (see `notify`), or the time is over."""
        with self._grown:
            if not woken.is_set():
                self._grown.wait(min(seconds, _FOREIGN_APPEND_SECONDS))

    def notify(self) -> None:
        with self._grown:
            self._grown.notify_all()


class _LocalPublisher:
    def __init__(self, broker: LocalBroker) -> None:
        self._broker = broker
        self._pending: list[tuple[Event, Future[None]]] = []

    def send(self, event: Event) -> Future[None]:
        future: Future[None] = Future()
        self._pending.append((event, future))
        return future

    def flush(self, seconds: float) -> None:
        pending, self._pending = self._pending, []
        if not pending:
            return
        try:
            self._broker.append([event for event, _ in pending])
        except sqlite3.Error as error:
            for _, future in pending:
                future.set_exception(error)
        else:
            for _, future in pending:
                future.set_result(None)

    def close(self) -> None:
        self.flush(0)


class _LocalSource:
    def __init__(
        self, broker: LocalBroker, consumer: str, topic: str, marks: Callable[[], Marks] | None = None
    ) -> None:
        self._broker = broker
        self._consumer = consumer
        self._topic = topic
        self._marks = marks
        self._committed = self._next = self._begin()
        self._woken = threading.Event()

    def _begin(self) -> int:
        """The position after which it reads on."""
        committed = self._broker.position(self._consumer, self._topic)
        if self._marks is None:
            return committed
        mark = self._marks().get(0)
        if mark is None:
            return 0
        rows = self._broker.read(self._topic, mark.offset - 1, 1)
        known = bool(rows) and mark_of(_delivery(self._topic, *rows[0])) == mark
        return min(committed, mark.offset) if known else 0

    def poll(self, seconds: float, limit: int = 500) -> Sequence[Delivery]:
        rows = self._broker.read(self._topic, self._next, limit)
        if not rows and seconds > 0 and not self._woken.is_set():
            self._broker.wait(self._woken, seconds)
            rows = self._broker.read(self._topic, self._next, limit)
        self._woken.clear()
        if rows:
            self._next = rows[-1][0]
        return [_delivery(self._topic, *row) for row in rows]

    def commit(self, delivery: Delivery) -> None:
        if delivery.offset > self._committed:
            self._broker.keep_position(self._consumer, self._topic, delivery.offset)
            self._committed = delivery.offset

    def rewind(self) -> None:
        self._next = self._committed

    def again(self) -> None:
        self._committed = self._next = self._begin()

    def wake(self) -> None:
        self._woken.set()
        self._broker.notify()

    def lag(self) -> int:
        return self._broker.count(self._topic, self._committed)

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.wake()


class _LocalLog:
    """One partition, 0."""

    _AT_ONCE = 1000

    def __init__(self, broker: LocalBroker, topic: str) -> None:
        self._broker = broker
        self._topic = topic

    def kept(self) -> Mapping[int, Kept]:
        ends = self._broker.ends(self._topic)
        return {} if ends is None else {0: Kept(ends[0], ends[1] + 1)}

    def read(self, starts: Mapping[int, int]) -> Iterator[Delivery]:
        ends = self._broker.ends(self._topic)
        after, last = starts.get(0, 0) - 1, ends[1] if ends else 0
        while after < last:
            rows = self._broker.read(self._topic, after, self._AT_ONCE)
            for row in rows:
                if row[0] <= last:
                    yield _delivery(self._topic, *row)
            after = rows[-1][0] if rows else last

    def passed(self, consumer: str) -> Mapping[int, int]:
        position = self._broker.position(consumer, self._topic)
        return {0: position + 1} if position else {}

    def close(self) -> None:
        """The broker's connection is the broker's."""


def _delivery(topic: str, position: int, key: str, headers: str, value: bytes) -> Delivery:
    try:
        envelope = Envelope.from_headers(topic, key, json.loads(headers))
    except MalformedEventError as error:
        return Delivery(topic, 0, position, key, None, f"MalformedEventError: {error}")
    return Delivery(topic, 0, position, key, Event(envelope, value))
