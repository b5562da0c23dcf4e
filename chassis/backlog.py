"""What waits in a service's store, per municipality: events to be sent, events that could not be handled
yet, work that is not over. Counts and ages only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from chassis.dead_letters import EVENT_LOST
from chassis.jobs import JobState
from chassis.tables import dead_letters, inbox_held, jobs, outbox

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


@dataclass(frozen=True, slots=True)
class AtHand:
    """Work of one municipality and kind that is queued or under way, and how many seconds ago the oldest was
    asked for.
    """

    municipality: str
    kind: str
    state: JobState
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


def parked_since(database: Database, *, lost: bool = False) -> dict[str, float]:
    """By municipality: for how many seconds the oldest parked event of it stands still; with `lost`, an event
    that the service itself has lost in a restore, on which nobody has decided yet.
    """
    now = database.machine_clock.now()
    table = dead_letters.c
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(table.municipality, func.min(table.parked).label("oldest"))
            .where(table.resolved.is_(None), (table.error == EVENT_LOST) == lost)
            .group_by(table.municipality)
            .order_by(table.municipality)
        ).all()
    return {row.municipality: max((now - row.oldest).total_seconds(), 0.0) for row in rows}


def work_at_hand(database: Database) -> list[AtHand]:
    """By municipality, kind and state."""
    now = database.machine_clock.now()
    place = (jobs.c.municipality, jobs.c.kind, jobs.c.state)
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(*place, func.min(jobs.c.created).label("oldest"))
            .where(jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]))
            .group_by(*place)
            .order_by(*place)
        ).all()
    return [
        AtHand(row.municipality, row.kind, JobState(row.state), max((now - row.oldest).total_seconds(), 0.0))
        for row in rows
    ]
