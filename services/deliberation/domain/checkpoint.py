"""When the council answers: what it promised of each answer, and the dates that follow in the calendar.

Working days are followup's to know: here a date is nominal, the handover plus months.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chassis.errors import FieldViolation

LEAST_MONTHS, MOST_MONTHS = 1, 600
MOST_CHECKPOINTS = 24


class CheckpointKind(StrEnum):
    """WITHIN: an answer counts from the handover on. AFTER: only when the months have passed."""

    WITHIN = "WITHIN"
    AFTER = "AFTER"


class WorkingDayRule(StrEnum):
    """Where a date goes that is no working day."""

    FORWARD = "FORWARD"
    BACK = "BACK"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An answer `months` from the handover."""

    months: int
    kind: CheckpointKind = CheckpointKind.WITHIN
    working_day_rule: WorkingDayRule = WorkingDayRule.FORWARD

    def nominal_date(self, handover: date) -> date:
        """The handover is day zero; a day that its month lacks is the month's last."""
        months = handover.year * 12 + handover.month - 1 + self.months
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(handover.day, monthrange(year, month)[1]))


USUAL = tuple(Checkpoint(months) for months in (3, 10, 24))
"""What holds when nothing else was promised."""


def violations(checkpoints: Sequence[Checkpoint], field: str = "checkpoints") -> list[FieldViolation]:
    found = []
    if len(checkpoints) > MOST_CHECKPOINTS:
        found.append(FieldViolation(field, "CHECKPOINTS_TOO_MANY", {"limit": str(MOST_CHECKPOINTS)}))
    seen: set[int] = set()
    for index, checkpoint in enumerate(checkpoints):
        place = f"{field}[{index}].months"
        if not LEAST_MONTHS <= checkpoint.months <= MOST_MONTHS:
            limits = {"least": str(LEAST_MONTHS), "most": str(MOST_MONTHS)}
            found.append(FieldViolation(place, "MONTHS_OUT_OF_RANGE", limits))
        elif checkpoint.months in seen:
            found.append(FieldViolation(place, "MONTHS_REPEATED", {"months": str(checkpoint.months)}))
        seen.add(checkpoint.months)
    return found
