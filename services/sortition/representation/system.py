"""Everything that published tables say about one another, as linear rows over the figures.

Written in deviations d from the true figures, so that the right-hand sides of the equations are zero and
the solver's tolerances are those of small numbers: d = 0 is the truth, and every other whole d that keeps
the rows and bounds is a set of figures that fits just as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.sortition.lottery.solver import INFINITY, Indices, Model, Vector
from services.sortition.representation.tables import shared, within
from services.sortition.representation.types import Key, Stage, Table

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]
# What is known of a figure beside the tables: at least, and at most if anything.
Limits = tuple[int, int | None]

_EXACT = 1e-6


class System:
    """The figures of complete tables (`tables.complete`), and what binds them.

    `keys[i]` has `counts[i]` people. Rows: values of a feature add up to the stage's base; a table added up
    is each table of fewer of its features; a stage lies within the one before where all its figures do.
    """

    def __init__(self, tables: Sequence[Table], limits: Mapping[Key, Limits]) -> None:
        self.stages = [stage for stage in Stage if stage in tables[0].counts]
        self.keys = [
            Key(stage, table.features, cell)
            for stage in self.stages
            for table in tables
            for cell in table.cells
        ]
        self.place = {key: i for i, key in enumerate(self.keys)}
        self.counts: Whole = np.array(
            [count for stage in self.stages for table in tables for count in table.counts[stage]],
            dtype=np.int64,
        )
        least = np.zeros(len(self.keys), dtype=np.int64)
        most = np.array(
            [sum(table.counts[stage]) for stage in self.stages for table in tables for _ in table.cells],
            dtype=np.int64,
        )
        for key, (low, high) in limits.items():
            i = self.place[key]
            least[i] = max(0, low)
            most[i] = min(most[i], most[i] if high is None else high)
        self.least, self.most = least, most
        self._rows: list[tuple[list[int], list[int], float]] = []
        for stage in self.stages:
            self._additions(stage, tables)
        for earlier, later in itertools.pairwise(self.stages):
            if within(tables, later, earlier):
                self._nesting(tables, earlier, later)

    def _additions(self, stage: Stage, tables: Sequence[Table]) -> None:
        listed = {frozenset(table.features) for table in tables}
        for table in tables:
            if len(table.features) == 1:
                self._row([self.place[Key(stage, table.features, cell)] for cell in table.cells], [])
        for first, second in itertools.combinations(tables, 2):
            common = shared(first, second)
            part_of = common and len(common) == min(len(first.features), len(second.features))
            # Otherwise what two crosses share binds both, unless its own table binds them already.
            if not part_of and (not common or frozenset(common) in listed):
                continue
            one, other = self._groups(stage, first, common), self._groups(stage, second, common)
            for values in one:
                self._row(one[values], other[values])

    def _groups(self, stage: Stage, table: Table, common: Sequence[str]) -> dict[tuple[str, ...], list[int]]:
        axes = [table.features.index(feature) for feature in common]
        groups: dict[tuple[str, ...], list[int]] = {}
        for cell in table.cells:
            values = tuple(cell[axis] for axis in axes)
            groups.setdefault(values, []).append(self.place[Key(stage, table.features, cell)])
        return groups

    def _nesting(self, tables: Sequence[Table], earlier: Stage, later: Stage) -> None:
        for table in tables:
            for cell in table.cells:
                part, whole = (self.place[Key(s, table.features, cell)] for s in (later, earlier))
                self._row([part], [whole], float(self.counts[whole] - self.counts[part]))

    def _row(self, plus: list[int], minus: list[int], slack: float | None = None) -> None:
        """sum(plus) = sum(minus), or up to `slack` over it where that is given (then without a lower end)."""
        self._rows.append((plus, minus, -1.0 if slack is None else slack))

    def model(self, *, copies: int = 1, integer: bool = False) -> Model:
        """The rows over d, without costs and with all d = 0; with two copies d = first - second."""
        n = len(self.keys)
        starts, indices, values = [0], [], []
        for plus, minus, _ in self._rows:
            signed = [(i, 1.0) for i in plus] + [(i, -1.0) for i in minus]
            entries = sorted((copy * n + i, -a if copy else a) for copy in range(copies) for i, a in signed)
            indices += [i for i, _ in entries]
            values += [a for _, a in entries]
            starts.append(len(indices))
        lower = np.array([0.0 if slack < 0 else -INFINITY for _, _, slack in self._rows])
        upper = np.array([max(slack, 0.0) for _, _, slack in self._rows])
        zeros: Vector = np.zeros(copies * n)
        starts32: Indices = np.array(starts, dtype=np.int32)
        indices32: Indices = np.array(indices, dtype=np.int32)
        return Model(
            zeros, zeros, zeros, lower, upper, starts32, indices32, np.array(values), integer=integer
        )

    def holds(self, deviation: Whole) -> bool:
        """Whether figures that deviate so fit every row: plain whole-number arithmetic, no solver."""
        figures = self.counts + deviation
        if (figures < self.least).any() or (figures > self.most).any():
            return False
        for plus, minus, slack in self._rows:
            over = int(deviation[plus].sum() - deviation[minus].sum())
            if over > max(slack, 0.0) or (slack < 0 and over < 0):
                return False
        return True

    def range_of(self, model: Model, i: int, low: Vector, high: Vector) -> tuple[int, int]:
        """The least and the most that figure i can be in the linear relaxation, rounded inwards."""
        model.set_bounds(low, high)
        ends = []
        for sense in (-1.0, 1.0):
            costs = np.zeros(len(self.keys))
            costs[i] = sense
            model.set_costs(costs)
            model.solve()
            ends.append(float(model.values[i]))
        count = int(self.counts[i])
        return count + int(np.ceil(ends[0] - _EXACT)), count + int(np.floor(ends[1] + _EXACT))

    def bounds(self, hidden: Mask) -> tuple[Vector, Vector]:
        """d's bounds when these figures are not published: shown ones cannot deviate."""
        low = np.where(hidden, self.least - self.counts, 0).astype(float)
        high = np.where(hidden, self.most - self.counts, 0).astype(float)
        return low, high


def whole(values: Vector) -> Whole | None:
    """The values as whole numbers, None if they are not."""
    rounded = np.rint(values)
    return rounded.astype(np.int64) if np.abs(values - rounded).max(initial=0.0) < _EXACT else None


def intervals(
    tables: Sequence[Table], hidden: Collection[Key], limits: Mapping[Key, Limits]
) -> dict[Key, tuple[int, int]]:
    """What anybody can solve for: the least and the most that each hidden figure can be.

    `tables` complete. Solved by linear programmes, two a figure, over every published figure, every total,
    the order of the stages and `limits`.
    """
    system = System(tables, limits)
    mask = np.array([key in hidden for key in system.keys])
    model = system.model()
    low, high = system.bounds(mask)
    return {system.keys[i]: system.range_of(model, int(i), low, high) for i in np.flatnonzero(mask)}
