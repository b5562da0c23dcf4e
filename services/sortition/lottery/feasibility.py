"""Whether any panel meets the targets; the pool against each of them; who fits no panel; what would help."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from services.sortition.lottery import cures
from services.sortition.lottery.cures import Cure
from services.sortition.lottery.errors import Infeasible
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.reach import Blocked, blocked, reachable
from services.sortition.lottery.types import reduce


@dataclass(frozen=True, slots=True)
class PoolCount:
    """One target and the people of the pool who have its value and may be drawn (`pool`)."""

    feature: str
    value: str
    minimum: int
    maximum: int
    pool: int

    @property
    def short_by(self) -> int:
        """How many people the pool lacks to reach the minimum."""
        return max(0, self.minimum - self.pool)


@dataclass(frozen=True, slots=True)
class FeatureSum:
    """One feature's minima and maxima added up: no panel is smaller than the one, larger than the other."""

    feature: str
    minima: int
    maxima: int


@dataclass(frozen=True, slots=True)
class Feasibility:
    """The answer. `counts` and `sums` are in the targets' order.

    Feasible: `blocked` are those who fit no panel at all. Infeasible: `cures` are ranked, and `blocked` is
    empty, since then everybody is.
    """

    feasible: bool
    size: int
    people: int
    counts: tuple[PoolCount, ...]
    sums: tuple[FeatureSum, ...]
    blocked: tuple[Blocked, ...]
    cures: tuple[Cure, ...]

    @property
    def short(self) -> tuple[PoolCount, ...]:
        """Targets whose minimum the pool cannot reach whatever the others are."""
        return tuple(count for count in self.counts if count.short_by)

    @property
    def clashing(self) -> tuple[FeatureSum, ...]:
        """Features whose own targets exclude every panel of this size."""
        return tuple(s for s in self.sums if s.minima > self.size or s.maxima < self.size)


def pool_counts(problem: Problem) -> tuple[PoolCount, ...]:
    """Each target with the people who have its value and are not excluded."""
    tally: Counter[tuple[str, str]] = Counter()
    for values, times in Counter(p.values for p in problem.people if p.id not in problem.exclude).items():
        for feature, value in zip(problem.features, values, strict=True):
            tally[(feature, value)] += times
    return tuple(
        PoolCount(t.feature, t.value, t.minimum, t.maximum, tally[(t.feature, t.value)])
        for t in problem.targets
    )


def feature_sums(problem: Problem) -> tuple[FeatureSum, ...]:
    """The minima and maxima of each feature, added up."""
    return tuple(
        FeatureSum(
            feature,
            sum(t.minimum for t in problem.targets if t.feature == feature),
            sum(t.maximum for t in problem.targets if t.feature == feature),
        )
        for feature in problem.features
    )


def check(problem: Problem, *, with_cures: bool = True) -> Feasibility:
    """Exactly whether there is a panel, by integer programmes; no tolerance decides."""
    counts, sums = pool_counts(problem), feature_sums(problem)
    people = sum(1 for person in problem.people if person.id not in problem.exclude)
    try:
        reduction = reduce(problem)
    except Infeasible:
        reduction = None
    reached = reachable(reduction) if reduction is not None else None
    if reduction is None or reached is None:
        found = cures.find(problem) if with_cures else ()
        return Feasibility(False, problem.size, people, counts, sums, (), found)
    shut_out = [t for t in range(len(reduction.types)) if t not in reached]
    return Feasibility(True, problem.size, people, counts, sums, blocked(reduction, shut_out), ())
