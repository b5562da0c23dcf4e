"""Leximin over the linear relaxation: an upper bound on every lottery, with the duals that prove it.

Stage by stage, as Flanigan et al. (Nature 2021, appendix) do over panels, but here over types: raise the
lowest chance of the types still open as far as it goes, settle those that the duals show cannot rise,
repeat. A level once settled is a hard lower bound for ever after and is never loosened: an error in a
low level grows up to n-fold in the levels above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from services.sortition.lottery.errors import InfeasibleTargets, SolverFailed
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.solver import INFINITY, Indices, Model, Vector

# A dual below this share of a stage's total settles nothing; its type settles at that level a stage later.
_WEIGHT = 1e-6


@dataclass(frozen=True, slots=True)
class Level:
    """A stage in floats: `row_duals` per row (cuts last), `weights` per open type, which sum to 1."""

    level: float
    settled: Indices
    weights: Vector
    row_duals: Vector


class RelaxedLeximin:
    """The stages over one polytope, one call to `raise_floor` and one to `settle` at a time.

    Columns are the counts per type, then the floor z. Rows are the polytope's, then count - members z >= 0
    for each open type; a settled type has its level as the count's lower bound instead.
    """

    def __init__(self, polytope: Polytope) -> None:
        self.polytope = polytope
        types, rows = len(polytope.members), len(polytope.row_lower)
        floors = sparse.hstack(
            [sparse.eye_array(types, format="csr"), sparse.csr_array(-polytope.members[:, None])],
            format="csr",
        )
        upper_part = sparse.hstack([polytope.matrix, sparse.csr_array((rows, 1))], format="csr")
        matrix = sparse.csr_array(sparse.vstack([upper_part, floors], format="csr"))
        costs = np.zeros(types + 1)
        costs[types] = 1.0
        self._rows = rows
        self._types = types
        self._model = Model(
            costs,
            np.append(polytope.lower, 0.0),
            np.append(polytope.upper, INFINITY),
            np.concatenate([polytope.row_lower, np.zeros(types)]),
            np.concatenate([polytope.row_upper, np.full(types, INFINITY)]),
            matrix.indptr.astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data,
        )
        self.open = np.ones(types, dtype=bool)
        self.chances = np.zeros(types)
        self._scales: list[float] = []

    @property
    def counts(self) -> Vector:
        """The counts of the last optimum."""
        return self._model.values[: self._types]

    @property
    def prices(self) -> Vector:
        """What a seat of each type is worth at the last optimum: duals of floors and of settled levels."""
        floors = -self._model.row_duals[self._rows : self._rows + self._types]
        levels = -self._model.reduced_costs[: self._types]
        return np.maximum(np.where(self.open, floors, levels), 0.0)

    def raise_floor(self) -> Level | None:
        """The highest floor under everything settled so far; None when there is no feasible point at all."""
        if not self._model.solve():
            return None
        duals = self._model.row_duals
        weights = np.where(
            self.open, -duals[self._rows : self._rows + self._types] * self.polytope.members, 0.0
        )
        settled = np.flatnonzero(weights > _WEIGHT)
        if not len(settled):
            raise SolverFailed("a leximin stage came back without duals")
        cuts = duals[self._rows + self._types :] / np.array(self._scales)
        row_duals = np.concatenate([duals[: self._rows], cuts])
        return Level(self._model.objective, settled.astype(np.int32), weights, row_duals)

    def set_apart(self, types: Indices) -> Level:
        """Settle types that are in no panel at zero, all in one stage. At least one type."""
        costs = np.zeros(self._types)
        costs[types] = 1.0 / self.polytope.members[types]
        polytope = self.polytope
        model = polytope.model(polytope.lower, polytope.upper, polytope.row_lower, polytope.row_upper)
        model.set_costs(costs)
        if not model.solve():
            raise InfeasibleTargets
        if model.objective > 1e-9:
            raise SolverFailed("the relaxation lets a type onto panels that is on none")
        weights = np.zeros(self._types)
        weights[types] = 1.0 / len(types)
        level = Level(0.0, types, weights, model.row_duals / len(types))
        self.settle(types, 0.0)
        return level

    def settle(self, settled: Indices, level: float) -> None:
        """Hold these types at this chance from now on."""
        for t in settled.tolist():
            self.open[t] = False
            self.chances[t] = level
            self._model.set_row_bound(self._rows + t, -INFINITY, INFINITY)
            lower = min(level * self.polytope.members[t], self.polytope.upper[t])
            self._model.set_bound(t, lower, self.polytope.upper[t])

    def add_cut(self, indices: Sequence[int], values: Sequence[float], upper: float, scale: int) -> None:
        """Add `values · counts <= upper`, the last row; its dual is given for `scale` times the row."""
        self._model.add_row(
            -INFINITY, upper, np.array(indices, dtype=np.int32), np.array(values, dtype=float)
        )
        self._scales.append(float(scale))


def relaxed_leximin(polytope: Polytope, apart: Indices) -> tuple[tuple[Level, ...], Vector]:
    """(stages, expected counts per type), with the types `apart`, which fit no panel, at zero.

    Raises InfeasibleTargets when the relaxation is empty.
    """
    relaxed = RelaxedLeximin(polytope)
    levels = [relaxed.set_apart(apart)] if len(apart) else []
    while relaxed.open.any():
        level = relaxed.raise_floor()
        if level is None:
            if levels:
                raise SolverFailed("a leximin stage lost the point that the stage before it stood on")
            raise InfeasibleTargets
        relaxed.settle(level.settled, level.level)
        levels.append(level)
    return tuple(levels), relaxed.chances * polytope.members


def relaxed_maximin(polytope: Polytope, apart: Indices) -> tuple[tuple[Level, ...], Vector]:
    """The lowest level of those who fit some panel: (its stage, expected counts of the vertex it ends at).

    With types `apart`, which fit none, their stage at zero comes before it.
    """
    relaxed = RelaxedLeximin(polytope)
    levels = [relaxed.set_apart(apart)] if len(apart) else []
    level = relaxed.raise_floor()
    if level is None:
        raise InfeasibleTargets
    return (*levels, level), relaxed.counts
