"""What the front page knows of the other services' work: promises, and tasks for volunteers. Counts only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Promise:
    """What the council owes of one initiative (or recommendation), as followup's events told it.

    `assembly` is None and `due_dates` empty while only later events of it have come. `answered` and `overdue`
    hold checkpoints' ids; `wanted` how many volunteers are sought, 0 for none.
    """

    id: UUID
    assembly: UUID | None = None
    subject: str = ""
    due_dates: tuple[date, ...] = ()
    answered: frozenset[str] = field(default_factory=frozenset)
    overdue: frozenset[str] = field(default_factory=frozenset)
    wanted: int = 0

    @property
    def still_due(self) -> tuple[date, ...]:
        """The dates whose answers are outstanding: council answers in the order of its dates."""
        return self.due_dates[len(self.answered) :]


@dataclass(frozen=True, slots=True)
class Task:
    """A task of volunteer's: whether people can sign up, and how many places are free."""

    id: UUID
    promise: UUID | None
    open: bool
    places: int
    free: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the promises of an assembly (or of all) stand: answers given of answers owed, answers overdue,
    and the next date on which one is due.
    """

    promises: int
    answered: int
    owed: int
    overdue: int
    next_due: date | None


def standing(promises: Sequence[Promise], today: date) -> Standing:
    coming = [day for promise in promises for day in promise.still_due if day >= today]
    return Standing(
        promises=len(promises),
        answered=sum(len(promise.answered) for promise in promises),
        owed=sum(max(len(promise.due_dates), len(promise.answered)) for promise in promises),
        overdue=sum(len(promise.overdue - promise.answered) for promise in promises),
        next_due=min(coming, default=None),
    )
