"""What waits in a service's store, per municipality: events to be sent, and events that could not be handled
yet. Counts and ages only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from chassis.tables import dead_letters, inbox_held, outbox

if TYPE_CHECKING:
    from chassis.db import Database


@dataclass(frozen=True, slots=True)
class Unsent:
    """Events of one municipality ("": the platform) that wait to be sent: how many, for how many seconds the
    oldest, and how often one of them was tried in vain at most.
    """

    municipality: str
    count: int
    oldest_seconds: float
    most_attempts: int


@dataclass(frozen=True, slots=True)
class Held:
    """Events of one consumer and municipality: queued behind a parked one (`parked` True; the parked ones
    themselves not counted), or waiting behind a gap or between two tries.
    """

    consumer: str
    municipality: str
    parked: bool
    count: int
    oldest_seconds: float


def unsent(database: Database) -> list[Unsent]:
    """By municipality."""
    now = database.machine_clock.now()
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(
                outbox.c.municipality,
                func.count().label("waiting"),
                func.min(outbox.c.created).label("oldest"),
                func.max(outbox.c.attempts).label("attempts"),
            )
            .where(outbox.c.published.is_(None))
            .group_by(outbox.c.municipality)
            .order_by(outbox.c.municipality)
        ).all()
    return [
        Unsent(row.municipality, row.waiting, max((now - row.oldest).total_seconds(), 0.0), int(row.attempts))
        for row in rows
    ]


def held(database: Database) -> list[Held]:
    """By consumer and municipality."""
    now = database.machine_clock.now()
    same_queue = (
        (dead_letters.c.consumer == inbox_held.c.consumer)
        & (dead_letters.c.topic == inbox_held.c.topic)
        & (dead_letters.c.key == inbox_held.c.key)
        & dead_letters.c.resolved.is_(None)
    )
    behind = exists(select(dead_letters.c.id).where(same_queue))
    itself = exists(
        select(dead_letters.c.id).where(same_queue, dead_letters.c.event_id == inbox_held.c.event_id)
    )
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(
                inbox_held.c.consumer,
                inbox_held.c.municipality,
                behind.label("parked"),
                func.count().label("waiting"),
                func.min(inbox_held.c.received).label("oldest"),
            )
            .where(~itself)
            .group_by(inbox_held.c.consumer, inbox_held.c.municipality, behind)
            .order_by(inbox_held.c.consumer, inbox_held.c.municipality)
        ).all()
    return [
        Held(
            row.consumer,
            row.municipality,
            bool(row.parked),
            row.waiting,
            max((now - row.oldest).total_seconds(), 0.0),
        )
        for row in rows
    ]
