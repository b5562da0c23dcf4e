"""Events arrive in order and count once, whatever the carrier repeats, re-orders or withholds.

Each event is handled in one transaction of its municipality, together with its row in the inbox and the
sequence that its consumer has reached for its key; where the carrier's offset is committed afterwards, a
crash in between only repeats it. What may not be handled yet is held in the store, so the carrier never has
to wait: behind a gap, between two tries of a failing event, or behind one that is parked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from chassis.db_store import is_store_away
from chassis.dead_letters import add_dead_letter, add_unreadable, set_position
from chassis.erasures import is_erased
from chassis.errors import DomainError
from chassis.events.envelope import Envelope, Event, decode
from chassis.events.ports import Delivery
from chassis.inbox_rows import InboxRows
from chassis.log import bound, get_logger, trace
from chassis.statements import Statement
from chassis.tables import inbox, inbox_held
from chassis.trace_context import WorkTracing

if TYPE_CHECKING:
    from chassis.db import Database, Transaction

_log = get_logger("chassis.inbox")

# (transaction of the event's municipality, message of the event's type, its envelope). The message is typed
# Any so that a handler can name its own message class.
Handler = Callable[["Transaction", Any, Envelope], None]


@dataclass(frozen=True)
class Subscription:
    """`consumer` is the inbox's name, unique in the suite ("sortition.municipalities"), `topic` as `topic_of`
    gives it, `handlers` by the message's full name; events of other types are passed over.

    The module that declares it imports the generated module of each type it handles.
    """

    consumer: str
    topic: str
    handlers: Mapping[str, Handler]


class Outcome(StrEnum):
    """What became of a delivery."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"
    HELD = "held"
    FAILED = "failed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """So many tries of a failing event, the n-th after `first` × 3^(n-1), at most `longest`; then it is
    parked.
    """

    attempts: int = 5
    first: timedelta = timedelta(milliseconds=200)
    longest: timedelta = timedelta(seconds=10)

    def pause(self, attempts: int) -> timedelta:
        return min(self.first * int(3 ** (attempts - 1)), self.longest)


class StoreAway(Exception):  # noqa: N818 - nothing is wrong with the event
    """The store could not be reached or is busy: the event is not to blame and stays uncommitted."""


class Inbox:
    """One consumer's inbox. Not thread-safe: one loop drives it (chassis.consumer)."""

    def __init__(
        self,
        database: Database,
        subscription: Subscription,
        policy: RetryPolicy | None = None,
        *,
        service: str = "",
        tracing: WorkTracing | None = None,
    ) -> None:
        self._service = service
        self._tracing = tracing
        self._database = database
        self._subscription = subscription
        self._policy = policy or RetryPolicy()
        self._rows = InboxRows(subscription.consumer, subscription.topic)
        self._next_due = Statement(
            select(inbox_held.c.next_attempt)
            .where(*self._rows.mine(inbox_held), inbox_held.c.next_attempt.is_not(None))
            .order_by(inbox_held.c.next_attempt)
            .limit(1)
        )

    def receive(self, delivery: Delivery) -> Outcome:
        """Handle, hold or drop one delivery, durably. Raises StoreAway."""
        event = delivery.event
        if event is None:
            return self._unreadable(delivery)
        outcome = self._try(event, attempts=0)
        if outcome is Outcome.HANDLED:
            self._drain(event.envelope.municipality, delivery.key)
        return outcome

    def receive_all(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """`receive` for each, with one transaction for all of a municipality: a commit costs much.

        Order is kept within each municipality, and so within each key; the outcomes are in the order of the
        deliveries.

        Where one of them fails, none of its transaction stands, and they are taken one by one.
        """
        outcomes: dict[int, Outcome] = {}
        groups: dict[str | None, list[int]] = {}
        for number, one in enumerate(deliveries):
            municipality = one.event.envelope.municipality if one.event is not None else None
            groups.setdefault(municipality, []).append(number)
        for numbers in groups.values():
            together = [deliveries[number] for number in numbers]
            taken = self._take_together([one.event for one in together if one.event is not None])
            outcomes |= zip(numbers, taken or map(self.receive, together), strict=True)
        return [outcomes[number] for number in range(len(deliveries))]

    def _take_together(self, events: Sequence[Event]) -> list[Outcome]:
        """The outcomes of events of one municipality; none when they must be taken one by one."""
        if not events:
            return []
        try:
            with self._database.writing(events[0].envelope.municipality) as transaction:
                outcomes, waiting = self._take_in_bulk(transaction, events)
        except Exception as error:
            if _is_store_away(error):
                raise StoreAway from error
            if len(events) > 1:
                return []
            with bound(correlation_id=events[0].envelope.correlation_id, event_id=str(events[0].envelope.id)):
                return [self._failed(events[0], 1, error)]
        for key in waiting:
            self._drain(events[0].envelope.municipality, key)
        return outcomes

    def _take_in_bulk(
        self, transaction: Transaction, events: Sequence[Event]
    ) -> tuple[list[Outcome], set[str]]:
        """The outcomes, and the keys that have something waiting. Of keys that have nothing waiting the store
        is read once and written once, for all; the others are taken each by each.
        """
        if is_erased(transaction):
            return [Outcome.DUPLICATE] * len(events), set()  # late, or again out of an old log
        standing = self._rows.standing(transaction, events)
        outcomes: list[Outcome] = []
        handled: list[Envelope] = []
        for event in events:
            envelope = event.envelope
            transaction.correlation_id = envelope.correlation_id
            transaction.causation_id = str(envelope.id)
            with bound(correlation_id=envelope.correlation_id, event_id=str(envelope.id)):
                position = standing.positions.get(envelope.key, 0)
                in_turn = envelope.snapshot or envelope.sequence == position + 1
                if envelope.key in standing.waiting:
                    outcomes.append(self._take(transaction, event, held=False))
                elif envelope.id in standing.known or envelope.sequence <= position:
                    outcomes.append(Outcome.DUPLICATE)
                elif in_turn:
                    self._handle(transaction, event)
                    handled.append(envelope)
                    standing.known.add(envelope.id)
                    standing.positions[envelope.key] = envelope.sequence
                    outcomes.append(Outcome.HANDLED)
                else:
                    # From here on this key is taken each by each, and by what the store then says.
                    self._rows.note(transaction, handled)
                    handled.clear()
                    standing.waiting.add(envelope.key)
                    outcomes.append(self._take(transaction, event, held=False))
        self._rows.note(transaction, handled)
        return outcomes, standing.waiting

    def _handle(self, transaction: Transaction, event: Event) -> None:
        handler = self._subscription.handlers.get(event.envelope.type)
        if handler is None:
            return
        if self._tracing is None:
            handler(transaction, decode(event), event.envelope)
            return
        with self._tracing.handling(self._service, self._subscription.consumer, event.envelope):
            handler(transaction, decode(event), event.envelope)

    def retry_due(self) -> list[Outcome]:
        """Try again what is due, and what then follows it. Raises StoreAway."""
        found = (inbox_held.c.municipality, inbox_held.c.event_id)
        with self._database.reading_across() as transaction:
            due = transaction.connection.execute(
                select(*found)
                .where(*self._rows.mine(inbox_held), inbox_held.c.next_attempt <= self._now())
                .order_by(inbox_held.c.next_attempt)
                .limit(100)
            ).all()
        outcomes = []
        for municipality, event_id in due:
            with self._database.reading(municipality) as transaction:
                row = transaction.connection.execute(
                    select(inbox_held).where(*self._rows.mine(inbox_held), inbox_held.c.event_id == event_id)
                ).one_or_none()
            if row is None:  # handled meanwhile, behind another that was due
                continue
            outcomes.append(self._try(self._event(row), attempts=row.attempts, held=True))
            if outcomes[-1] is Outcome.HANDLED:
                outcomes += self._drain(municipality, row.key)
        return outcomes

    def next_due(self) -> datetime | None:
        with self._database.reading_across() as transaction:
            rows = self._next_due.ask(transaction.connection, {})
        return rows[0].next_attempt if rows else None

    def _drain(self, municipality: str, key: str) -> list[Outcome]:
        """Handle what was held and has now its turn."""
        outcomes: list[Outcome] = []
        while not outcomes or outcomes[-1] in (Outcome.HANDLED, Outcome.DUPLICATE):
            with self._database.reading(municipality) as transaction:
                row = transaction.connection.execute(
                    select(inbox_held)
                    .where(*self._rows.mine(inbox_held), inbox_held.c.key == key)
                    .order_by(inbox_held.c.sequence, inbox_held.c.event_id)
                    .limit(1)
                ).one_or_none()
                position = self._rows.position(transaction, key)
            if row is None or row.attempts:  # what failed has its own times, or is parked
                break
            if row.sequence > position + 1 and not self._event(row).envelope.snapshot:
                break
            outcomes.append(self._try(self._event(row), attempts=row.attempts, held=True))
        return outcomes

    def _try(self, event: Event, *, attempts: int, held: bool = False) -> Outcome:
        envelope = event.envelope
        with bound(correlation_id=envelope.correlation_id, event_id=str(envelope.id)):
            try:
                with self._database.writing(
                    envelope.municipality,
                    correlation_id=envelope.correlation_id,
                    causation_id=str(envelope.id),
                ) as transaction:
                    return self._take(transaction, event, held=held)
            except Exception as error:
                if _is_store_away(error):
                    raise StoreAway from error
                return self._failed(event, attempts + 1, error)

    def _take(self, transaction: Transaction, event: Event, *, held: bool) -> Outcome:
        envelope = event.envelope
        if is_erased(transaction):
            self._rows.drop_one_held(transaction, envelope)
            return Outcome.DUPLICATE
        position = self._rows.position(transaction, envelope.key)
        if self._rows.is_known(transaction, envelope) or envelope.sequence <= position:
            self._rows.drop_held(transaction, envelope.key, position)
            self._rows.drop_one_held(transaction, envelope)
            return Outcome.DUPLICATE
        waiting = self._rows.waiting(transaction, envelope.key)
        if any(row.event_id == envelope.id for row in waiting) and not held:
            return Outcome.DUPLICATE
        queued_before = [
            row
            for row in waiting
            if row.attempts and row.sequence <= envelope.sequence and row.event_id != envelope.id
        ]
        in_turn = envelope.snapshot or envelope.sequence == position + 1
        if queued_before or not in_turn:
            if not held:
                self._rows.hold(transaction, event, attempts=0, next_attempt=None)
            else:
                self._rows.postpone(transaction, envelope, None)
            return Outcome.HELD
        self._handle(transaction, event)
        transaction.connection.execute(
            insert(inbox).values(
                consumer=self._subscription.consumer,
                event_id=envelope.id,
                municipality=envelope.municipality,
                received=self._now(),
            )
        )
        set_position(
            transaction, self._subscription.consumer, envelope.topic, envelope.key, envelope.sequence
        )
        if waiting:
            self._rows.drop_held(transaction, envelope.key, envelope.sequence)
        return Outcome.HANDLED

    def _failed(self, event: Event, attempts: int, error: Exception) -> Outcome:
        """The handler's transaction is rolled back; remember the failure in one of its own."""
        envelope = event.envelope
        parked = attempts >= self._policy.attempts
        _log.warning(
            "event parked" if parked else "event failed",
            consumer=self._subscription.consumer,
            type=envelope.type,
            attempts=attempts,
            trace=trace(error),
        )
        due = None if parked else self._now() + self._policy.pause(attempts)
        try:
            with self._database.writing(envelope.municipality) as transaction:
                self._rows.hold(transaction, event, attempts=attempts, next_attempt=due)
                if parked:
                    add_dead_letter(transaction, self._subscription.consumer, envelope, attempts, error)
        except Exception as second:
            if _is_store_away(second):
                raise StoreAway from second
            raise
        return Outcome.PARKED if parked else Outcome.FAILED

    def _unreadable(self, delivery: Delivery) -> Outcome:
        """What is no event has no place in any order: it is noted as a dead letter and holds nothing up."""
        try:
            with self._database.writing("") as transaction:
                new = add_unreadable(transaction, self._subscription.consumer, delivery)
        except Exception as error:
            if _is_store_away(error):
                raise StoreAway from error
            raise
        return Outcome.PARKED if new else Outcome.DUPLICATE

    def _event(self, row: Any) -> Event:
        return Event(Envelope.from_headers(row.topic, row.key, row.headers), bytes(row.payload))

    def _now(self) -> datetime:
        return self._database.machine_clock.now()


def _is_store_away(error: Exception) -> bool:
    if isinstance(error, DomainError):
        return is_store_away(error)
    return isinstance(error, OperationalError)
