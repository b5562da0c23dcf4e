"""An assembly's report as it was handed over: what promises are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.followup.deadlines.types import Kind, WorkingDayRule


class AnswerUnit(StrEnum):
    """What each answer of the council is about."""

    INITIATIVE = "INITIATIVE"
    RECOMMENDATION = "RECOMMENDATION"


@dataclass(frozen=True, slots=True)
class Initiative:
    """`name` is its resource name in deliberation."""

    name: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    name: str
    title: str
    vision: str = ""
    initiatives: tuple[Initiative, ...] = ()


@dataclass(frozen=True, slots=True)
class PromisedAnswer:
    """What the mandate promised of one answer."""

    months: int
    kind: Kind = Kind.WITHIN
    rule: WorkingDayRule = WorkingDayRule.FORWARD


@dataclass(frozen=True, slots=True)
class Report:
    """`digest` is the SHA-256, in hexadecimal, of the report as handed over; `handover_date` the
    municipality's date.
    """

    assembly: UUID
    title: str
    digest: str
    handover_date: date
    unit: AnswerUnit
    answers: tuple[PromisedAnswer, ...]
    recommendations: tuple[Recommendation, ...]


class HandoverState(StrEnum):
    """WAITING until the report was read and its promises stand."""

    WAITING = "WAITING"
    PROMISED = "PROMISED"


@dataclass(frozen=True, slots=True)
class Handover:
    """That a report was handed over, by deliberation's event, and what came of it here.

    `trouble` is the reason for which it could not be read so far; `title` and `handover_date` are known once
    it was.
    """

    municipality: str
    assembly: UUID
    digest: str
    received_time: datetime
    state: HandoverState = HandoverState.WAITING
    trouble: str = ""
    title: str = ""
    handover_date: date | None = None

    @property
    def assembly_name(self) -> str:
        return f"municipalities/{self.municipality}/assemblies/{self.assembly}"
