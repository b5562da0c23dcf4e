"""Why a standing panel could not be planned or drawn, as reasons with parameters. Words are made outside.

Parameters carry features, values, rotations, dates and counts; of a person at most the pool's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable UPPER_SNAKE code and the parameters of its words."""

    code: str
    params: Mapping[str, Parameter] = field(default_factory=dict)


class Side(StrEnum):
    """Which side of a quota."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One quota that gives way: at `rotation` the body has `reached` with the value, the quota is `quota`."""

    rotation: int
    feature: str
    value: str
    side: Side
    quota: int
    reached: int


class RotationError(Exception):
    """Base of everything that this package raises on purpose."""


class BadInput(RotationError):  # noqa: N818 - says what is the case, as callers say it
    """The question contradicts itself. `reasons` holds every fault found, not only the first."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class Infeasible(RotationError):  # noqa: N818
    """No plan keeps every quota at every rotation.

    `rotation` is the first that cannot be kept together with all before it; up to there a plan exists.
    `shortfalls` are quotas of the plan that breaks them by the fewest seats in all, over the whole horizon:
    loosened by so much, they can be kept. Empty when there are too few people whatever the quotas are;
    then `seats` and `people` say what that rotation lacks: seats to fill, and the most people who could be.
    """

    def __init__(
        self, rotation: int, shortfalls: Sequence[Shortfall] = (), seats: int = 0, people: int = 0
    ) -> None:
        super().__init__(f"no plan keeps every quota up to rotation {rotation}")
        self.rotation = rotation
        self.shortfalls = tuple(shortfalls)
        self.seats = seats
        self.people = people
