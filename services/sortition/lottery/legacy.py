"""The practice's old greedy, for comparison: the method that Flanigan et al. (Nature 2021) found unfair.

Repeatedly take the quota cell whose remaining minimum is largest against the people left in it, seat a
random person of that cell, and drop everyone who can no longer be seated: those in a cell that is full, and
those of a household at its limit. A dead end starts the panel again.
"""

from __future__ import annotations

from collections import Counter
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
    """The people as arrays: `cells[p]` the quota cells of person p, `homes[p]` their household or -1."""

    def __init__(self, problem: Problem) -> None:
        people = sorted((p for p in problem.people if p.id not in problem.exclude), key=lambda p: p.id)
        targets = sorted(problem.targets, key=lambda t: (t.feature, t.value))
        cell = {(t.feature, t.value): i for i, t in enumerate(targets)}
        self.ids = [person.id for person in people]
        self.size = problem.size
        self.per_address = problem.per_address
        self.minimum = np.array([t.minimum for t in targets])
        self.maximum = np.array([t.maximum for t in targets])
        features = sorted(range(len(problem.features)), key=lambda f: problem.features[f])
        self.cells = np.array(
            [[cell[(problem.features[f], person.values[f])] for f in features] for person in people]
        ).reshape(len(people), len(features))
        addresses = {a: i for i, a in enumerate(dict.fromkeys(p.address for p in people if p.address))}
        self.homes = np.array([addresses[p.address] if p.address else -1 for p in people])
        self.must = [i for i, person in enumerate(people) if person.id in problem.include]

    def panel(self, generator: Generator) -> list[str]:
        for _ in range(_RESTARTS):
            seats = self._attempt(generator)
            if seats is not None:
                return [self.ids[p] for p in seats]
        raise LegacyStuck(_RESTARTS)

    def _attempt(self, generator: Generator) -> list[int] | None:
        cells = len(self.minimum)
        left = np.ones(len(self.ids), dtype=bool)
        seated = np.zeros(cells, dtype=np.int64)
        at_home: Counter[int] = Counter()
        panel: list[int] = []

        def take(person: int) -> None:
            panel.append(person)
            left[person] = False
            mine = self.cells[person]
            seated[mine] += 1
            for cell in mine[seated[mine] >= self.maximum[mine]].tolist():
                left[(self.cells == cell).any(axis=1)] = False
            home = int(self.homes[person])
            if self.per_address is not None and home >= 0:
                at_home[home] += 1
                if at_home[home] >= self.per_address:
                    left[self.homes == home] = False

        for person in self.must:
            take(person)
        while len(panel) < self.size:
            remaining = np.bincount(self.cells[left].ravel(), minlength=cells)
            needed = self.minimum - seated
            if np.any(needed > remaining):
                return None
            urgent = np.flatnonzero(needed > 0)
            if len(urgent):
                ratios = needed[urgent] / remaining[urgent]
                # Ties go to chance, as the method does; exact in floats, the same ratio divides alike.
                best = urgent[ratios == ratios.max()].tolist()
                cell = best[generator.below(len(best))]
                choices = np.flatnonzero(left & (self.cells == cell).any(axis=1))
            else:
                choices = np.flatnonzero(left)
            if not len(choices):
                return None
            take(int(choices[generator.below(len(choices))]))
        within = np.all(seated >= self.minimum) and np.all(seated <= self.maximum)
        return panel if within and len(panel) == self.size else None
