"""Feasibility beside each number while typing: what a value's count could be, given all the other targets.

By linear programmes over the relaxation, some milliseconds each, so the range is an outer one: no panel lies
outside it, and now and then its last seat cannot be reached. `feasibility.check` has the exact answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.sortition.lottery.errors import Infeasible
from services.sortition.lottery.feasibility import PoolCount, pool_counts
from services.sortition.lottery.lottery import RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.types import Reduction, reduce

# Floats just above an integer are that integer.
_NEAR = 1e-6


class Given(StrEnum):
    """What a room was worked out under: as much of the question as is feasible without the target itself."""

    TARGETS = "targets"
    OTHER_FEATURES = "other_features"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Room:
    """One target: the pool's count, and the least and the most that the rest of the question leaves room for.

    `given` says what the rest is: all other targets; where those are infeasible by themselves, only those of
    other features; where those are too, the pool and the panel's size alone.
    """

    count: PoolCount
    lowest: int
    highest: int
    given: Given

    @property
    def fits(self) -> bool:
        """Whether the target leaves the panel possible, as far as the relaxation tells."""
        inside = self.count.minimum <= self.highest and self.count.maximum >= self.lowest
        return inside and self.given is Given.TARGETS


def quick_check(problem: Problem) -> tuple[Room, ...]:
    """For each target, in their order, the pool's count and the room that the others leave it."""
    counts = pool_counts(problem)
    try:
        reduction = reduce(problem)
    except Infeasible:
        return tuple(_by_pool(problem, count) for count in counts)
    probe = _Probe(reduction)
    return tuple(probe.room(count) or _by_pool(problem, count) for count in counts)


def _by_pool(problem: Problem, count: PoolCount) -> Room:
    return Room(count, 0, min(count.pool, problem.size), Given.POOL)


class _Probe:
    """One linear programme, whose rows are lifted and put back."""

    def __init__(self, reduction: Reduction) -> None:
        self._reduction = reduction
        polytope = Polytope.of(reduction.types, reduction.rows)
        self._model = polytope.model(polytope.lower, polytope.upper, polytope.row_lower, polytope.row_upper)
        self._row = {
            (row.feature, row.value): index
            for index, row in enumerate(reduction.rows)
            if row.kind is RowKind.QUOTA
        }

    def room(self, count: PoolCount) -> Room | None:
        """The room under all other targets, else under other features'; None when both are infeasible."""
        own = self._row[(count.feature, count.value)]
        siblings = [index for (feature, _), index in self._row.items() if feature == count.feature]
        for lifted, given in (([own], Given.TARGETS), (siblings, Given.OTHER_FEATURES)):
            for index in lifted:
                self._model.set_row_bound(index, 0.0, float(self._reduction.size))
            found = self._range(own)
            for index in lifted:
                row = self._reduction.rows[index]
                self._model.set_row_bound(index, float(row.lower or 0), float(row.upper or 0))
            if found is not None:
                return Room(count, *found, given)
        return None

    def _range(self, index: int) -> tuple[int, int] | None:
        costs = np.zeros(len(self._reduction.types))
        costs[[t for t, _ in self._reduction.rows[index].coefficients]] = 1.0
        self._model.set_costs(costs)
        if not self._model.solve():
            return None
        highest = math.floor(self._model.objective + _NEAR)
        self._model.set_costs(-costs)
        if not self._model.solve():
            return None
        return math.ceil(-self._model.objective - _NEAR), highest
