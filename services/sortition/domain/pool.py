"""The pool: who volunteered, as ids with feature values. Names and addresses are kept apart (`Contact`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError


class Inclusion(StrEnum):
    """Whether the lottery is free to decide about a person."""

    BY_LOT = "BY_LOT"
    MUST = "MUST"
    MUST_NOT = "MUST_NOT"


@dataclass(frozen=True, slots=True)
class Person:
    """One volunteer. `pool_id` is the id in the imported file; `household` an opaque key, "" for nobody's
    neighbour. `in_pool` is False for somebody who left after a draw had taken them in.
    """

    municipality: str
    selection: UUID
    id: UUID
    pool_id: str
    values: Mapping[str, str]
    household: str = ""
    inclusion: Inclusion = Inclusion.BY_LOT
    in_pool: bool = True
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/selections/{self.selection}/people/{self.id}"

    def with_inclusion(self, inclusion: Inclusion) -> Person:
        """Raises DomainError FAILED_PRECONDITION PERSON_LEFT_POOL for somebody who is out of the pool."""
        if not self.in_pool:
            raise DomainError(Code.FAILED_PRECONDITION, "PERSON_LEFT_POOL", {"person": self.name})
        return replace(self, inclusion=inclusion, version=self.version + 1)

    def left(self) -> Person:
        """Out of the pool, kept only because a draw names this id."""
        return replace(
            self, in_pool=False, inclusion=Inclusion.BY_LOT, household="", version=self.version + 1
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """Name, address, phone and the like of one person: the file's columns as they were. Never logged."""

    person: UUID
    fields: Mapping[str, str]


def counts(people: Iterable[Person]) -> Counter[tuple[str, str]]:
    """How many people have each (feature, value)."""
    return Counter(cell for person in people for cell in person.values.items())
