"""A selection: one panel to be drawn by lot, from preparation over the published draw to the confirmed panel.

    PREPARING --publish a draw--> DRAWN --confirm the panel--> CONFIRMED

What a draw was made of never changes afterwards: a draw keeps its own frozen copy of targets and pool.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation
from services.sortition.domain import target as targets_
from services.sortition.domain.target import Target, features_of
from services.sortition.domain.texts import faults

MAX_TITLE = 120
MAX_PURPOSE = 2000
MAX_SIZE = 10_000
MAX_PER_ADDRESS = 2

EDITABLE = frozenset({"title", "purpose", "size", "per_address", "targets"})
_FROZEN_BY_DRAW = frozenset({"size", "per_address", "targets"})


class SelectionState(StrEnum):
    PREPARING = "PREPARING"
    DRAWN = "DRAWN"
    CONFIRMED = "CONFIRMED"


@dataclass(frozen=True, slots=True)
class Selection:
    """`per_address` is the most people of one household on the panel, None for any number.

    `version` counts the changes; it makes the etag. `published_draw` gave the panel.
    """

    municipality: str
    id: UUID
    title: str
    purpose: str
    size: int
    per_address: int | None
    targets: tuple[Target, ...]
    state: SelectionState
    create_time: datetime
    update_time: datetime
    version: int = 1
    published_draw: UUID | None = None
    confirm_time: datetime | None = None

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/selections/{self.id}"

    @property
    def features(self) -> tuple[str, ...]:
        return features_of(self.targets)

    def edited(self, fields: frozenset[str], wanted: SelectionFields, now: datetime) -> Selection:
        """This selection with `fields` taken from `wanted`.

        Raises DomainError INVALID_ARGUMENT SELECTION_INVALID with every wrong field, FAILED_PRECONDITION
        SELECTION_DRAWN when a published draw rests on one of them.
        """
        frozen = sorted(fields & _FROZEN_BY_DRAW)
        if frozen and self.state is not SelectionState.PREPARING:
            raise self.already_drawn()
        merged = SelectionFields(
            title=wanted.title if "title" in fields else self.title,
            purpose=wanted.purpose if "purpose" in fields else self.purpose,
            size=wanted.size if "size" in fields else self.size,
            per_address=wanted.per_address if "per_address" in fields else self.per_address,
            targets=wanted.targets if "targets" in fields else self.targets,
        ).checked()
        return replace(
            self,
            title=merged.title,
            purpose=merged.purpose,
            size=merged.size,
            per_address=merged.per_address,
            targets=merged.targets,
            version=self.version + 1,
            update_time=now,
        )

    def require_preparing(self) -> None:
        """Raises DomainError FAILED_PRECONDITION SELECTION_DRAWN once a draw is published."""
        if self.state is not SelectionState.PREPARING:
            raise self.already_drawn()

    def drawn(self, draw: UUID, now: datetime) -> Selection:
        """With a published draw. Raises DomainError FAILED_PRECONDITION SELECTION_DRAWN when there is one."""
        self.require_preparing()
        return replace(
            self,
            state=SelectionState.DRAWN,
            published_draw=draw,
            version=self.version + 1,
            update_time=now,
        )

    def confirmed(self, now: datetime) -> Selection:
        """With its panel confirmed. Raises FAILED_PRECONDITION SELECTION_NOT_DRAWN or PANEL_CONFIRMED."""
        self.require_drawn()
        if self.state is SelectionState.CONFIRMED:
            raise DomainError(Code.FAILED_PRECONDITION, "PANEL_CONFIRMED", {"selection": self.name})
        return replace(
            self,
            state=SelectionState.CONFIRMED,
            confirm_time=now,
            version=self.version + 1,
            update_time=now,
        )

    def require_drawn(self) -> UUID:
        """The published draw. Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN if there is none."""
        if self.published_draw is None:
            raise DomainError(Code.FAILED_PRECONDITION, "SELECTION_NOT_DRAWN", {"selection": self.name})
        return self.published_draw

    def already_drawn(self) -> DomainError:
        metadata = {"selection": self.name, "state": self.state.value}
        return DomainError(Code.FAILED_PRECONDITION, "SELECTION_DRAWN", metadata)


@dataclass(frozen=True, slots=True)
class SelectionFields:
    """What a person decides about a selection."""

    title: str
    purpose: str
    size: int
    per_address: int | None
    targets: tuple[Target, ...] = ()

    def checked(self) -> SelectionFields:
        """With texts trimmed. Raises DomainError SELECTION_INVALID with every wrong field."""
        clean = replace(
            self,
            title=" ".join(self.title.split()),
            purpose=self.purpose.strip(),
            per_address=self.per_address or None,
            targets=targets_.normalised(self.targets),
        )
        found = faults("title", clean.title, MAX_TITLE, required=True)
        found += faults("purpose", clean.purpose, MAX_PURPOSE)
        if not 1 <= clean.size <= MAX_SIZE:
            found.append(FieldViolation("size", "SIZE_OUT_OF_RANGE", {"limit": str(MAX_SIZE)}))
        if clean.per_address is not None and not 1 <= clean.per_address <= MAX_PER_ADDRESS:
            found.append(
                FieldViolation("per_address", "PER_ADDRESS_OUT_OF_RANGE", {"limit": str(MAX_PER_ADDRESS)})
            )
        found += targets_.violations(clean.targets)
        if found:
            raise DomainError(Code.INVALID_ARGUMENT, "SELECTION_INVALID", {}, tuple(found))
        return clean
