"""Keep a list of the tasks that need volunteers, for a web site of one's own, by Borgerting's events.

    python open_tasks.py --kafka broker.example.dk:9092 --suite grpc.borgerting.example.dk \\
      --municipality havnsted --store tasks.sqlite

The list is the table `tasks` of the SQLite file. Each event has its effect once and in its aggregate's order,
however often it comes and whenever this program is killed: what it did and how far it is (the event's
`sequence`) stand in the same transaction. One that comes before its predecessor waits, and that is said.
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from kafka import KafkaConsumer  # type: ignore[import-untyped]

from borgerting.volunteer.v1.events_pb2 import TaskChanged
from borgerting.volunteer.v1.task_service_pb2 import GetTaskRequest
from borgerting_client import Borgerting

TABLES = """
CREATE TABLE IF NOT EXISTS tasks (
  name TEXT PRIMARY KEY, title TEXT, open INTEGER, free INTEGER, changes INTEGER
);
CREATE TABLE IF NOT EXISTS positions (key TEXT PRIMARY KEY, sequence INTEGER);
CREATE TABLE IF NOT EXISTS waiting (
  key TEXT, sequence INTEGER, type TEXT, value BLOB, PRIMARY KEY (key, sequence)
);
"""
CHANGE = """
INSERT INTO tasks VALUES (?, ?, ?, ?, 1)
ON CONFLICT (name) DO UPDATE SET
  title = excluded.title, open = excluded.open, free = excluded.free, changes = changes + 1
"""


@dataclass(frozen=True)
class Event:
    """A CloudEvent in Kafka's binary mode: attributes are headers, the value is a protobuf message of `type`.

    `key` is `municipality/aggregate`; `sequence` counts 1, 2, … within it. A `snapshot` is the whole state,
    told again as it stands at its sequence.
    """

    key: str
    sequence: int
    snapshot: bool
    municipality: str
    type: str
    value: bytes

    @classmethod
    def of(cls, record: Any) -> Event:
        headers = {name: value.decode() for name, value in record.headers}
        return cls(
            key=record.key.decode(),
            sequence=int(headers["ce_sequence"]),
            snapshot=headers["ce_snapshot"] == "true",
            municipality=headers["ce_municipality"],
            type=headers["ce_type"],
            value=record.value,
        )


class OpenTasks:
    """The list, and how far it is along each aggregate."""

    def __init__(self, store: sqlite3.Connection, suite: Borgerting) -> None:
        self._store = store
        self._suite = suite
        store.executescript(TABLES)

    def take(self, event: Event) -> None:
        """Do what the event asks for, and what waited for it: all of it and the new position, or nothing."""
        position = self._position(event.key)
        if event.sequence <= position:
            return  # a duplicate
        if event.sequence > position + 1 and not event.snapshot:
            words = f"{event.key}: {position + 1} is missing, {event.sequence} waits"
            print(words, file=sys.stderr, flush=True)
            kept = (event.key, event.sequence, event.type, event.value)
            with self._store:
                self._store.execute("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?)", kept)
            return
        due = [(event.type, event.value), *self._waiting_after(event)]
        # Questions to the suite come before the transaction, which should not wait for a network.
        rows = [self._row(kind, value) for kind, value in due]
        reached = event.sequence + len(due) - 1
        with self._store:
            for row in rows:
                if row is not None:
                    self._store.execute(CHANGE, row)
            self._store.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", (event.key, reached))
            self._store.execute("DELETE FROM waiting WHERE key = ? AND sequence <= ?", (event.key, reached))
        for name, title, is_open, free in filter(None, rows):
            print(f"{name}: {title}, {f'{free} free' if is_open else 'closed'}", flush=True)

    def _position(self, key: str) -> int:
        row = self._store.execute("SELECT sequence FROM positions WHERE key = ?", (key,)).fetchone()
        return row[0] if row else 0

    def _waiting_after(self, event: Event) -> Iterator[tuple[str, bytes]]:
        """What waits right behind it, without another gap between."""
        rows = self._store.execute(
            "SELECT sequence, type, value FROM waiting WHERE key = ? AND sequence > ? ORDER BY sequence",
            (event.key, event.sequence),
        )
        for expected, (sequence, kind, value) in enumerate(rows, event.sequence + 1):
            if sequence != expected:
                return
            yield kind, value

    def _row(self, kind: str, value: bytes) -> tuple[str, str, bool, int] | None:
        """The effect of an event; None for a type that came after this program was written."""
        if kind != TaskChanged.DESCRIPTOR.full_name:
            return None
        told = TaskChanged.FromString(value)
        # An event says what changed, by ids and counts; the words are asked for.
        task = self._suite.tasks.GetTask(GetTaskRequest(name=told.task))
        return told.task, task.title, told.open, told.free


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kafka", required=True, help="host:port of Kafka brokers, with commas between")
    parser.add_argument(
        "--kafka-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what else kafka-python needs: security_protocol=SASL_SSL, sasl_plain_username=…",
    )
    parser.add_argument("--topic", default="borgerting.volunteer.v1")
    parser.add_argument("--group", default="open-tasks", help="programs of one group share the topic")
    parser.add_argument("--suite", required=True, help="host:port of the suite's gRPC")
    parser.add_argument("--ca", type=Path, help="who signs the suite's certificate, where it is your own")
    parser.add_argument("--plain", action="store_true", help="the suite is a trial without certificates")
    parser.add_argument("--municipality", required=True)
    parser.add_argument("--store", required=True, type=Path)
    given = parser.parse_args()
    tls: bool | grpc.ChannelCredentials = not given.plain
    if given.ca:
        tls = grpc.ssl_channel_credentials(given.ca.read_bytes())
    consumer = KafkaConsumer(
        given.topic,
        bootstrap_servers=given.kafka.split(","),
        group_id=given.group,
        enable_auto_commit=False,  # a position counts once its effect is stored
        auto_offset_reset="earliest",  # a new group begins with all that was ever told
        **dict(option.split("=", 1) for option in given.kafka_option),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with (
        closing(sqlite3.connect(given.store)) as store,
        Borgerting(given.suite, tls=tls) as suite,
        closing(consumer),
    ):
        tasks = OpenTasks(store, suite)
        while True:
            for records in consumer.poll(timeout_ms=1000).values():
                for record in records:
                    event = Event.of(record)
                    if event.municipality == given.municipality:
                        tasks.take(event)
            consumer.commit()


if __name__ == "__main__":
    main()
