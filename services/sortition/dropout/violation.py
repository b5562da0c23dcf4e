"""Quotas that cannot all be met: the least that must give, as the fewest seats, then the fewest quotas."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.sortition.lottery.loosen import Change, Loosening
from services.sortition.lottery.problem import Problem, Target
from services.sortition.lottery.types import reduce


@dataclass(frozen=True, slots=True)
class Violation:
    """One side of one quota that the panel misses by `seats` people: below its minimum, or above its maximum.

    `bound` is the minimum or maximum, `reached` what the panel has, both in people.
    """

    feature: str
    value: str
    below: bool
    bound: int
    reached: int

    @property
    def seats(self) -> int:
        return abs(self.bound - self.reached)


def least(problem: Problem) -> tuple[Violation, ...] | None:
    """The least violation after which there is a panel: () if there is one anyway, None if none ever.

    Exact, by an integer programme. Raises what `reduce` raises.
    """
    changes = Loosening(reduce(problem), flexible=False).least()
    if changes is None:
        return None
    found = [_violation(change) for change in changes]
    return tuple(sorted(found, key=lambda v: (v.feature, v.value, v.below)))


def accept(problem: Problem, violations: tuple[Violation, ...]) -> Problem:
    """The problem with just these bounds moved to what can be reached."""
    moved = {(v.feature, v.value, v.below): v.reached for v in violations}

    def target(old: Target) -> Target:
        minimum = moved.get((old.feature, old.value, True), old.minimum)
        maximum = moved.get((old.feature, old.value, False), old.maximum)
        return replace(old, minimum=minimum, maximum=maximum)

    return replace(problem, targets=tuple(target(old) for old in problem.targets))


def _violation(change: Change) -> Violation:
    row = change.row
    bound = (row.lower if change.down else row.upper) or 0
    reached = bound - change.seats if change.down else bound + change.seats
    return Violation(row.feature, row.value, change.down, bound, reached)
