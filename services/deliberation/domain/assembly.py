"""A citizens' assembly: its task, whose panel sits in it, what the council promised, and where it stands.

PREPARING --its panel is confirmed--> SEATED --its report is handed over--> HANDED_OVER
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation
from services.deliberation.domain import checkpoint as checkpoints_
from services.deliberation.domain import texts
from services.deliberation.domain.checkpoint import USUAL, Checkpoint

LONGEST_TITLE = 120
LONGEST_TASK = 2000

EDITABLE = ("title", "task", "outside", "selection", "checkpoints", "answer_unit")


class AssemblyState(StrEnum):
    PREPARING = "PREPARING"
    SEATED = "SEATED"
    HANDED_OVER = "HANDED_OVER"


class AnswerUnit(StrEnum):
    """What each answer of the council is about."""

    INITIATIVE = "INITIATIVE"
    RECOMMENDATION = "RECOMMENDATION"


@dataclass(frozen=True, slots=True)
class AssemblyFields:
    """What a person decides about an assembly. `selection` is the UUID of sortition's selection."""

    title: str
    task: str
    outside: str
    selection: UUID | None
    checkpoints: tuple[Checkpoint, ...] = ()
    answer_unit: AnswerUnit = AnswerUnit.INITIATIVE

    def checked(self, also: Sequence[FieldViolation] = ()) -> AssemblyFields:
        """Tidied, with the usual checkpoints where none are named, in the order of their months.

        Raises DomainError ASSEMBLY_INVALID with every wrong field; `also` are those that could not be read.
        """
        clean = replace(
            self,
            title=texts.one_line(self.title),
            task=texts.lines(self.task),
            outside=texts.lines(self.outside),
            checkpoints=self.checkpoints or USUAL,
        )
        found = [
            *texts.violations("title", clean.title, LONGEST_TITLE, required=True),
            *texts.violations("task", clean.task, LONGEST_TASK),
            *texts.violations("outside", clean.outside, LONGEST_TASK),
            *checkpoints_.violations(clean.checkpoints),
        ]
        found += also
        if clean.selection is None and not any(each.field == "selection" for each in also):
            found.append(FieldViolation("selection", "SELECTION_REQUIRED"))
        if found:
            raise DomainError(Code.INVALID_ARGUMENT, "ASSEMBLY_INVALID", {}, tuple(found))
        return replace(clean, checkpoints=tuple(sorted(clean.checkpoints, key=lambda each: each.months)))


@dataclass(frozen=True, slots=True)
class Assembly:
    """`members` is the number of its panel's seats, 0 before; `draw` the public draw that gave them.

    `version` counts its changes from 1.
    """

    municipality: str
    id: UUID
    title: str
    task: str
    outside: str
    selection: UUID
    checkpoints: tuple[Checkpoint, ...]
    answer_unit: AnswerUnit
    state: AssemblyState
    members: int
    draw: UUID | None
    create_time: datetime
    update_time: datetime
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/assemblies/{self.id}"

    @property
    def selection_name(self) -> str:
        return f"municipalities/{self.municipality}/selections/{self.selection}"

    def fields(self) -> AssemblyFields:
        return AssemblyFields(
            self.title, self.task, self.outside, self.selection, self.checkpoints, self.answer_unit
        )

    def require_open(self) -> None:
        """Raises DomainError FAILED_PRECONDITION ASSEMBLY_HANDED_OVER once its report is the council's."""
        if self.state is AssemblyState.HANDED_OVER:
            raise DomainError(Code.FAILED_PRECONDITION, "ASSEMBLY_HANDED_OVER", {"assembly": self.name})

    def edited(self, wanted: AssemblyFields, now: datetime) -> Assembly:
        """With these (checked) fields; itself when nothing differs.

        Raises DomainError FAILED_PRECONDITION ASSEMBLY_HANDED_OVER, or ASSEMBLY_SEATED for another selection
        when the members of this one sit already.
        """
        self.require_open()
        if wanted == self.fields() or wanted.selection is None:
            return self
        if wanted.selection != self.selection and self.state is not AssemblyState.PREPARING:
            violation = FieldViolation("selection", "ASSEMBLY_SEATED")
            metadata = {"assembly": self.name}
            raise DomainError(Code.FAILED_PRECONDITION, "ASSEMBLY_SEATED", metadata, (violation,))
        return replace(
            self,
            title=wanted.title,
            task=wanted.task,
            outside=wanted.outside,
            selection=wanted.selection,
            checkpoints=wanted.checkpoints,
            answer_unit=wanted.answer_unit,
            version=self.version + 1,
            update_time=now,
        )

    def seated(self, members: int, draw: UUID | None, now: datetime) -> Assembly:
        """With its members. Raises RuntimeError unless it waits for them: a panel is confirmed once."""
        if self.state is not AssemblyState.PREPARING:
            raise RuntimeError("an assembly is seated once")
        return replace(
            self,
            state=AssemblyState.SEATED,
            members=members,
            draw=draw,
            version=self.version + 1,
            update_time=now,
        )

    def handed_over(self, now: datetime) -> Assembly:
        """Raises DomainError FAILED_PRECONDITION ASSEMBLY_NOT_SEATED or ASSEMBLY_HANDED_OVER."""
        self.require_open()
        if self.state is not AssemblyState.SEATED:
            raise DomainError(Code.FAILED_PRECONDITION, "ASSEMBLY_NOT_SEATED", {"assembly": self.name})
        return replace(self, state=AssemblyState.HANDED_OVER, version=self.version + 1, update_time=now)


def set_up(municipality: str, assembly_id: UUID, checked: AssemblyFields, now: datetime) -> Assembly:
    """A new assembly of fields that were checked."""
    assert checked.selection is not None  # noqa: S101 - what `checked` holds
    return Assembly(
        municipality=municipality,
        id=assembly_id,
        title=checked.title,
        task=checked.task,
        outside=checked.outside,
        selection=checked.selection,
        checkpoints=checked.checkpoints,
        answer_unit=checked.answer_unit,
        state=AssemblyState.PREPARING,
        members=0,
        draw=None,
        create_time=now,
        update_time=now,
    )
