"""Seats for combinations of values: a table of whole numbers that has both margins.

The population's table is first fitted to the margins (iterative proportional fitting: Deming and Stephan
1940), which keeps its odds ratios, then rounded by controlled rounding (Cox, 'A constructive procedure for
unbiased controlled rounding', JASA 1987; Causey, Cox and Ernst 1985): each cell becomes a neighbour of its
fitted number, and of all such tables with these margins the one with the least sum of squared differences is
taken. Only where floors, ceilings or a third feature leave none may cells move further. With two features the
programme is a network, so its linear relaxation is whole; with more it is solved as an integer programme.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.solver import INFINITY, Model, compressed

Table = NDArray[np.float64]
Counts = NDArray[np.int64]

FITTED = 1e-12
MOST_ROUNDS = 5_000
_WHOLE = 1e-7
# Sums of squares (seats²) that differ by less count as equal.
_TIE = 1e-6


def fit(population: Table, margins: Sequence[Counts]) -> Table:
    """The population's table scaled to the margins (seats), shape as given; zeros stay zero.

    Stops when every margin is met to 1e-12 of the size, or after 5,000 rounds: where zeros leave no fitted
    table it has come as near as that.
    """
    table = population.astype(float).copy()
    size = float(margins[0].sum())
    axes = range(table.ndim)
    for _ in range(MOST_ROUNDS):
        off = 0.0
        for axis in axes:
            others = tuple(other for other in axes if other != axis)
            have = table.sum(axis=others)
            off = max(off, float(np.abs(have - margins[axis]).max(initial=0.0)))
            factor = np.divide(margins[axis], have, out=np.zeros_like(have), where=have > 0)
            shape = [-1 if other == axis else 1 for other in axes]
            table *= factor.reshape(shape)
        if off <= FITTED * max(size, 1.0):
            break
    return table


def round_to_margins(
    fitted: Table, margins: Sequence[Counts], lower: Counts, upper: Counts, order: Sequence[int]
) -> Counts | None:
    """The nearest whole table with these margins and lower <= cell <= upper; None when there is none.

    `order` breaks ties: among the nearest tables the first cell (flat index) gets as much as it can, then the
    second, and so on.
    """
    if not feasible(margins, lower, upper):
        return None
    target = np.where(np.abs(fitted - np.rint(fitted)) < _WHOLE, np.rint(fitted), fitted).ravel()
    low, high = lower.ravel(), upper.ravel()
    widest = int(max((high - low).max(initial=0), (np.abs(target - low)).max(initial=0), 1)) + 1
    width = 0
    while True:
        box_low = np.clip(np.floor(target).astype(int) - width, low, high)
        box_high = np.clip(np.ceil(target).astype(int) + width, low, high)
        found = _nearest(target, margins, box_low, box_high, order)
        if found is not None:
            return found.reshape(fitted.shape)
        if width > widest:
            raise SolverFailed("a feasible table was not found in its own box")
        width = max(1, 2 * width)


def feasible(
    margins: Sequence[Counts], lower: Counts, upper: Counts, free: frozenset[int] = frozenset()
) -> bool:
    """Whether any whole table has these margins within its bounds (negative upper: none).

    `free`: numbers of margin rows (counted over all axes) that need not hold.
    """
    shape = tuple(len(margin) for margin in margins)
    rows = [
        Row(RowKind.QUOTA, tuple((cell, 1) for cell in members), total, total)
        for number, (members, total) in enumerate(_margin_rows(shape, margins))
        if number not in free
    ]
    low = lower.ravel().astype(float)
    high = np.where(upper.ravel() < 0, INFINITY, upper.ravel()).astype(float)
    model = Model(np.zeros(low.size), low, high, *compressed(rows), integer=len(shape) > 2)
    return model.solve()


def _margin_rows(shape: tuple[int, ...], margins: Sequence[Counts]) -> Iterator[tuple[list[int], int]]:
    """(flat positions of the cells, their seats) per value of each feature."""
    cells = np.arange(math.prod(shape)).reshape(shape)
    for axis, margin in enumerate(margins):
        for value, seats in enumerate(margin):
            members = np.take(cells, value, axis=axis).ravel()
            yield members.tolist(), int(seats)


def _nearest(
    target: Table,
    margins: Sequence[Counts],
    low: NDArray[np.int_],
    high: NDArray[np.int_],
    order: Sequence[int],
) -> Counts | None:
    """Least squares within the box: each cell is its low plus steps of one, each dearer than the last."""
    shape = tuple(len(margin) for margin in margins)
    steps = [(cell, int(at)) for cell in range(target.size) for at in range(int(low[cell]), int(high[cell]))]
    columns: dict[int, list[int]] = {}
    for column, (cell, _) in enumerate(steps):
        columns.setdefault(cell, []).append(column)
    gains = np.array([2 * (target[cell] - at) - 1 for cell, at in steps])
    rows = []
    for members, total in _margin_rows(shape, margins):
        left = total - sum(int(low[cell]) for cell in members)
        entries = sorted((c, 1) for cell in members for c in columns.get(cell, ()))
        rows.append(Row(RowKind.QUOTA, tuple(entries), left, left))
    integer = len(shape) > 2
    zeros, ones = np.zeros(len(steps)), np.ones(len(steps))
    if not steps:
        return low.astype(np.int64) if all(row.lower == 0 for row in rows) else None
    model = Model(gains, zeros, ones, *compressed(rows), integer=integer)
    if not model.solve():
        return None
    values = model.values
    if integer:
        entries32 = np.arange(len(steps), dtype=np.int32)
        model.add_row(model.objective - _TIE, INFINITY, entries32, gains)
    else:
        # A step with a reduced cost has one value in every nearest table; the others are tied.
        free = np.abs(model.reduced_costs) < _WHOLE
        zeros, ones = np.where(free, zeros, np.rint(values)), np.where(free, ones, np.rint(values))
        model.set_bounds(zeros, ones)
    for cell in order:
        own = [c for c in columns.get(cell, ()) if zeros[c] < ones[c]]
        if not own:
            continue
        if any(values[c] < 0.5 for c in own):
            wish = np.zeros(len(steps))
            wish[own] = 1.0
            model.set_costs(wish)
            if model.solve():
                values = model.values
        for c in own:
            zeros[c] = ones[c] = float(np.rint(values[c]))
            model.set_bound(c, zeros[c], ones[c])
    seats = low.astype(np.int64).copy()
    for column, (cell, _) in enumerate(steps):
        seats[cell] += round(values[column])
    return seats


@dataclass(frozen=True, slots=True)
class Clash:
    """Positions of limits that cannot hold together: margins by row, the others by cell."""

    people: list[int]
    margins: list[int]
    ceilings: list[int]
    floors: list[int]

    def __len__(self) -> int:
        return sum(map(len, (self.people, self.margins, self.ceilings, self.floors)))


def minimal_clash(margins: Sequence[Counts], floors: Counts, ceilings: Counts, people: Counts) -> Clash:
    """A minimal set of limits that cannot hold together: without any one of them the rest can.

    Found by deletion (Chinneck, 'Feasibility and Infeasibility in Optimization', 2008, chapter 6): what
    nobody set is tried first, so that floors and ceilings are kept as the explanation. Two orders are tried
    and the smaller set taken. `ceilings` are -1 for none. The limits together must be infeasible.
    """
    forward = list(range(sum(len(margin) for margin in margins)))
    found = [_deletion(margins, floors, ceilings, people, rows) for rows in (forward, forward[::-1])]
    return min(found, key=len)


def _deletion(
    margins: Sequence[Counts], floors: Counts, ceilings: Counts, people: Counts, rows: list[int]
) -> Clash:
    cells = range(people.size)
    kept = [
        list(cells),
        rows,
        [c for c in cells if ceilings.flat[c] >= 0],
        [c for c in cells if floors.flat[c] > 0],
    ]

    def can(limits: Sequence[list[int]]) -> bool:
        low = np.zeros(people.size, dtype=np.int64)
        low[limits[3]] = floors.ravel()[limits[3]]
        high = np.full(people.size, -1, dtype=np.int64)
        high[limits[0]] = people.ravel()[limits[0]]
        for c in limits[2]:
            high[c] = ceilings.flat[c] if high[c] < 0 else min(high[c], ceilings.flat[c])
        if ((high >= 0) & (high < low)).any():
            return False
        shape = people.shape
        return feasible(margins, low.reshape(shape), high.reshape(shape), frozenset(rows) - {*limits[1]})

    for kind in range(len(kept)):
        # Half of them at once while that helps, then one by one.
        waiting = list(kept[kind])
        chunk = max(1, len(waiting) // 2)
        while waiting:
            part = set(waiting[:chunk])
            trial = [[m for m in group if k != kind or m not in part] for k, group in enumerate(kept)]
            if not can(trial):
                kept = trial
            elif chunk > 1:
                chunk //= 2
                continue
            waiting = waiting[chunk:]
    return Clash(*(sorted(group) for group in kept))


def product(values: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """All combinations, the last feature changing fastest: the flat order of the tables here."""
    return list(itertools.product(*values))
