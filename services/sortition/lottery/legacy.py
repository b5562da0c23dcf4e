"""The practice's old greedy, for comparison: the method that Flanigan et al. (Nature 2021) found unfair.

Repeatedly take the quota cell whose remaining minimum is largest against the people left in it, seat a
random person of that cell, and drop everyone who can no longer be seated: those in a cell that is full, and
those of a household at its limit. A dead end starts the panel again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np

from services.sortition.lottery.errors import LegacyStuck
from services.sortition.lottery.generator import Generator
from services.sortition.lottery.leximin import Progress, silent
from services.sortition.lottery.lottery import ExactLottery, Method, UniformLottery
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.types import reduce

# Attempts in a row at one panel before the method is said to be stuck.
_RESTARTS = 500


def legacy(
    problem: Problem, seed: str, panels: int, progress: Progress = silent
) -> tuple[ExactLottery, UniformLottery]:
    """`panels` greedy panels. Raises LegacyStuck when one takes too many attempts, and what `reduce` raises.

    The greedy has no exact lottery: its lottery *is* the panels it made, each with weight 1 / panels,
    without stages. A person's chance is their own share of those panels (`UniformLottery.chances`), and
    that is also their chance under the method; `ExactLottery.chances` has the mean of each type.
    """
    reduction = reduce(problem)
    people = _Pool(problem)
    generator = Generator(seed, "legacy")
    drawn = []
    for number in range(panels):
        if number % 100 == 0:
            progress("stage", float(number))
        drawn.append(people.panel(generator))
    kind_of = {person: t for t, kind in enumerate(reduction.types) for person in kind.members}
    counted: Counter[tuple[int, ...]] = Counter()
    held: Counter[str] = Counter()
    for panel in drawn:
        counts = [0] * len(reduction.types)
        for person in panel:
            counts[kind_of[person]] += 1
        counted[tuple(counts)] += 1
        held.update(panel)
    chances = tuple(
        Fraction(sum(held[person] for person in kind.members), panels * len(kind.members))
        for kind in reduction.types
    )
    exact = ExactLottery(
        method=Method.LEGACY,
        size=reduction.size,
        per_address=reduction.per_address,
        types=reduction.types,
        rows=reduction.rows,
        panels=tuple(sorted(counted)),
        weights=tuple(Fraction(counted[panel], panels) for panel in sorted(counted)),
        chances=chances,
        excluded=reduction.excluded,
        unreachable=(),
        stages=(),
        residual=Fraction(0),
    )
    uniform = UniformLottery(
        panels=tuple(tuple(sorted(panel)) for panel in drawn),
        chances={id_: Fraction(held[id_], panels) for id_ in sorted(person.id for person in problem.people)},
    )
    return exact, uniform


class _Pool:
    """The people in groups that the greedy cannot tell apart: alike and without a household that matters.

    `inside[cell, group]` is 1 where the group belongs to the quota cell; `homes[group]` is its household,
    or -1. Whoever shares an address is a group alone.
    """

    def __init__(self, problem: Problem) -> None:
        people = sorted((p for p in problem.people if p.id not in problem.exclude), key=lambda p: p.id)
        targets = sorted(problem.targets, key=lambda t: (t.feature, t.value))
        cell = {(t.feature, t.value): i for i, t in enumerate(targets)}
        self.size = problem.size
        self.per_address = problem.per_address
        self.minimum = np.array([t.minimum for t in targets])
        self.maximum = np.array([t.maximum for t in targets])
        self.must = [person.id for person in people if person.id in problem.include]
        neighbours = Counter(person.address for person in people if person.address)
        limit = problem.per_address
        features = sorted(range(len(problem.features)), key=lambda f: problem.features[f])
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        homes: dict[tuple[str, ...], str] = {}
        for person in people:
            key = tuple(person.values[f] for f in features)
            if limit is not None and person.address and neighbours[person.address] > limit:
                key = (*key, person.id)
                homes[key] = person.address
            groups[key].append(person.id)
        keys = sorted(groups)
        self.members = [groups[key] for key in keys]
        self.group_of = {person: g for g, members in enumerate(self.members) for person in members}
        numbers = {address: i for i, address in enumerate(dict.fromkeys(homes.values()))}
        self.homes = np.array([numbers[homes[key]] if key in homes else -1 for key in keys])
        self.inside = np.zeros((len(targets), len(keys)))
        for g, key in enumerate(keys):
            for feature, value in zip((problem.features[f] for f in features), key, strict=False):
                self.inside[cell[(feature, value)], g] = 1

    def panel(self, generator: Generator) -> list[str]:
        for _ in range(_RESTARTS):
            panel = self._attempt(generator)
            if panel is not None:
                return panel
        raise LegacyStuck(_RESTARTS)

    def _attempt(self, generator: Generator) -> list[str] | None:
        left = np.array([len(members) for members in self.members], dtype=float)
        seated = np.zeros(len(self.minimum))
        at_home: Counter[int] = Counter()
        taken: dict[int, list[str]] = {}
        panel: list[str] = []

        def take(group: int, person: str) -> None:
            panel.append(person)
            taken[group].remove(person)
            left[group] = max(0.0, left[group] - 1)
            cells = np.flatnonzero(self.inside[:, group])
            seated[cells] += 1
            for cell in cells[seated[cells] >= self.maximum[cells]]:
                left[self.inside[cell] > 0] = 0
            home = int(self.homes[group])
            if home >= 0:
                at_home[home] += 1
                if at_home[home] >= (self.per_address or 0):
                    left[self.homes == home] = 0

        for person in self.must:
            group = self.group_of[person]
            taken.setdefault(group, list(self.members[group]))
            take(group, person)
        while len(panel) < self.size:
            remaining = self.inside @ left
            needed = self.minimum - seated
            if np.any(needed > remaining):
                return None
            urgent = np.flatnonzero(needed > 0)
            choices = left
            if len(urgent):
                ratios = needed[urgent] / remaining[urgent]
                best = urgent[ratios == ratios.max()].tolist()
                choices = left * self.inside[best[generator.below(len(best))]]
            ends = np.cumsum(choices)
            if ends[-1] < 1:
                return None
            group = int(np.searchsorted(ends, generator.below(int(ends[-1])), side="right"))
            waiting = taken.setdefault(group, list(self.members[group]))
            take(group, waiting[generator.below(len(waiting))])
        return panel if np.all(seated >= self.minimum) and np.all(seated <= self.maximum) else None
