"""Finding panels: the best integer point of a box and its rows for given costs, fast or exactly.

Diving solves the linear programme, fixes its most fractional count to the nearest integer, solves again
from where it stood, and goes on; a dead end turns the last choice round. A panel takes 5 to 20 solves of
a few pivots each. When diving gets lost an integer programme takes over, so a panel is found whenever
there is one.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.solver import Model, Vector

# Linear programmes that one dive may cost before an integer programme takes over.
_DIVE_LIMIT = 600
_INTEGRAL = 1e-7
# How many undecided counts a dive looks at first where there are many more, and 10 or more fractional ones.
_NEARBY = 90


class Search(Protocol):
    """What looks for panels: `PanelSearch`, or one that knows more about which vectors are panels."""

    empty: bool

    def relaxed_bound(self, costs: Vector) -> float | None: ...

    def near(self, costs: Vector) -> Vector | None: ...

    def dive(self, costs: Vector) -> Vector | None: ...

    def best(self, costs: Vector, known: Vector | None = None) -> tuple[Vector | None, float]: ...


class PanelSearch:
    """Searches lower <= count <= upper, row_lower <= A count <= row_upper for integer points."""

    def __init__(
        self, polytope: Polytope, lower: Vector, upper: Vector, row_lower: Vector, row_upper: Vector
    ) -> None:
        self._polytope = polytope
        self._lower, self._upper = lower, upper
        self._row_lower, self._row_upper = row_lower, row_upper
        self._relaxed = polytope.model(lower, upper, row_lower, row_upper)
        self._exact: Model | None = None
        self.empty = False  # known to hold no panel

    def relaxed_bound(self, costs: Vector) -> float | None:
        """The most that costs · count reaches over the relaxation; None when even that is empty."""
        self._relaxed.set_costs(costs)
        return self._relaxed.objective if self._relaxed.solve() else None

    def near(self, costs: Vector) -> Vector | None:
        """A panel good for the costs, by diving; the best one when that gets lost; None if there is none."""
        panel = self.dive(costs)
        if panel is None and not self.empty:
            return self.best(costs)[0]
        return panel

    def dive(self, costs: Vector) -> Vector | None:
        """A panel good for the costs; None when there is none (`empty` then says so) or diving got lost."""
        if self.empty:
            return None
        self._relaxed.set_costs(costs)
        if not self._relaxed.solve():
            self.empty = True
            return None
        values = self._relaxed.values
        if len(values) > 4 * _NEARBY and np.count_nonzero(np.abs(values - np.round(values)) > _INTEGRAL) > 9:
            panel = self._nearby(values, costs)
            if panel is not None:
                return panel
        panel, conclusive = _dive(self._relaxed, self._lower, self._upper)
        if panel is None:
            self.empty = conclusive
            return None
        return panel if self._polytope.holds(panel) else None

    def best(self, costs: Vector, known: Vector | None = None) -> tuple[Vector | None, float]:
        """(a best panel for the costs, a proven bound on costs · count); (None, -inf) if there is none.

        The best of the `known` panels (one per row) is where the search starts.
        """
        if self._exact is None:
            self._exact = self._polytope.model(
                self._lower, self._upper, self._row_lower, self._row_upper, integer=True
            )
        self._exact.set_costs(costs)
        if known is not None and len(known):
            self._exact.start_from(known[int(np.argmax(known @ costs))])
        if not self._exact.solve():
            self.empty = True
            return None, -np.inf
        return np.round(self._exact.values), self._exact.bound

    def _nearby(self, values: Vector, costs: Vector) -> Vector | None:
        """A dive over the counts that the optimum leaves undecided, the others fixed: quick, but may fail."""
        rounded = np.round(values)
        fractional = np.abs(values - rounded) > _INTEGRAL
        price = np.where(self._upper > self._lower, np.abs(self._relaxed.reduced_costs), np.inf)
        size = max(_NEARBY, 2 * int(np.count_nonzero(fractional)))
        chosen = np.sort(np.argsort(np.where(fractional, -1.0, price), kind="stable")[:size])
        panel = rounded.copy()
        panel[chosen] = 0.0
        matrix = self._polytope.matrix
        activity = matrix @ panel
        part = matrix[:, chosen]
        lower, upper = self._lower[chosen], self._upper[chosen]
        model = Model(
            costs[chosen],
            lower,
            upper,
            self._row_lower - activity,
            self._row_upper - activity,
            part.indptr.astype(np.int32),
            part.indices.astype(np.int32),
            part.data,
        )
        if not model.solve():
            return None
        counts, _ = _dive(model, lower, upper)
        if counts is None:
            return None
        panel[chosen] = counts
        return panel if self._polytope.holds(panel) else None


def _dive(model: Model, lower: Vector, upper: Vector) -> tuple[Vector | None, bool]:
    """(integer counts, _) from a solved model whose bounds are put back; (None, whether all was tried)."""
    fixed: list[tuple[int, float, bool]] = []  # column, value, whether it is its second value
    # Only counts within one of each other have just two choices; others leave the search incomplete.
    complete = True
    solved = 0
    try:
        while solved < _DIVE_LIMIT:
            values = model.values
            rounded = np.round(values)
            distance = np.abs(values - rounded)
            column = int(np.argmax(distance))
            if distance[column] <= _INTEGRAL:
                return rounded, True
            complete = complete and upper[column] - lower[column] <= 1
            fixed.append((column, float(rounded[column]), False))
            model.set_bound(column, rounded[column], rounded[column])
            while True:
                solved += 1
                if model.solve():
                    break
                if solved >= _DIVE_LIMIT:
                    return None, False
                while fixed and fixed[-1][2]:
                    column = fixed.pop()[0]
                    model.set_bound(column, lower[column], upper[column])
                if not fixed:
                    return None, complete
                column, value, _ = fixed.pop()
                # The neighbour on the other side; within a box that is the only other choice.
                other = value - 1 if value > lower[column] else value + 1
                fixed.append((column, other, True))
                model.set_bound(column, other, other)
        return None, False
    finally:
        for column, _, _ in fixed:
            model.set_bound(column, lower[column], upper[column])


def whole(polytope: Polytope) -> PanelSearch:
    """A search over every panel there is."""
    return PanelSearch(polytope, polytope.lower, polytope.upper, polytope.row_lower, polytope.row_upper)
