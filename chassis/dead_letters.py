"""Events that could not be handled: what parks an aggregate, and the two ways on, replay and skip, both
audited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import and_, delete, exists, func, insert, select, update

from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.events.envelope import Envelope
from chassis.events.ports import Delivery
from chassis.ids import uuid7
from chassis.log import get_logger
from chassis.tables import dead_letters, inbox, inbox_held, inbox_positions

if TYPE_CHECKING:
    from chassis.db import Database, Transaction

_log = get_logger("chassis.inbox")

EVENT_LOST = "EVENT_LOST"
"""What stands as the error of an event that its own teller has lost (chassis.log_mend): its consumer is the
teller, and it is neither replayed nor skipped, but given up by `borgerting doctor --give-up-lost`."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`error` is a reason or an exception's class; `waiting` how many events queue behind it."""

    id: UUID
    consumer: str
    topic: str
    key: str
    municipality: str
    event_id: UUID
    sequence: int
    type: str
    error: str
    attempts: int
    parked: datetime
    waiting: int


def add_dead_letter(
    transaction: Transaction, consumer: str, envelope: Envelope, attempts: int, error: Exception
) -> None:
    reason = error.reason if isinstance(error, DomainError) else type(error).__qualname__
    transaction.connection.execute(
        insert(dead_letters).values(
            id=uuid7(transaction.clock),
            consumer=consumer,
            topic=envelope.topic,
            key=envelope.key,
            municipality=envelope.municipality,
            event_id=envelope.id,
            sequence=envelope.sequence,
            type=envelope.type,
            error=reason[:255],
            attempts=attempts,
            parked=transaction.machine_clock.now(),
        )
    )


def add_unreadable(transaction: Transaction, consumer: str, delivery: Delivery) -> bool:
    """Note what cannot be read as an event; False when it was noted before (a repetition)."""
    place = f"{delivery.topic}/{delivery.partition}/{delivery.offset}"
    identity = uuid5(NAMESPACE_URL, place)
    known = transaction.connection.execute(
        select(dead_letters.c.id).where(
            dead_letters.c.consumer == consumer, dead_letters.c.event_id == identity
        )
    ).first()
    if known is not None:
        return False
    _log.error("unreadable event", consumer=consumer, place=place, error=delivery.error)
    now = transaction.machine_clock.now()
    transaction.connection.execute(
        insert(dead_letters).values(
            id=uuid7(transaction.clock),
            consumer=consumer,
            topic=delivery.topic,
            key=delivery.key[:512],
            municipality="",
            event_id=identity,
            sequence=0,
            type="",
            error=delivery.error[:255],
            attempts=1,
            parked=now,
            resolved=now,
            resolution="unreadable",
        )
    )
    return True


def set_position(transaction: Transaction, consumer: str, topic: str, key: str, sequence: int) -> None:
    """What the consumer has reached for the key."""
    from chassis.db import upsert  # db knows this module's tables

    transaction.connection.execute(
        upsert(transaction.connection, inbox_positions)
        .values(
            consumer=consumer,
            topic=topic,
            key=key,
            municipality=transaction.municipality,
            sequence=sequence,
        )
        .on_conflict_do_update(index_elements=["consumer", "topic", "key"], set_={"sequence": sequence})
    )


def parked(database: Database) -> Sequence[DeadLetter]:
    """Every parked event, oldest first."""
    behind = (
        select(func.count())
        .where(_same_queue(), inbox_held.c.event_id != dead_letters.c.event_id)
        .scalar_subquery()
    )
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(dead_letters, behind.label("waiting"))
            .where(dead_letters.c.resolved.is_(None))
            .order_by(dead_letters.c.parked)
        ).all()
    return [_dead_letter(row) for row in rows]


def replay(database: Database, caller: Caller, dead_letter_id: UUID) -> None:
    """Try the parked event again, and then what queued behind it; a running consumer does so at once.

    Raises DomainError NOT_FOUND (DEAD_LETTER_UNKNOWN), FAILED_PRECONDITION (DEAD_LETTER_RESOLVED,
    EVENT_LOST).
    """
    letter = _open_letter(database, dead_letter_id)
    with database.writing(letter.municipality, correlation_id=caller.correlation_id) as transaction:
        _resolve(transaction, letter, "replayed", caller)
        transaction.connection.execute(
            update(inbox_held)
            .where(*_held(letter), inbox_held.c.event_id == letter.event_id)
            .values(attempts=0, next_attempt=transaction.machine_clock.now())
        )
        transaction.wakes_inbox = True


def skip(database: Database, caller: Caller, dead_letter_id: UUID) -> None:
    """Give the parked event up: it counts as handled, without effect, and what queued behind it goes on.

    Raises DomainError NOT_FOUND (DEAD_LETTER_UNKNOWN), FAILED_PRECONDITION (DEAD_LETTER_RESOLVED,
    EVENT_LOST).
    """
    letter = _open_letter(database, dead_letter_id)
    with database.writing(letter.municipality, correlation_id=caller.correlation_id) as transaction:
        _resolve(transaction, letter, "skipped", caller)
        now = transaction.machine_clock.now()
        connection = transaction.connection
        connection.execute(delete(inbox_held).where(*_held(letter), inbox_held.c.event_id == letter.event_id))
        connection.execute(
            insert(inbox).values(
                consumer=letter.consumer,
                event_id=letter.event_id,
                municipality=letter.municipality,
                received=now,
            )
        )
        set_position(transaction, letter.consumer, letter.topic, letter.key, letter.sequence)
        following = select(func.min(inbox_held.c.sequence)).where(*_held(letter)).scalar_subquery()
        connection.execute(
            update(inbox_held)
            .where(*_held(letter), inbox_held.c.sequence == following)
            .values(next_attempt=now)
        )
        transaction.wakes_inbox = True


def _open_letter(database: Database, dead_letter_id: UUID) -> DeadLetter:
    with database.reading_across() as transaction:
        row = transaction.connection.execute(
            select(dead_letters).where(dead_letters.c.id == dead_letter_id)
        ).one_or_none()
    if row is None:
        raise DomainError(Code.NOT_FOUND, "DEAD_LETTER_UNKNOWN", {"dead_letter": str(dead_letter_id)})
    if row.resolved is not None:
        raise _resolved_already(dead_letter_id)
    if row.error == EVENT_LOST:
        raise DomainError(Code.FAILED_PRECONDITION, "EVENT_LOST", {"dead_letter": str(dead_letter_id)})
    return _dead_letter(row)


def _resolve(transaction: Transaction, letter: DeadLetter, resolution: str, caller: Caller) -> None:
    resolved = transaction.connection.execute(
        update(dead_letters)
        .where(dead_letters.c.id == letter.id, dead_letters.c.resolved.is_(None))
        .values(resolved=transaction.machine_clock.now(), resolution=resolution)
    )
    if resolved.rowcount != 1:
        raise _resolved_already(letter.id)
    transaction.audit.record(
        caller,
        f"inbox.{resolution}",
        letter.key,
        {
            "consumer": letter.consumer,
            "topic": letter.topic,
            "event": str(letter.event_id),
            "sequence": str(letter.sequence),
        },
    )


def _resolved_already(dead_letter_id: UUID) -> DomainError:
    return DomainError(Code.FAILED_PRECONDITION, "DEAD_LETTER_RESOLVED", {"dead_letter": str(dead_letter_id)})


def _held(letter: DeadLetter) -> tuple[Any, Any, Any]:
    return (
        inbox_held.c.consumer == letter.consumer,
        inbox_held.c.topic == letter.topic,
        inbox_held.c.key == letter.key,
    )


def _same_queue() -> Any:
    return and_(
        inbox_held.c.consumer == dead_letters.c.consumer,
        inbox_held.c.topic == dead_letters.c.topic,
        inbox_held.c.key == dead_letters.c.key,
    )


@dataclass(frozen=True, slots=True)
class HeldState:
    """Of one consumer: keys parked, events that queue behind them, events behind a gap or between two
    tries, and for how many seconds the oldest of these last waits.
    """

    parked: int
    queued: int
    waiting: int
    oldest_waiting_seconds: float


def held_state(database: Database, consumer: str) -> HeldState:
    is_parked = exists(select(dead_letters.c.id).where(_same_queue(), dead_letters.c.resolved.is_(None)))
    with database.reading_across() as transaction:
        connection = transaction.connection
        (keys,) = connection.execute(
            select(func.count()).where(dead_letters.c.consumer == consumer, dead_letters.c.resolved.is_(None))
        ).one()
        (queued,) = connection.execute(
            select(func.count()).where(inbox_held.c.consumer == consumer, is_parked)
        ).one()
        waiting, oldest = connection.execute(
            select(func.count(), func.min(inbox_held.c.received)).where(
                inbox_held.c.consumer == consumer, ~is_parked
            )
        ).one()
    age = (database.machine_clock.now() - oldest).total_seconds() if oldest else 0.0
    return HeldState(int(keys), int(queued) - int(keys), int(waiting), max(age, 0.0))


def _dead_letter(row: Any) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        consumer=row.consumer,
        topic=row.topic,
        key=row.key,
        municipality=row.municipality,
        event_id=row.event_id,
        sequence=row.sequence,
        type=row.type,
        error=row.error,
        attempts=row.attempts,
        parked=row.parked,
        waiting=getattr(row, "waiting", 0),
    )
