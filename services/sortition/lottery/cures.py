"""What would make infeasible targets feasible: the least changes, several kinds of them, ranked.

Ranked by how many people each frees: how many of the pool can be on some panel after the change (before it,
nobody can). Words are made elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from services.sortition.lottery.errors import Infeasible
from services.sortition.lottery.loosen import Change, Loosening
from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.problem import Problem, Target
from services.sortition.lottery.reach import Bound, reachable
from services.sortition.lottery.solver import Model, compressed
from services.sortition.lottery.types import Reduction, reduce

# How many different sets of target changes are looked for.
ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class BoundChange:
    """One side of one target moved from `old` to `new` people."""

    feature: str
    value: str
    bound: Bound
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Cure:
    """A change after which there are panels.

    `bounds` are target changes, in the order of feature and value. `size` is another size of the panel,
    `per_address` another limit per address, `released` ids no longer bound to be drawn; each None or empty
    when it stays. `seats` is the sum of all steps of `bounds`. `frees` counts the people who can be on some
    panel afterwards. `least` marks the fewest seats of change among the cures by targets alone.
    `beyond_flex` says that a target moves further than its min_flex or max_flex allows.
    """

    bounds: tuple[BoundChange, ...] = ()
    size: int | None = None
    per_address: int | None = None
    released: tuple[str, ...] = ()
    seats: int = 0
    frees: int = 0
    least: bool = False
    beyond_flex: bool = False


def find(problem: Problem) -> tuple[Cure, ...]:
    """Cures of an infeasible problem, the one that frees most people first. Empty only if nothing cures."""
    found = [*_by_targets(problem), *_by_size(problem), *_by_address(problem), *_by_release(problem)]
    if not found:
        found = list(_by_everything(problem))
    return tuple(sorted(found, key=_rank))


def apply(problem: Problem, cure: Cure) -> Problem:
    """The problem as the cure would have it."""
    moved = {(c.feature, c.value, c.bound): c.new for c in cure.bounds}

    def target(old: Target) -> Target:
        minimum = moved.get((old.feature, old.value, Bound.MINIMUM), old.minimum)
        maximum = moved.get((old.feature, old.value, Bound.MAXIMUM), old.maximum)
        return replace(old, minimum=minimum, maximum=maximum)

    return replace(
        problem,
        targets=tuple(target(old) for old in problem.targets),
        size=cure.size if cure.size is not None else problem.size,
        per_address=cure.per_address if cure.per_address is not None else problem.per_address,
        include=problem.include - set(cure.released),
    )


def _rank(cure: Cure) -> tuple[int, int, int, tuple[tuple[str, str, str], ...], int, int, tuple[str, ...]]:
    kinds = bool(cure.bounds) + 2 * (cure.size is not None) + 4 * (cure.per_address is not None)
    return (
        -cure.frees,
        cure.seats,
        kinds,
        tuple((c.feature, c.value, c.bound.value) for c in cure.bounds),
        cure.size or 0,
        cure.per_address or 0,
        cure.released,
    )


def _counted(reduction: Reduction, cure: Cure) -> Cure:
    """The cure with the people it frees, counted exactly on the changed problem's `reduction`."""
    reached = reachable(reduction) or set()
    return replace(cure, frees=sum(len(reduction.types[t].members) for t in reached))


def _moved(reduction: Reduction, cure: Cure) -> Reduction:
    """The reduction of the cured problem, where only bounds or the size change: types stay as they are."""
    moved = {(c.feature, c.value, c.bound): c.new for c in cure.bounds}

    def row(old: Row) -> Row:
        if old.kind is RowKind.SIZE and cure.size is not None:
            return replace(old, lower=cure.size, upper=cure.size)
        if old.kind is not RowKind.QUOTA:
            return old
        return replace(
            old,
            lower=moved.get((old.feature, old.value, Bound.MINIMUM), old.lower),
            upper=moved.get((old.feature, old.value, Bound.MAXIMUM), old.upper),
        )

    return replace(
        reduction,
        rows=tuple(row(old) for old in reduction.rows),
        size=reduction.size if cure.size is None else cure.size,
    )


def _by_targets(problem: Problem) -> Iterator[Cure]:
    try:
        reduction = reduce(problem)
    except Infeasible:
        return
    for flexible in (True, False):
        least: int | None = None
        loosening = Loosening(reduction, problem.targets, flexible=flexible)
        for _ in range(ALTERNATIVES):
            changes = loosening.least()
            if not changes:
                break
            loosening.forbid(changes)
            seats = sum(change.seats for change in changes)
            least = seats if least is None else least
            cure = Cure(
                tuple(map(_bound_change, changes)),
                seats=seats,
                least=seats == least,
                beyond_flex=not flexible,
            )
            yield _counted(_moved(reduction, cure), cure)
        if least is not None:
            return


def _bound_change(change: Change) -> BoundChange:
    if change.down:
        old, new, bound = change.row.lower or 0, (change.row.lower or 0) - change.seats, Bound.MINIMUM
    else:
        old, new, bound = change.row.upper or 0, (change.row.upper or 0) + change.seats, Bound.MAXIMUM
    return BoundChange(change.row.feature, change.row.value, bound, old, new)


def _by_size(problem: Problem) -> Iterator[Cure]:
    """The nearest smaller and the nearest larger panel that the targets allow."""
    eligible = sum(1 for person in problem.people if person.id not in problem.exclude)
    try:
        reduction = reduce(replace(problem, size=min(problem.size, eligible)))
    except Infeasible:
        return
    rows = [row for row in reduction.rows if row.kind is not RowKind.SIZE]
    everyone = next(row.coefficients for row in reduction.rows if row.kind is RowKind.SIZE)
    for sign, lower, upper in ((1.0, 1, problem.size - 1), (-1.0, problem.size + 1, eligible)):
        if lower > upper:
            continue
        model = _integer_model(reduction, [Row(RowKind.SIZE, everyone, lower, upper), *rows])
        model.set_costs(np.full(len(reduction.types), sign))
        if model.solve():
            cure = Cure(size=round(abs(model.objective)))
            yield _counted(_moved(reduction, cure), cure)


def _integer_model(reduction: Reduction, rows: list[Row]) -> Model:
    row_lower, row_upper, starts, indices, values = compressed(rows)
    lower = np.array([kind.lower for kind in reduction.types], dtype=float)
    upper = np.array([kind.upper for kind in reduction.types], dtype=float)
    costs = np.zeros(len(lower))
    return Model(costs, lower, upper, row_lower, row_upper, starts, indices, values, integer=True)


def _by_address(problem: Problem) -> Iterator[Cure]:
    """The smallest limit per address with which there are panels."""
    if problem.per_address is None:
        return
    for limit in range(problem.per_address + 1, _largest_household(problem) + 1):
        try:
            cure = Cure(per_address=limit)
            cure = _counted(reduce(apply(problem, cure)), cure)
        except Infeasible:
            continue
        if cure.frees:
            yield cure
            return


def _largest_household(problem: Problem) -> int:
    sizes: dict[str, int] = defaultdict(int)
    for person in problem.people:
        if person.address and person.id not in problem.exclude:
            sizes[person.address] += 1
    return max(sizes.values(), default=0)


def _by_release(problem: Problem) -> Iterator[Cure]:
    """The fewest people who must be drawn now and would have to take their chance like everybody."""
    if not problem.include:
        return
    try:
        reduction = reduce(replace(problem, include=frozenset()))
    except Infeasible:
        return
    bound = sorted(problem.include)
    kept = {person: len(reduction.types) + i for i, person in enumerate(bound)}
    rows = list(reduction.rows)
    for t, kind in enumerate(reduction.types):
        mine = [kept[member] for member in kind.members if member in kept]
        if mine:
            rows.append(Row(RowKind.TRUSTED, ((t, 1), *((column, -1) for column in mine)), 0, None))
    homes: dict[str, list[int]] = defaultdict(list)
    for person in sorted(problem.people, key=lambda person: person.id):
        if person.address and person.id in kept:
            homes[person.address].append(kept[person.id])
    limit = problem.per_address
    if limit is not None:
        rows += [
            Row(RowKind.TRUSTED, tuple((column, 1) for column in columns), None, limit)
            for columns in homes.values()
            if len(columns) > limit
        ]
    row_lower, row_upper, starts, indices, values = compressed(rows)
    lower = np.array([*(k.lower for k in reduction.types), *([0] * len(bound))], dtype=float)
    upper = np.array([*(k.upper for k in reduction.types), *([1] * len(bound))], dtype=float)
    costs = np.array([*([0] * len(reduction.types)), *([1] * len(bound))], dtype=float)
    model = Model(costs, lower, upper, row_lower, row_upper, starts, indices, values, integer=True)
    if not model.solve():
        return
    stay = np.round(model.values[len(reduction.types) :])
    released = tuple(person for person, keep in zip(bound, stay, strict=True) if not keep)
    if released:
        cure = Cure(released=released)
        yield _counted(reduce(apply(problem, cure)), cure)


def _by_everything(problem: Problem) -> Iterator[Cure]:
    """The last resort: no single kind of change cures, so nobody must be drawn, any number per address."""
    limit = max(_largest_household(problem), 1) if problem.per_address is not None else None
    base = Cure(
        per_address=limit if limit is not None and limit > (problem.per_address or 0) else None,
        released=tuple(sorted(problem.include)),
    )
    freer = apply(problem, base)
    if freer == problem:
        return
    for cure in _by_targets(freer):
        yield replace(cure, per_address=base.per_address, released=base.released, least=False)


__all__ = ["ALTERNATIVES", "BoundChange", "Cure", "apply", "find"]
