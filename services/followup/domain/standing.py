"""Where a promise stands as a whole, in one word: what the tracker counts and filters by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.followup.deadlines.types import State, Status
from services.followup.domain.checkpoint import Answer, Checkpoint
from services.followup.domain.promise import Promise


class Stand(StrEnum):
    """OVERDUE as soon as any date passed unanswered; else the newest answer; else WAITING for the first."""

    OVERDUE = "OVERDUE"
    WAITING = "WAITING"
    FOLLOWED = "FOLLOWED"
    PARTLY = "PARTLY"
    UNDER_WAY = "UNDER_WAY"
    NOT_FOLLOWED = "NOT_FOLLOWED"


UNANSWERED = (State.NOT_YET_OPEN, State.OPEN, State.DUE_TODAY)


@dataclass(frozen=True, slots=True)
class Standing:
    """`latest` is the newest answer; `overdue` those whose date passed unanswered, oldest first; `next` the
    next one that is still to be answered, with its date in force.
    """

    stand: Stand
    latest: Answer | None
    overdue: tuple[Checkpoint, ...]
    next: Checkpoint | None

    @property
    def next_due(self) -> date | None:
        return self.next.effective_due if self.next else None


def standing(promise: Promise, statuses: Mapping[UUID, Status]) -> Standing:
    """`statuses` as `Promise.statuses` gives them."""
    ordered = sorted(promise.checkpoints, key=lambda checkpoint: checkpoint.effective_due)
    overdue = tuple(each for each in ordered if statuses[each.id].state is State.OVERDUE)
    waiting = [each for each in ordered if statuses[each.id].state in UNANSWERED]
    latest = promise.latest_answer
    if overdue:
        stand = Stand.OVERDUE
    else:
        stand = Stand(latest.decision.value) if latest else Stand.WAITING
    return Standing(stand, latest, overdue, waiting[0] if waiting else None)
