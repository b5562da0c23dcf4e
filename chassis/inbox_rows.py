"""What an inbox keeps in the store: positions, what it has handled, and what it holds back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, Uuid, delete, insert, literal, select, union_all, update

from chassis.events.envelope import Envelope, Event
from chassis.tables import inbox, inbox_held, inbox_positions

if TYPE_CHECKING:
    from chassis.db import Transaction


@dataclass
class Standing:
    """How the events of a batch find the store: what their keys have reached, which of them are known, and
    which keys have something waiting.
    """

    positions: dict[str, int]
    known: set[UUID]
    waiting: set[str]


class InboxRows:
    """The rows of one consumer on one topic."""

    def __init__(self, consumer: str, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    def mine(self, table: Any) -> tuple[Any, Any]:
        """The conditions that pick this consumer's rows of a table."""
        return table.c.consumer == self._consumer, table.c.topic == self._topic

    def hold(
        self, transaction: Transaction, event: Event, *, attempts: int, next_attempt: datetime | None
    ) -> None:
        from chassis.db import upsert  # db knows this module's tables

        envelope = event.envelope
        transaction.connection.execute(
            upsert(transaction.connection, inbox_held)
            .values(
                consumer=self._consumer,
                topic=envelope.topic,
                key=envelope.key,
                sequence=envelope.sequence,
                event_id=envelope.id,
                municipality=envelope.municipality,
                headers=envelope.headers(),
                payload=event.value,
                received=transaction.machine_clock.now(),
                attempts=attempts,
                next_attempt=next_attempt,
            )
            .on_conflict_do_update(
                index_elements=["consumer", "topic", "key", "sequence", "event_id"],
                set_={"attempts": attempts, "next_attempt": next_attempt},
            )
        )

    def postpone(self, transaction: Transaction, envelope: Envelope, due: datetime | None) -> None:
        transaction.connection.execute(
            update(inbox_held)
            .where(*self.mine(inbox_held), inbox_held.c.event_id == envelope.id)
            .values(next_attempt=due)
        )

    def drop_held(self, transaction: Transaction, key: str, up_to: int) -> None:
        transaction.connection.execute(
            delete(inbox_held).where(
                *self.mine(inbox_held), inbox_held.c.key == key, inbox_held.c.sequence <= up_to
            )
        )

    def drop_one_held(self, transaction: Transaction, envelope: Envelope) -> None:
        transaction.connection.execute(
            delete(inbox_held).where(*self.mine(inbox_held), inbox_held.c.event_id == envelope.id)
        )

    def waiting(self, transaction: Transaction, key: str) -> list[Row[Any]]:
        return list(
            transaction.connection.execute(
                select(inbox_held.c.event_id, inbox_held.c.sequence, inbox_held.c.attempts).where(
                    *self.mine(inbox_held), inbox_held.c.key == key
                )
            )
        )

    def standing(self, transaction: Transaction, events: Sequence[Event]) -> Standing:
        """In one statement: what a batch of few events costs is mostly its round trips."""
        keys = {event.envelope.key for event in events}
        nobody = literal(None, Uuid())
        reached = select(
            literal("reached").label("what"),
            inbox_positions.c.key.label("key"),
            inbox_positions.c.sequence.label("sequence"),
            nobody.label("event_id"),
        ).where(*self.mine(inbox_positions), inbox_positions.c.key.in_(keys))
        known = select(literal("known"), literal(""), literal(0), inbox.c.event_id).where(
            inbox.c.consumer == self._consumer,
            inbox.c.event_id.in_([event.envelope.id for event in events]),
        )
        waiting = (
            select(literal("waiting"), inbox_held.c.key, literal(0), nobody)
            .where(*self.mine(inbox_held), inbox_held.c.key.in_(keys))
            .distinct()
        )
        standing = Standing({}, set(), set())
        for row in transaction.connection.execute(union_all(reached, known, waiting)):
            match row.what:
                case "reached":
                    standing.positions[row.key] = int(row.sequence)
                case "known":
                    standing.known.add(row.event_id)
                case _:
                    standing.waiting.add(row.key)
        return standing

    def note(self, transaction: Transaction, handled: Sequence[Envelope]) -> None:
        """Events of one municipality, in order, as handled; their keys have reached the last of each."""
        from chassis.db import upsert  # db knows this module's tables

        if not handled:
            return
        now = transaction.machine_clock.now()
        transaction.connection.execute(
            insert(inbox),
            [
                {
                    "consumer": self._consumer,
                    "event_id": envelope.id,
                    "municipality": envelope.municipality,
                    "received": now,
                }
                for envelope in handled
            ],
        )
        statement = upsert(transaction.connection, inbox_positions)
        transaction.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["consumer", "topic", "key"],
                set_={"sequence": statement.excluded.sequence},
            ),
            [
                {
                    "consumer": self._consumer,
                    "topic": self._topic,
                    "key": key,
                    "municipality": transaction.municipality,
                    "sequence": sequence,
                }
                for key, sequence in {one.key: one.sequence for one in handled}.items()
            ],
        )

    def is_known(self, transaction: Transaction, envelope: Envelope) -> bool:
        found = transaction.connection.execute(
            select(inbox.c.event_id).where(
                inbox.c.consumer == self._consumer, inbox.c.event_id == envelope.id
            )
        ).first()
        return found is not None

    def position(self, transaction: Transaction, key: str) -> int:
        found = transaction.connection.execute(
            select(inbox_positions.c.sequence).where(
                *self.mine(inbox_positions), inbox_positions.c.key == key
            )
        ).scalar_one_or_none()
        return int(found or 0)
