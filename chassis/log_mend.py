"""Mends what a store and its log disagree on (chassis.log_check), as far as that goes without a person.

- What the log lacks is sent again out of the outbox: the same events under the same numbers, which whoever
  has them drops. What the outbox no longer has is told as a snapshot.
- Where the log or a consumer has numbers that the store never gave, the numbers go on after them: an event of
  a taken number would be dropped as a repetition. Events not sent yet get new numbers. For a number whose
  event nobody has any more, one that says nothing is sent (google.protobuf.Empty), so that nobody waits for
  it. What was lost is noted as a dead letter of the teller, for a person to decide on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from sqlalchemy import insert, select, update

from chassis.context import Caller, new_correlation_id, system
from chassis.db_store import store_busy
from chassis.dead_letters import EVENT_LOST
from chassis.errors import Code, DomainError
from chassis.events.envelope import Envelope, schema_of
from chassis.ids import uuid7
from chassis.log import get_logger
from chassis.log_check import Ahead, LogCheck, Verdict
from chassis.log_marks import put_marks
from chassis.reemission import Reemitter, retell
from chassis.tables import dead_letters, outbox, outbox_sequences

if TYPE_CHECKING:
    from chassis.db import Database, Transaction

_log = get_logger("chassis.log_mend")

_AT_ONCE = 500

NOTHING = Empty.DESCRIPTOR.full_name
"""The type of an event that says nothing, in the place of one that is lost."""


@dataclass
class Mended:
    """How much: events that will be sent again, aggregates told as a snapshot, aggregates of which events are
    lost; and the keys whose state cannot be told, which nothing here mends.
    """

    again: int = 0
    retold: int = 0
    lost: int = 0
    untellable: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.again or self.retold or self.lost or self.untellable)


class LogMender:
    """Run it under the store's lock "relay", so that nothing is sent meanwhile."""

    def __init__(self, check: LogCheck, reemitters: Callable[[], Sequence[Reemitter]] = tuple) -> None:
        self._check = check
        self._reemitters = reemitters

    def run(self, *, whole: bool = False) -> Mended:
        """Raises CarrierAwayError, and what the store raises; what was mended by then stands."""
        verdict = self._check.examine(whole=whole)
        mended = self.mend(verdict)
        if mended.anything:
            _log.warning(
                "store and log differed",
                service=self._check.service,
                sent_again=mended.again,
                told_again=mended.retold,
                lost=mended.lost,
                cannot_be_told=list(mended.untellable),
            )
        return mended

    def run_alone(self, seconds: float = 60.0) -> Mended:
        """`run` over the whole log, once a relay that runs beside lets it. Raises DomainError UNAVAILABLE
        STORE_BUSY when none does.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with self._check.database.exclusive("relay") as held:
                if held:
                    return self.run(whole=True)
            time.sleep(0.05)
        raise store_busy()

    def mend(self, verdict: Verdict) -> Mended:
        mended = Mended()
        for ahead in verdict.ahead:
            self._number_on(ahead, verdict)
            mended.lost += 1
        mended.again = self._send_again(verdict.unsent)
        untellable = []
        by = system(self._check.service)
        for untold in verdict.untold:
            try:
                retell(
                    self._check.database,
                    self._check.service,
                    self._reemitters(),
                    by,
                    untold.municipality,
                    untold.key,
                )
                mended.retold += 1
            except DomainError as error:
                _log.error("cannot be told again", key=untold.key, reason=error.reason)
                untellable.append(untold.key)
        mended.untellable = tuple(untellable)
        sent = self._check.sent_without_gap()
        with self._check.database.writing_across() as transaction:
            put_marks(transaction, self._check.service, self._check.topic, verdict.scan.marks, sent)
        return mended

    def _send_again(self, numbers: Sequence[int]) -> int:
        for start in range(0, len(numbers), _AT_ONCE):
            with self._check.database.writing_across() as transaction:
                transaction.connection.execute(
                    update(outbox)
                    .where(outbox.c.seq.in_(numbers[start : start + _AT_ONCE]))
                    .values(published=None)
                )
        return len(numbers)

    def _number_on(self, ahead: Ahead, verdict: Verdict) -> None:
        """The aggregate's next event comes after all that anybody has."""
        by = system(self._check.service, new_correlation_id())
        with self._check.database.writing(
            ahead.municipality, correlation_id=by.correlation_id
        ) as transaction:
            number = self._locked_number(transaction, ahead)
            highest = max(number, self._renumber(transaction, ahead, verdict))
            transaction.connection.execute(
                update(outbox_sequences)
                .where(outbox_sequences.c.topic == self._check.topic, outbox_sequences.c.key == ahead.key)
                .values(last=highest)
            )
            self._note(transaction, ahead, self._fill(transaction, ahead), by)

    def _locked_number(self, transaction: Transaction, ahead: Ahead) -> int:
        from chassis.db import upsert  # db knows this module's tables

        of_key = {"topic": self._check.topic, "key": ahead.key}
        transaction.connection.execute(
            upsert(transaction.connection, outbox_sequences)
            .values(**of_key, municipality=ahead.municipality, last=0)
            .on_conflict_do_nothing()
        )
        return int(
            transaction.connection.execute(
                select(outbox_sequences.c.last).filter_by(**of_key).with_for_update()
            ).scalar_one()
        )

    def _renumber(self, transaction: Transaction, ahead: Ahead, verdict: Verdict) -> int:
        """Give unsent events the numbers after `reached`; the last number now."""
        rows = transaction.connection.execute(
            select(outbox.c.seq, outbox.c.id, outbox.c.headers)
            .where(
                outbox.c.topic == self._check.topic,
                outbox.c.key == ahead.key,
                outbox.c.published.is_(None),
            )
            .order_by(outbox.c.seq)
        ).all()
        number = ahead.reached
        for row in rows:
            if row.id in verdict.arrived:
                continue  # it was sent, under the number that it has
            number += row.headers["ce_snapshot"] != "true"
            transaction.connection.execute(
                update(outbox)
                .where(outbox.c.seq == row.seq)
                .values(headers={**row.headers, "ce_sequence": str(number)})
            )
        return number

    def _fill(self, transaction: Transaction, ahead: Ahead) -> dict[int, UUID]:
        """Events that say nothing, for the numbers that nobody can hear any more; their ids."""
        filled = {number: uuid7(transaction.clock) for number in ahead.void}
        for number, event_id in filled.items():
            transaction.outbox.add_as(
                Envelope(
                    id=event_id,
                    source=f"/{self._check.service}",
                    type=NOTHING,
                    time=transaction.clock.now(),
                    topic=self._check.topic,
                    key=ahead.key,
                    municipality=ahead.municipality,
                    sequence=number,
                    snapshot=False,
                    correlation_id=transaction.correlation_id,
                    causation_id="",
                    data_schema=schema_of(NOTHING),
                ),
                b"",
            )
        return filled

    def _note(self, transaction: Transaction, ahead: Ahead, filled: Mapping[int, UUID], by: Caller) -> None:
        events = {event.sequence: (event.id, event.type) for event in ahead.lost}
        events |= {number: (event_id, "") for number, event_id in filled.items()}
        noted = self._noted(transaction, ahead.key)
        for sequence, (event_id, kind) in sorted(events.items()):
            if sequence in noted:
                continue
            transaction.connection.execute(
                insert(dead_letters).values(
                    id=uuid7(transaction.clock),
                    consumer=self._check.service,
                    topic=self._check.topic,
                    key=ahead.key,
                    municipality=ahead.municipality,
                    event_id=event_id,
                    sequence=sequence,
                    type=kind,
                    error=EVENT_LOST,
                    attempts=0,
                    parked=transaction.machine_clock.now(),
                )
            )
        if events:
            numbers = {"from": str(min(events)), "to": str(max(events)), "events": str(len(events))}
            transaction.audit.record(by, "events.lost", ahead.key, numbers)

    def _noted(self, transaction: Transaction, key: str) -> set[int]:
        return set(
            transaction.connection.execute(
                select(dead_letters.c.sequence).where(
                    dead_letters.c.consumer == self._check.service,
                    dead_letters.c.topic == self._check.topic,
                    dead_letters.c.key == key,
                    dead_letters.c.error == EVENT_LOST,
                )
            ).scalars()
        )


def lost_events(database: Database, service: str) -> dict[UUID, tuple[str, int]]:
    """Key and number of each lost event that nobody has decided on."""
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(dead_letters.c.event_id, dead_letters.c.key, dead_letters.c.sequence).where(
                dead_letters.c.consumer == service,
                dead_letters.c.error == EVENT_LOST,
                dead_letters.c.resolved.is_(None),
            )
        ).all()
    return {row.event_id: (row.key, int(row.sequence)) for row in rows}


def give_up_lost(
    database: Database,
    service: str,
    reemitters: Sequence[Reemitter],
    caller: Caller,
    municipality: str,
    key: str,
) -> bool:
    """What the store has of the aggregate counts from now on, and is told to all under the next number.
    Whether there was anything to tell. Audited.
    """
    with database.writing(municipality, correlation_id=caller.correlation_id) as transaction:
        transaction.connection.execute(
            update(dead_letters)
            .where(
                dead_letters.c.consumer == service,
                dead_letters.c.key == key,
                dead_letters.c.error == EVENT_LOST,
                dead_letters.c.resolved.is_(None),
            )
            .values(resolved=transaction.machine_clock.now(), resolution="given up")
        )
        transaction.audit.record(caller, "events.lost.give-up", key)
    try:
        # Under the next number: consumers know more than the teller, and shall not.
        retell(database, service, reemitters, caller, municipality, key, anew=True)
    except DomainError as error:
        if error.code not in (Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT):
            raise
        return False
    return True
