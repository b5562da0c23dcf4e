"""A date on which the council owes an answer: how it came about, what was answered, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

from services.followup.deadlines import types as engine
from services.followup.deadlines.errors import Reason
from services.followup.deadlines.status import status
from services.followup.deadlines.types import Deadline, Kind, Status, WorkingDayRule

_DAY = timedelta(days=1)


class Decision(StrEnum):
    """Whether the council follows what was proposed."""

    FOLLOWED = "FOLLOWED"
    PARTLY = "PARTLY"
    UNDER_WAY = "UNDER_WAY"
    NOT_FOLLOWED = "NOT_FOLLOWED"

    @property
    def follows(self) -> bool:
        """At least in part."""
        return self in (Decision.FOLLOWED, Decision.PARTLY)


@dataclass(frozen=True, slots=True)
class Answer:
    """Published, and never changed. `answer_date` is the municipality's; `number` is the promise's version
    that it made: the later one has the higher, whatever the clock says.
    """

    id: UUID
    number: int
    decision: Decision
    reason: str
    committee: str
    office: str
    actions: str
    evidence_uris: tuple[str, ...]
    answer_date: date
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Extension:
    """More time, beside the original date. `due` is `until` as moved by the checkpoint's rule; `reasons` say
    how; it holds from the day `granted_on`. `number` as an answer's.
    """

    id: UUID
    number: int
    until: date
    due: date
    granted_on: date
    office: str
    reason: str
    reasons: tuple[Reason, ...]
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`nominal` is handover plus months, `due` as moved to a working day: neither ever changes. `opens` is
    the first day on which an answer counts; `reasons` say how the dates came about, as counted at the
    handover.

    `told_due`: the due date of which it was told that it passed unanswered.
    """

    id: UUID
    months: int
    kind: Kind
    rule: WorkingDayRule
    handover: date
    nominal: date
    due: date
    opens: date
    reasons: tuple[Reason, ...]
    extensions: tuple[Extension, ...] = ()
    answers: tuple[Answer, ...] = ()
    told_due: date | None = None

    @property
    def effective_due(self) -> date:
        """The date in force: of the last extension, else the original."""
        return self.extensions[-1].due if self.extensions else self.due

    @property
    def answered_on(self) -> date | None:
        """When the first answer came. None came before its day: such are refused."""
        return self.answers[0].answer_date if self.answers else None

    @property
    def deadline(self) -> Deadline:
        """As the engine has it."""
        granted = tuple(
            engine.ExtendedDate(
                engine.Extension(str(self.id), each.until, each.create_time, each.office, each.reason),
                each.granted_on,
                each.due,
                each.reasons,
            )
            for each in self.extensions
        )
        promised = engine.Checkpoint(str(self.id), self.kind, self.months, self.rule)
        return Deadline(
            promised,
            self.handover,
            self.nominal,
            self.due,
            self.opens,
            self.due + _DAY,
            self.reasons,
            granted,
        )

    def status(self, now: datetime, zone: tzinfo) -> Status:
        """Where it stands at an instant, by the clock alone."""
        answered = self.answers[0].create_time if self.answers else None
        # A clock that was moved back must not take the page away.
        return status(self.deadline, max(now, answered or now), zone, answered)
