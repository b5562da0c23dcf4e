"""Stores and events for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import MetaData

from chassis.clock import Clock, FixedClock
from chassis.db import Database
from chassis.events.envelope import Envelope, Event, schema_of

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def noon() -> FixedClock:
    return FixedClock(NOON)


def sqlite_store(
    folder: Path,
    metadata: MetaData,
    *,
    clock: Clock | None = None,
    machine_clock: Clock | None = None,
    name: str = "store",
) -> Database:
    """A store with the tables of `metadata`, made at once; the migrations have tests of their own."""
    database = Database(
        f"sqlite:///{folder / name}.sqlite3", clock=clock or noon(), machine_clock=machine_clock
    )
    with database.writing("") as transaction:
        metadata.create_all(transaction.connection)
    return database


def an_event(
    sequence: int,
    *,
    text: str = "",
    topic: str = "borgerting.toy.v1",
    municipality: str = "hjemby",
    aggregate: str = "things/1",
    snapshot: bool = False,
    identity: UUID | None = None,
    value: bytes | None = None,
) -> Event:
    """An event whose message is a StringValue."""
    message = StringValue(value=text or str(sequence))
    message_type = message.DESCRIPTOR.full_name
    return Event(
        Envelope(
            id=identity or uuid4(),
            source="/toy",
            type=message_type,
            time=NOON,
            topic=topic,
            key=f"{municipality}/{aggregate}",
            municipality=municipality,
            sequence=sequence,
            snapshot=snapshot,
            correlation_id="c-1",
            causation_id="",
            data_schema=schema_of(message_type),
        ),
        message.SerializeToString() if value is None else value,
    )
