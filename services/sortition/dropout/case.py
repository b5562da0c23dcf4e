"""A panel and those who could replace its members, as arrays: one row per target, one column per class.

The loss of a panel is that of Assos, Baharav, Flanigan and Procaccia ('Alternates, assemble!', EC 2025,
arXiv 2506.15716): the sum over all targets of how many people the panel is below its minimum or above its
maximum, each divided by the maximum (or 1 if that is 0). Their second, binary loss is 1 unless every target
is met; it is 0 exactly where the first is, so both come from one optimisation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.sortition.dropout.errors import BadInput, Reason
from services.sortition.lottery.generator import Generator
from services.sortition.lottery.lottery import PersonType
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.solver import Vector
from services.sortition.lottery.types import Reduction, reduce

Matrix = NDArray[np.float64]
_WORDS = float(1 << 64)


@dataclass(frozen=True, slots=True)
class Scenarios:
    """What may happen: `present` (scenarios x targets) how many stay per value, `gone` how many do not."""

    present: Matrix
    gone: Vector

    def __len__(self) -> int:
        return len(self.gone)


@dataclass(frozen=True, slots=True)
class Case:
    """`targets` sorted by feature and value; `minimum`, `maximum`, `weight` (1 / maximum) per target.

    `panel` are the members sorted by id and `members` (members x targets) their values as 0 and 1.
    `reduction` groups the candidates into types for a set of `count` alternates; `classes` (types x targets)
    are the types' values as 0 and 1.
    """

    targets: tuple[Target, ...]
    minimum: Vector
    maximum: Vector
    weight: Vector
    panel: tuple[Person, ...]
    members: Matrix
    candidates: Problem
    reduction: Reduction
    classes: Matrix

    @property
    def types(self) -> tuple[PersonType, ...]:
        return self.reduction.types

    @property
    def count(self) -> int:
        return self.reduction.size

    def draw(self, rates: dict[str, float], count: int, seed: str, purpose: str) -> Scenarios:
        """`count` independent scenarios: each member stays with their own rate.

        From the specified generator, members in the order of their ids, so that the rows'
        order does not matter.
        """
        generator = Generator(seed, purpose)
        chance = np.array([rates[person.id] for person in self.panel])
        words = [[generator.word() for _ in self.panel] for _ in range(count)]
        stays = np.array(words, dtype=float).reshape(count, len(self.panel)) / _WORDS < chance
        # A word that rounds up to 1.0 still stays where the rate is 1.
        stays |= chance >= 1.0
        return Scenarios(stays @ self.members, len(self.panel) - stays.sum(axis=1).astype(float))

    def losses_without(self, scenarios: Scenarios) -> Vector:
        """The loss of each scenario when nobody is replaced."""
        short = np.maximum(self.minimum - scenarios.present, 0.0)
        over = np.maximum(scenarios.present - self.maximum, 0.0)
        return np.asarray((short + over) @ self.weight)


def of(problem: Problem, panel: Collection[str], count: int) -> Case:
    """The case of a drawn panel. Candidates are the pool without the panel and whom `problem` excludes.

    Where a limit per address binds, nobody is a candidate whose address the panel already fills, or would
    fill together with the candidates there. Raises BadInput: PANEL_EMPTY, PANEL_UNKNOWN (ids not in the
    pool), COUNT_NEGATIVE, TOO_FEW_CANDIDATES.
    """
    known = {person.id: person for person in problem.people}
    faults = []
    if not panel:
        faults.append(Reason("PANEL_EMPTY"))
    strangers = sum(1 for person in panel if person not in known)
    if strangers:
        faults.append(Reason("PANEL_UNKNOWN", {"n": strangers}))
    if count < 0:
        faults.append(Reason("COUNT_NEGATIVE", {"count": count}))
    if faults:
        raise BadInput(faults)
    members = tuple(known[person] for person in sorted(panel))
    people = _candidates(problem, frozenset(panel))
    if len(people) < count:
        raise BadInput([Reason("TOO_FEW_CANDIDATES", {"count": count, "candidates": len(people)})])
    targets = tuple(sorted(problem.targets, key=lambda target: (target.feature, target.value)))
    wide = tuple(replace(target, minimum=0, maximum=count) for target in targets)
    candidates = replace(
        problem, targets=wide, people=people, size=count, include=frozenset(), exclude=frozenset()
    )
    reduction = reduce(candidates)
    return Case(
        targets=targets,
        minimum=np.array([t.minimum for t in targets], dtype=float),
        maximum=np.array([t.maximum for t in targets], dtype=float),
        weight=1.0 / np.maximum(np.array([t.maximum for t in targets], dtype=float), 1.0),
        panel=members,
        members=indicators(problem.features, targets, [person.values for person in members]),
        candidates=candidates,
        reduction=reduction,
        classes=indicators(problem.features, targets, [kind.values for kind in reduction.types]),
    )


def indicators(features: Sequence[str], targets: Sequence[Target], rows: Sequence[tuple[str, ...]]) -> Matrix:
    """(rows x targets): 1 where the row's values contain the target's."""
    column = {(target.feature, target.value): i for i, target in enumerate(targets)}
    made = np.zeros((len(rows), len(targets)))
    for r, values in enumerate(rows):
        for feature, value in zip(features, values, strict=True):
            made[r, column[(feature, value)]] = 1.0
    return made


def _candidates(problem: Problem, panel: frozenset[str]) -> tuple[Person, ...]:
    free = [p for p in problem.people if p.id not in panel and p.id not in problem.exclude]
    limit = problem.per_address
    if limit is None:
        return tuple(free)
    seated: dict[str, int] = {}
    waiting: dict[str, int] = {}
    for person in problem.people:
        if person.address and person.id in panel:
            seated[person.address] = seated.get(person.address, 0) + 1
    for person in free:
        if person.address:
            waiting[person.address] = waiting.get(person.address, 0) + 1

    def fits(person: Person) -> bool:
        home = person.address
        return not home or home not in seated or seated[home] + waiting[home] <= limit

    return tuple(person for person in free if fits(person))
