"""What a schedule is made from. Series speak local time, slots UTC; all instants have an offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from services.volunteer.schedule.errors import Reason


@dataclass(frozen=True, slots=True)
class Change:
    """What is different about one occurrence of a series, the one that the rule places on a date.

    `start`, `end`: new local times, without offset (None = as the series has them); `capacity` likewise.
    `sequence`: how often this occurrence has been changed (1 or more).
    """

    start: datetime | None = None
    end: datetime | None = None
    capacity: int | None = None
    cancelled: bool = False
    sequence: int = 1


@dataclass(frozen=True, slots=True)
class Series:
    """A recurring task.

    `start`, `end`: the first occurrence in local time, without offset, at most 24 hours apart on the clock.
    `rule`: an RFC 5545 RRULE value such as FREQ=WEEKLY;COUNT=4 with a FREQ of DAILY to YEARLY and no
    BYHOUR, BYMINUTE or BYSECOND, so that a date names an occurrence; empty = once. `changes`: by the date
    on which the rule places the occurrence. `sequence`: how often the whole series has been changed.
    """

    id: str
    start: datetime
    end: datetime
    zone: tzinfo
    rule: str = ""
    capacity: int = 1
    changes: Mapping[date, Change] = field(default_factory=dict)
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """One occurrence: `on` is the date on which the rule places it and never changes; `start` and `end` are
    UTC. `notes`: what a change night did to its times."""

    series: str
    on: date
    start: datetime
    end: datetime
    zone: tzinfo
    capacity: int
    sequence: int
    cancelled: bool = False
    notes: tuple[Reason, ...] = ()

    @property
    def id(self) -> str:
        """Stable through every change."""
        return f"{self.series}/{self.on.isoformat()}"

    @property
    def length(self) -> timedelta:
        """True time between start and end, also in a night when clocks change."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Shift:
    """A slot that somebody takes: instants with an offset. `pause`: breaks in it that are no working time."""

    id: str
    start: datetime
    end: datetime
    pause: timedelta = timedelta(0)
