"""An assembly's report: recommendations, each with its initiatives, written until it is handed over.

DRAFT --hand over--> HANDED_OVER, which nothing leaves
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation
from services.deliberation.domain import texts
from services.deliberation.domain.assembly import AnswerUnit
from services.deliberation.domain.checkpoint import Checkpoint
from services.deliberation.domain.support import Support

LONGEST_TITLE = 200
LONGEST_PREFACE = 8000
LONGEST_TEXT = 4000
MOST_RECOMMENDATIONS = 50
MOST_INITIATIVES = 200

REPORT_EDITABLE = ("title", "preface")
RECOMMENDATION_EDITABLE = ("title", "vision", "position")
INITIATIVE_EDITABLE = ("title", "text", "support", "position")


class ReportState(StrEnum):
    DRAFT = "DRAFT"
    HANDED_OVER = "HANDED_OVER"


@dataclass(frozen=True, slots=True)
class Handover:
    """What was fixed when the report became the council's. `content` is the canonical form whose SHA-256,
    in hexadecimal, is `digest`; `day` the municipality's date.
    """

    time: datetime
    day: date
    checkpoints: tuple[Checkpoint, ...]
    answer_unit: AnswerUnit
    content: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Report:
    """Its head; `version` counts every change of the whole, recommendations and initiatives too."""

    municipality: str
    assembly: UUID
    title: str
    preface: str
    version: int
    update_time: datetime
    handover: Handover | None = None

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/assemblies/{self.assembly}/report"

    @property
    def state(self) -> ReportState:
        return ReportState.DRAFT if self.handover is None else ReportState.HANDED_OVER

    def require_draft(self) -> None:
        """Raises DomainError FAILED_PRECONDITION REPORT_HANDED_OVER: from then on nothing of it changes."""
        if self.handover is not None:
            raise DomainError(Code.FAILED_PRECONDITION, "REPORT_HANDED_OVER", {"report": self.name})

    def touched(self, now: datetime) -> Report:
        """After a change of anything in it."""
        self.require_draft()
        return replace(self, version=self.version + 1, update_time=now)

    def edited(self, fields: frozenset[str], title: str, preface: str, now: datetime) -> Report:
        """Raises DomainError REPORT_INVALID with every wrong field, REPORT_HANDED_OVER."""
        self.require_draft()
        merged = replace(
            self,
            title=texts.one_line(title) if "title" in fields else self.title,
            preface=texts.lines(preface) if "preface" in fields else self.preface,
        )
        refuse(
            "REPORT_INVALID",
            [
                *texts.violations("title", merged.title, LONGEST_TITLE),
                *texts.violations("preface", merged.preface, LONGEST_PREFACE),
            ],
        )
        return self if merged == self else merged.touched(now)


@dataclass(frozen=True, slots=True)
class Initiative:
    """`support` None: no ballot was held on it. `position` from 1, within its recommendation."""

    id: UUID
    recommendation: UUID
    title: str
    text: str
    support: Support | None
    position: int
    version: int = 1

    def checked(self) -> Initiative:
        """Tidied. Raises DomainError INITIATIVE_INVALID with every wrong field."""
        clean = replace(self, title=texts.one_line(self.title), text=texts.lines(self.text))
        refuse(
            "INITIATIVE_INVALID",
            [
                *texts.violations("title", clean.title, LONGEST_TITLE, required=True),
                *texts.violations("text", clean.text, LONGEST_TEXT),
                *(clean.support.violations() if clean.support else []),
            ],
        )
        return clean


@dataclass(frozen=True, slots=True)
class Recommendation:
    """With its initiatives in the order of their positions. `position` from 1."""

    id: UUID
    title: str
    vision: str
    position: int
    initiatives: tuple[Initiative, ...] = ()
    version: int = 1

    def checked(self) -> Recommendation:
        """Tidied. Raises DomainError RECOMMENDATION_INVALID with every wrong field."""
        clean = replace(self, title=texts.one_line(self.title), vision=texts.lines(self.vision))
        refuse(
            "RECOMMENDATION_INVALID",
            [
                *texts.violations("title", clean.title, LONGEST_TITLE, required=True),
                *texts.violations("vision", clean.vision, LONGEST_TEXT),
            ],
        )
        return clean


def moved(order: Sequence[UUID], what: UUID, position: int, reason: str) -> list[UUID]:
    """The order with `what` at `position`, counted from 1; the others keep theirs.

    Raises DomainError `reason` with the violation POSITION_INVALID.
    """
    if not 1 <= position <= len(order):
        refuse(reason, [FieldViolation("position", "POSITION_INVALID", {"last": str(len(order))})])
    rest = [each for each in order if each != what]
    return [*rest[: position - 1], what, *rest[position - 1 :]]


def faults(recommendations: Sequence[Recommendation], answer_unit: AnswerUnit) -> list[FieldViolation]:
    """What keeps a report that has recommendations from being handed over, by place.

    Texts and counts were refused as they were written, so what is left is what is missing: where the council
    answers by initiative, a recommendation without one would get no answer.
    """
    if answer_unit is not AnswerUnit.INITIATIVE:
        return []
    return [
        FieldViolation(
            f"recommendations[{index}].initiatives",
            "RECOMMENDATION_WITHOUT_INITIATIVE",
            {"number": str(recommendation.position)},
        )
        for index, recommendation in enumerate(recommendations)
        if not recommendation.initiatives
    ]


def check_complete(
    report: Report, recommendations: Sequence[Recommendation], answer_unit: AnswerUnit
) -> None:
    """Raises DomainError FAILED_PRECONDITION REPORT_EMPTY, or REPORT_INCOMPLETE with every fault."""
    if not recommendations:
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_EMPTY", {"report": report.name})
    found = faults(recommendations, answer_unit)
    if found:
        metadata = {"report": report.name, "faults": str(len(found))}
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_INCOMPLETE", metadata, tuple(found))


def refuse(reason: str, violations: Sequence[FieldViolation]) -> None:
    if violations:
        raise DomainError(Code.INVALID_ARGUMENT, reason, {}, tuple(violations))
