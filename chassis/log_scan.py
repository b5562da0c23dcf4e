"""What lies in the log of one topic, told apart by aggregate: read once, from its beginning or from marks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis.events.ports import EventLog, Mark, Marks, mark_of


@dataclass(frozen=True, slots=True)
class Told:
    """One event in the log, without its value."""

    id: UUID
    municipality: str
    key: str
    sequence: int
    type: str
    time: datetime
    partition: int
    offset: int


@dataclass
class Scan:
    """`highest` by key; `ids` of all events read; `beyond` those of a number past what the store knew of its
    key; `through` by consumer and key: the highest number among
    what the consumer has gone past; `marks` where the log ends; `whole` whether it was read from its
    beginning.
    """

    whole: bool
    highest: dict[str, int] = field(default_factory=dict)
    ids: set[UUID] = field(default_factory=set)
    beyond: list[Told] = field(default_factory=list)
    through: dict[str, dict[str, int]] = field(default_factory=dict)
    marks: dict[int, Mark] = field(default_factory=dict)
    events: int = 0


class OtherLogError(Exception):
    """What a mark names does not lie there: the log is another, or shorter, than it was."""


def scan(
    log: EventLog,
    known: Mapping[str, int],
    *,
    marks: Marks | None = None,
    passed: Mapping[str, Mapping[int, int]] | None = None,
    erased: Collection[str] = (),
) -> Scan:
    """Of municipalities that are `erased` nobody has numbers any more: their events count for nothing.

    `known`: by key, the number that the store had given last before the log is read. `passed`: by
    consumer, as EventLog.passed says. With `marks`, only what lies after them.

    Raises OtherLogError where a mark is wrong, CarrierAwayError.
    """
    kept = log.kept()
    marks = marks or {}
    for number, at in marks.items():
        if number not in kept or not kept[number].first <= at.offset < kept[number].end:
            raise OtherLogError(f"partition {number}")
    found = Scan(whole=not marks)
    through = {consumer: found.through.setdefault(consumer, {}) for consumer in passed or {}}
    awaited: dict[int, Mark | None] = dict(marks)
    for delivery in log.read({number: at.offset for number, at in marks.items()}):
        mark = awaited.pop(delivery.partition, None)
        if mark is not None and mark_of(delivery) != mark:
            raise OtherLogError(f"partition {delivery.partition}")
        found.marks[delivery.partition] = mark_of(delivery)
        found.events += 1
        if delivery.event is None:
            continue
        envelope = delivery.event.envelope
        key, sequence = envelope.key, envelope.sequence
        found.ids.add(envelope.id)
        if envelope.municipality in erased:
            continue
        if sequence > found.highest.get(key, 0):
            found.highest[key] = sequence
        for consumer, highest in through.items():
            if delivery.offset < (passed or {})[consumer].get(delivery.partition, 0):
                highest[key] = max(highest.get(key, 0), sequence)
        if sequence > known.get(key, 0):
            found.beyond.append(
                Told(
                    envelope.id,
                    envelope.municipality,
                    key,
                    sequence,
                    envelope.type,
                    envelope.time,
                    delivery.partition,
                    delivery.offset,
                )
            )
    if awaited:
        raise OtherLogError(f"partition {min(awaited)}")
    return found
