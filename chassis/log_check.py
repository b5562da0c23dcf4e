"""A teller's store held against the log of what it told.

After a restore either may be the older one. Of each event that the store marked as sent the log must have it;
of each number that the log has, the store must have given it. `chassis.log_mend` mends what can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from chassis.erasures import erased_in
from chassis.events.envelope import topic_of
from chassis.events.ports import EventLog
from chassis.log_marks import read_marks, sent_until
from chassis.log_scan import OtherLogError, Scan, Told, scan
from chassis.tables import inbox, inbox_positions, outbox, outbox_sequences

if TYPE_CHECKING:
    from chassis.db import Database

_AT_ONCE = 1000

Taken = tuple[str, str, int]
"""Key, municipality and the number that a consumer has reached."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """An aggregate of which others know more than its teller: it gave no number past `last`, and the log or
    a consumer has `reached`. `lost` are the events in the log that the store does not have; `void` the
    numbers of those that the log has not either.
    """

    municipality: str
    key: str
    last: int
    reached: int
    lost: tuple[Told, ...]
    void: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Untold:
    """An aggregate of which the log lacks events that the outbox no longer has either: its state can be told
    again, as a snapshot of number `last`."""

    municipality: str
    key: str
    last: int


@dataclass(frozen=True, slots=True)
class _Unsent:
    id: UUID
    key: str
    number: int
    snapshot: bool


@dataclass
class Verdict:
    """`unsent` are numbers of the outbox (seq) whose events the log has not, though they count as sent."""

    scan: Scan
    ahead: list[Ahead] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)
    sequences: dict[str, int] = field(default_factory=dict)
    arrived: set[UUID] = field(default_factory=set)
    """Events that count as unsent in the outbox, and that the log or a consumer has all the same."""
    waiting: set[str] = field(default_factory=set)
    """Keys of which the outbox has events that were not sent yet."""
    missing_keys: dict[str, int] = field(default_factory=dict)
    """Of `unsent`, by key, the lowest number."""

    @property
    def fits(self) -> bool:
        return not (self.ahead or self.unsent or self.untold)


class LogCheck:
    """Of one service's store and its topic. `others` are the stores of consumers, as far as they can be seen:
    where the log was lost, they tell how far the numbers had gone.
    """

    def __init__(
        self,
        service: str,
        database: Database,
        log: EventLog,
        *,
        others: Sequence[Database] = (),
        limited: bool = False,
    ) -> None:
        """`limited`: the log forgets events after a while, so that what is not there need not be lost."""
        self.service = service
        self.topic = topic_of(service)
        self.database = database
        self._log = log
        self._others = others
        self._limited = limited
        self._erased: frozenset[str] = frozenset()

    def examine(
        self, *, whole: bool = True, passed: Mapping[str, Mapping[int, int]] | None = None
    ) -> Verdict:
        """Not `whole`: only what came into the log since the last time, unless that shows that something does
        not fit. Raises CarrierAwayError.
        """
        marks = {} if whole else read_marks(self.database, self.service, self.topic)
        # Before all else is read: what was erased meanwhile is missed in the next look at the latest.
        self._erased = erased_in(self.database, *self._others)
        known = self._numbers_not_at_stake()
        # Before the numbers are read: what a consumer has by now was given a number by then.
        taken = list(self._taken())
        try:
            found = scan(self._log, known, marks=marks, passed=passed, erased=self._erased)
        except OtherLogError:
            return self.examine(passed=passed)
        verdict = Verdict(found)
        verdict.unsent = self._not_there(found)
        if verdict.unsent and not found.whole:
            return self.examine(passed=passed)
        sequences = self._sequences()
        verdict.sequences = {key: last for key, (_, last) in sequences.items()}
        self._find_ahead(verdict, sequences, taken)
        if verdict.ahead and not found.whole:
            return self.examine(passed=passed)
        if found.whole:
            self._find_untold(verdict, sequences, taken)
        return verdict

    def _sequences(self) -> dict[str, tuple[str, int]]:
        with self.database.reading_across() as transaction:
            rows = transaction.connection.execute(
                select(
                    outbox_sequences.c.key, outbox_sequences.c.municipality, outbox_sequences.c.last
                ).where(outbox_sequences.c.topic == self.topic)
            ).all()
        return {
            row.key: (row.municipality, int(row.last)) for row in rows if row.municipality not in self._erased
        }

    def _numbers_not_at_stake(self) -> dict[str, int]:
        """By key, the last number that was given and sent: one that was not sent may be taken in the log."""
        numbers = {key: last for key, (_, last) in self._sequences().items()}
        for one in self._waiting():
            if not one.snapshot:
                numbers[one.key] = min(numbers.get(one.key, 0), one.number - 1)
        return numbers

    def _waiting(self) -> list[_Unsent]:
        with self.database.reading_across() as transaction:
            rows = transaction.connection.execute(
                select(outbox.c.id, outbox.c.key, outbox.c.headers).where(
                    outbox.c.topic == self.topic, outbox.c.published.is_(None)
                )
            ).all()
        return [
            _Unsent(
                row.id, row.key, int(row.headers["ce_sequence"]), row.headers.get("ce_snapshot") == "true"
            )
            for row in rows
            if "ce_sequence" in row.headers  # what is no event is the relay's trouble, not ours
        ]

    def _known_to_others(self, ids: set[UUID]) -> set[UUID]:
        """Which of these events a consumer has taken, as far as it can be seen."""
        found: set[UUID] = set()
        for database in self._others:
            for some in _portions(sorted(ids)):
                with database.reading_across() as transaction:
                    query = select(inbox.c.event_id).where(inbox.c.event_id.in_(some))
                    found |= set(transaction.connection.execute(query).scalars())
        return found

    def _not_there(self, found: Scan) -> list[int]:
        """Numbers of the outbox whose events count as sent and are not in the log, in order."""
        if self._limited:
            return []
        missing: dict[UUID, int] = {}
        with self.database.reading_across() as transaction:
            after = 0 if found.whole else sent_until(transaction, self.service, self.topic)
        while rows := self._sent_after(after):
            missing |= {row.id: row.seq for row in rows if row.id not in found.ids}
            after = rows[-1].seq
        if missing:
            # Another may have sent them meanwhile.
            late = scan(self._log, {}, marks=found.marks).ids if found.marks else scan(self._log, {}).ids
            missing = {event: seq for event, seq in missing.items() if event not in late}
        return sorted(missing.values())

    def _sent_after(self, after: int) -> Sequence[Any]:
        with self.database.reading_across() as transaction:
            return transaction.connection.execute(
                select(outbox.c.seq, outbox.c.id)
                .where(outbox.c.topic == self.topic, outbox.c.published.is_not(None), outbox.c.seq > after)
                .order_by(outbox.c.seq)
                .limit(_AT_ONCE)
            ).all()

    def _find_ahead(
        self, verdict: Verdict, sequences: Mapping[str, tuple[str, int]], taken: Sequence[Taken]
    ) -> None:
        beyond = verdict.scan.beyond
        own = self._own({event.id for event in beyond})
        by_key: dict[str, list[Told]] = {}
        for event in beyond:
            if event.id not in own:
                by_key.setdefault(event.key, []).append(event)
        reached = {key: max(event.sequence for event in events) for key, events in by_key.items()}
        owners = {key: events[0].municipality for key, events in by_key.items()}
        unsent = self._waiting()
        verdict.arrived = {one.id for one in unsent if one.id in verdict.scan.ids}
        given = {key: last for key, (_, last) in sequences.items()}
        if self._others:
            verdict.arrived |= self._known_to_others({one.id for one in unsent} - verdict.arrived)
            for one in unsent:
                if one.id not in verdict.arrived and not one.snapshot:
                    given[one.key] = min(given.get(one.key, 0), one.number - 1)
            for key, municipality, sequence in taken:
                if sequence > max(given.get(key, 0), reached.get(key, 0)):
                    reached[key] = sequence
                    owners[key] = municipality
        present: dict[str, set[int]] = {}
        for event in beyond:
            present.setdefault(event.key, set()).add(event.sequence)
        for one in unsent:
            if one.id in verdict.arrived:
                present.setdefault(one.key, set()).add(one.number)
        for key, number in sorted(reached.items()):
            last = min(given.get(key, 0), number)
            void = set(range(last + 1, number + 1)) - present.get(key, set())
            lost = tuple(by_key.get(key, ()))
            verdict.ahead.append(Ahead(owners[key], key, last, number, lost, tuple(sorted(void))))

    def _own(self, ids: set[UUID]) -> set[UUID]:
        """Which of them the outbox has."""
        found: set[UUID] = set()
        for some in _portions(sorted(ids)):
            with self.database.reading_across() as transaction:
                found |= set(
                    transaction.connection.execute(select(outbox.c.id).where(outbox.c.id.in_(some))).scalars()
                )
        return found

    def _taken(self) -> Iterator[Taken]:
        """Key, municipality and number that a consumer has reached, of all that can be seen."""
        for database in self._others:
            with database.reading_across() as transaction:
                rows = transaction.connection.execute(
                    select(
                        inbox_positions.c.key, inbox_positions.c.municipality, inbox_positions.c.sequence
                    ).where(inbox_positions.c.topic == self.topic)
                ).all()
            for row in rows:
                if row.municipality not in self._erased:
                    yield row.key, row.municipality, int(row.sequence)

    def _find_untold(
        self, verdict: Verdict, sequences: Mapping[str, tuple[str, int]], taken: Sequence[Taken]
    ) -> None:
        """Aggregates of which numbers are missing in the log that nothing in the outbox will bring."""
        coming = self._coming(verdict)
        behind = _least(taken) if self._limited else None
        for key, (municipality, last) in sorted(sequences.items()):
            if behind is not None and behind.get(key, last) >= last:
                continue  # forgotten by a log that forgets, and nobody needs it
            highest = verdict.scan.highest.get(key, 0)
            wanted = highest + 1
            while wanted in coming.get(key, ()):
                wanted += 1
            if wanted <= last:
                verdict.untold.append(Untold(municipality, key, last))

    def _coming(self, verdict: Verdict) -> dict[str, set[int]]:
        """By key, the numbers that the outbox has still to send, or sends again."""
        coming: dict[str, set[int]] = {}
        for one in self._waiting():
            coming.setdefault(one.key, set()).add(one.number)
            verdict.waiting.add(one.key)
        for some in _portions(verdict.unsent):
            with self.database.reading_across() as transaction:
                rows = transaction.connection.execute(
                    select(outbox.c.key, outbox.c.headers).where(outbox.c.seq.in_(some))
                ).all()
            for row in rows:
                sequence = int(row.headers["ce_sequence"])
                coming.setdefault(row.key, set()).add(sequence)
                verdict.missing_keys[row.key] = min(verdict.missing_keys.get(row.key, sequence), sequence)
        return coming

    def sent_without_gap(self) -> int:
        """The outbox's number up to which everything has been sent."""
        with self.database.reading_across() as transaction:
            first = transaction.connection.execute(
                select(func.min(outbox.c.seq)).where(outbox.c.published.is_(None))
            ).scalar_one_or_none()
            if first is not None:
                return int(first) - 1
            return int(transaction.connection.execute(select(func.max(outbox.c.seq))).scalar_one() or 0)


def _least(taken: Sequence[Taken]) -> dict[str, int]:
    least: dict[str, int] = {}
    for key, _, sequence in taken:
        least[key] = min(least.get(key, sequence), sequence)
    return least


def _portions(items: Sequence[UUID] | Sequence[int]) -> Iterator[Sequence[UUID] | Sequence[int]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
