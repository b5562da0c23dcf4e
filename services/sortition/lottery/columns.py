"""Leximin by stages over panels, for pools too tight for the relaxation: column generation with cuts.

Each stage is squeezed from both sides. From below: the best floor over the panels known so far (a small
linear programme; its duals price new panels, as in Flanigan et al., Nature 2021). From above: the
relaxation with every cut so far. While the two differ, either pricing finds a panel that lifts the lower
one, or the pricing programme's bound is a cut that brings the upper one down to it. Each stage is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from services.sortition.lottery import proof
from services.sortition.lottery.decomposition import PanelSet, weigh
from services.sortition.lottery.errors import InfeasibleTargets, SolverFailed
from services.sortition.lottery.lottery import ExactLottery, Method, Row, RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.pricing import Search, whole
from services.sortition.lottery.relaxation import Level, RelaxedLeximin
from services.sortition.lottery.solver import INFINITY, Indices, Model, Vector
from services.sortition.lottery.types import Reduction

# Upper and lower floor of a stage agree within this; after a cut with rounded duals, within the second.
_AGREE = 1e-9
_AGREE_ROUNDED = 5e-8
_MAX_DENOMINATOR = 10**6
# Prices half-way are rounded, so they are of no use to close the last distance.
_COARSE = 1e-5


class _Master:
    """The best floor over known panels: max z, sum_j w_j panel_jt >= members_t z (or the settled count)."""

    def __init__(self, members: Vector) -> None:
        types = len(members)
        self._members = members
        # Row 0: the weights sum to 1; row 1 + t: type t. Column 0 is z, the panels follow.
        self._model = Model(
            np.ones(1),
            np.zeros(1),
            np.full(1, INFINITY),
            np.append(1.0, np.zeros(types)),
            np.append(1.0, np.full(types, INFINITY)),
            np.append(0, np.arange(types + 1)).astype(np.int32),
            np.zeros(types, dtype=np.int32),
            -members,
        )

    def add(self, panel: Vector) -> None:
        held = np.flatnonzero(panel)
        self._model.add_column(
            0.0, 0.0, INFINITY, np.append(0, held + 1).astype(np.int32), np.append(1.0, panel[held])
        )

    def settle(self, settled: Indices, level: float) -> None:
        for t in settled.tolist():
            self._model.set_entry(t + 1, 0, 0.0)
            self._model.set_row_bound(t + 1, level * self._members[t], INFINITY)

    def solve(self) -> tuple[float, Vector, float]:
        """(floor, price per seat of each type, what a panel must be worth to help)."""
        if not self._model.solve():
            raise SolverFailed("the known panels no longer reach the levels that they settled")
        duals = self._model.row_duals
        return self._model.objective, np.maximum(-duals[1:], 0.0), float(duals[0])

    @property
    def weights(self) -> Vector:
        return np.maximum(self._model.values[1:], 0.0)


def by_stages(
    reduction: Reduction,
    rows: tuple[Row, ...],
    known: Sequence[Vector],
    apart: Indices,
    progress: Callable[[str, float | None], None],
    method: Method = Method.LEXIMIN,
    search: Search | None = None,
) -> ExactLottery:
    """Exact leximin (only its lowest level for maximin) over panels, warm-started from the `known` ones.

    `apart`: the types that are in no panel. `search`: where panels are looked for, when they are fewer than
    the integer points within `rows`; each of them must be within `rows`.
    """
    polytope = Polytope.of(reduction.types, rows)
    search = whole(polytope) if search is None else search
    relaxed = RelaxedLeximin(polytope)
    master = _Master(polytope.members)
    panels = PanelSet()
    for batch in known:
        for panel in batch:
            _learn(panels, master, panel)
    if not len(panels):
        first = search.near(np.ones(len(polytope.members)))
        if first is None:
            raise InfeasibleTargets
        _learn(panels, master, first)
    cuts: list[Row] = []
    levels: list[Level] = []
    if len(apart):
        levels.append(relaxed.set_apart(apart))
        master.settle(apart, 0.0)
    while relaxed.open.any():
        progress("stage", float(len(levels) + 1))
        level = _stage(relaxed, master, search, panels, cuts)
        levels.append(level)
        if method is Method.MAXIMIN:
            break
        relaxed.settle(level.settled, level.level)
        master.settle(level.settled, level.level)
    weights = master.weights
    matrix = panels.matrix()
    if method is Method.LEXIMIN:
        target = relaxed.chances
        polished, residual = weigh(matrix, target * polytope.members)
        rough = target * polytope.members - matrix.T @ weights
        if np.max(np.abs(residual) / polytope.members) <= np.max(np.abs(rough) / polytope.members):
            weights = polished
    else:
        target = (matrix.T @ weights) / polytope.members
    every = (*rows, *cuts)
    return proof.lottery(
        method,
        reduction,
        every,
        matrix,
        weights,
        target,
        proof.stages(reduction.types, every, levels),
        apart.tolist(),
    )


def _learn(panels: PanelSet, master: _Master, panel: Vector) -> bool:
    if not panels.add(panel):
        return False
    master.add(panel)
    return True


def _stage(
    relaxed: RelaxedLeximin, master: _Master, search: Search, panels: PanelSet, cuts: list[Row]
) -> Level:
    """Squeeze one stage until both floors agree; the level is the lower one, the duals the upper one's.

    Two kinds of prices take turns. Half-way between the two programmes' duals, the best panel either
    lifts the lower floor or its bound at least halves the distance; such prices are tame. The lower
    programme's own duals are wild, but when no panel beats them the two floors meet.
    """
    upper = relaxed.raise_floor()
    tolerance = _AGREE
    half_way = True
    while upper is not None:
        floor, prices, worth = master.solve()
        if upper.level - floor <= tolerance:
            return Level(floor, upper.settled, upper.weights, upper.row_duals)
        # Prices of settled types may dwarf those of the open ones, and float error grows with them.
        needed = worth + 1e-9 * max(1.0, float(np.max(prices)))
        panel = search.dive(prices)
        if panel is not None and prices @ panel > needed and _learn(panels, master, panel):
            continue
        middle = half_way and upper.level - floor > _COARSE
        half_way = not half_way
        if middle:
            coefficients, denominator = _coarse((prices + relaxed.prices) / 2)
        else:
            coefficients, denominator = _integers(prices)
        panel, bound = search.best(coefficients.astype(float), panels.matrix())
        lifted = panel is not None and prices @ panel > needed and _learn(panels, master, panel)
        if panel is not None:
            _learn(panels, master, panel)
        limit = _limit(coefficients, bound, panels.matrix())
        if (lifted and not middle) or limit >= coefficients @ relaxed.counts - 1e-7:
            if not lifted and not middle:
                # The bound is as good as floats allow and the floors have not met: accept a little more.
                tolerance *= 4
                if tolerance > _AGREE_ROUNDED:
                    raise SolverFailed("a leximin stage did not close")
            continue
        held = np.flatnonzero(coefficients)
        pairs = tuple((int(t), int(coefficients[t])) for t in held)
        cuts.append(Row(RowKind.TRUSTED, pairs, None, limit))
        relaxed.add_cut(
            held.tolist(), (coefficients[held] / denominator).tolist(), limit / denominator, denominator
        )
        upper = relaxed.raise_floor()
    raise SolverFailed("a leximin stage lost the point that the stage before it stood on")


def _coarse(prices: Vector) -> tuple[Vector, int]:
    """(integers up to a thousand, 1): prices of which only the direction matters."""
    return np.round(1000 * prices / np.max(prices)).astype(np.int64), 1000


def _integers(prices: Vector) -> tuple[Vector, int]:
    """(integers, denominator) with prices = integers / denominator, exactly where a small one will do."""
    noise = 1e-11 * max(1.0, float(np.max(prices)))
    fractions = [Fraction(p).limit_denominator(5000) if p > noise else Fraction(0) for p in prices.tolist()]
    exact = all(abs(float(f) - p) <= noise for f, p in zip(fractions, prices.tolist(), strict=True))
    denominator = lcm(*(f.denominator for f in fractions))
    if exact and denominator <= _MAX_DENOMINATOR:
        integers = [int(f * denominator) for f in fractions]
    else:
        denominator = _MAX_DENOMINATOR
        integers = [round(p * denominator) for p in prices.tolist()]
    shared = gcd(denominator, *integers) or 1
    return np.array([i // shared for i in integers], dtype=np.int64), denominator // shared


def _limit(coefficients: Vector, bound: float, panels: Vector) -> int:
    """The integer that no panel's coefficients · counts exceeds, from a branch-and-bound bound."""
    best = round(float(np.max(panels @ coefficients.astype(float))))
    return max(best, int(np.floor(bound + 1e-4)))
