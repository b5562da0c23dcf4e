"""Seats: what a published draw gave, and what the people in them answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation


class Answer(StrEnum):
    NOT_ASKED = "NOT_ASKED"
    ASKED = "ASKED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat. `id` is the random UUID that the other services know a member by; `person` is ours alone."""

    municipality: str
    selection: UUID
    id: UUID
    draw: UUID
    person: UUID
    answer: Answer = Answer.NOT_ASKED
    answer_time: datetime | None = None
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/selections/{self.selection}/seats/{self.id}"

    def answered(self, answer: Answer, now: datetime) -> Seat:
        """Any answer may be corrected to any other until the panel is confirmed."""
        return replace(self, answer=answer, answer_time=now, version=self.version + 1)


def require_answer(answer: Answer | None) -> Answer:
    """Raises DomainError INVALID_ARGUMENT ANSWER_INVALID for none."""
    if answer is None:
        violation = FieldViolation("answer", "REQUIRED")
        raise DomainError(Code.INVALID_ARGUMENT, "ANSWER_INVALID", {}, (violation,))
    return answer


def panel_of(seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """The accepted seats, once everyone drawn has been asked and has answered.

    Raises DomainError FAILED_PRECONDITION SEATS_UNANSWERED (how many wait) or NO_SEAT_ACCEPTED.
    """
    answers = Counter(seat.answer for seat in seats)
    waiting = answers[Answer.NOT_ASKED] + answers[Answer.ASKED]
    if waiting:
        metadata = {"not_asked": str(answers[Answer.NOT_ASKED]), "asked": str(answers[Answer.ASKED])}
        raise DomainError(Code.FAILED_PRECONDITION, "SEATS_UNANSWERED", metadata)
    accepted = tuple(seat for seat in seats if seat.answer is Answer.ACCEPTED)
    if not accepted:
        raise DomainError(Code.FAILED_PRECONDITION, "NO_SEAT_ACCEPTED")
    return accepted
