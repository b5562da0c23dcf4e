"""What deadlines are made from and what they are. Dates are the municipality's; instants have an offset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.followup.deadlines.errors import Reason


class Kind(StrEnum):
    """WITHIN: an answer counts from the handover to the due date. AFTER: it is given when the months have
    passed, so one before that day is not this checkpoint's."""

    WITHIN = "WITHIN"
    AFTER = "AFTER"


class WorkingDayRule(StrEnum):
    """What happens to a date that is no working day: to the next one, to the one before, or nothing."""

    FORWARD = "FORWARD"
    BACK = "BACK"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A promise: an answer `months` (1 … 600) from the handover."""

    id: str
    kind: Kind
    months: int
    rule: WorkingDayRule = WorkingDayRule.FORWARD


@dataclass(frozen=True, slots=True)
class Extension:
    """More time for one checkpoint: until a date, granted at an instant by an office, with its reason.

    `by` and `why` are carried along as they are.
    """

    checkpoint: str
    until: date
    granted: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class ExtendedDate:
    """An extension with the date that it leads to: `until`, moved by the checkpoint's rule to `due`.

    `granted_on`: the local date of the grant; the extension holds from that day on.
    """

    extension: Extension
    granted_on: date
    due: date
    reasons: tuple[Reason, ...]

    @property
    def until(self) -> date:
        return self.extension.until


@dataclass(frozen=True, slots=True)
class Deadline:
    """A checkpoint's dates, the original's first.

    `nominal`: handover plus months, clipped to the month's end. `due`: moved by the working-day rule; it
    never changes. `opens`: the first day on which an answer counts for this checkpoint. `reasons`: how the
    original dates came about, in order. `extensions`: in the order in which they were granted.
    """

    checkpoint: Checkpoint
    handover: date
    nominal: date
    due: date
    opens: date
    overdue_from: date
    reasons: tuple[Reason, ...]
    extensions: tuple[ExtendedDate, ...] = ()

    def due_on(self, day: date) -> date:
        """The due date in force on `day`: of the last extension granted by then, else the original."""
        granted = [each.due for each in self.extensions if each.granted_on <= day]
        return granted[-1] if granted else self.due


class State(StrEnum):
    """Where a checkpoint stands."""

    NOT_YET_OPEN = "NOT_YET_OPEN"
    OPEN = "OPEN"
    DUE_TODAY = "DUE_TODAY"
    OVERDUE = "OVERDUE"
    ANSWERED_IN_TIME = "ANSWERED_IN_TIME"
    ANSWERED_LATE = "ANSWERED_LATE"


@dataclass(frozen=True, slots=True)
class Status:
    """A checkpoint on the local date `on`.

    `due`: the due date in force (for an answer: when it came). `days`: to the due date while it waits, days
    past it when it is late, else 0. `reasons`: what made it so.
    """

    state: State
    on: date
    due: date
    days: int
    reasons: tuple[Reason, ...]
