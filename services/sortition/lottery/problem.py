"""What a lottery is asked: who volunteered, which targets the panel must meet, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """How many members of the panel may have one value of one feature (a quota).

    `minimum` and `maximum` are counts of people, both included. `min_flex` and `max_flex` bound how far
    the target may be moved when the targets are infeasible; None leaves that side open. `reason` says
    why the value is drawn above its share on purpose (an over-draw), and is published with the record.
    """

    feature: str
    value: str
    minimum: int
    maximum: int
    min_flex: int | None = None
    max_flex: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One volunteer: the pool's own id, a value per feature (in `Problem.features` order), a household key.

    `address` is an opaque key that is equal for people of one household; None is nobody's neighbour.
    """

    id: str
    values: tuple[str, ...]
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A whole question to the lottery. Made only from input that has been checked at the edge.

    Invariants: ids are unique; every value of every person has a target; every target's feature is in
    `features`; 0 <= minimum <= maximum; 1 <= size <= len(people); `include` and `exclude` are disjoint
    ids of people. `per_address` is the most people one household may have on the panel, None for any.
    """

    features: tuple[str, ...]
    targets: tuple[Target, ...]
    people: tuple[Person, ...]
    size: int
    per_address: int | None = None
    include: frozenset[str] = field(default_factory=frozenset)
    exclude: frozenset[str] = field(default_factory=frozenset)
