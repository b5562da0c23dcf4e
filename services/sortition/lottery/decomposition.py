"""From expected counts to a lottery: integer panels and weights whose mean is the given point.

1. Herding (Welling, 'Herding dynamical weights to learn', ICML 2009): each panel is the best for the costs
   (j x - running total) / members, so that the running mean stays within O(1/j) of x.
2. Weights by non-negative least squares (Lawson, Hanson 1974).
3. What is left, the residual, is the direction in which a new panel helps most; price it, first in the
   box around x, then over the whole face, exactly. When no panel helps, the residual separates x from
   every panel (the projection theorem), and x is no lottery's mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from services.sortition.lottery.polytope import NEAR, Polytope
from services.sortition.lottery.pricing import PanelSearch
from services.sortition.lottery.solver import Vector

# Largest difference in one person's chance at which a point counts as attained; and what is still accepted
# when floats allow no better.
AIM = 1e-9
ACCEPT = 1e-7
_EXTRA_PANELS = 20
# Integer programmes that herding may ask for, beside one for every ten panels found.
_PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Decomposition:
    """`panels` (one per row) and `weights` nearest to x; `residual` in chances.

    `direction` separates x from every panel on its face when the point is not attained.
    """

    panels: Vector
    weights: Vector
    residual: float
    direction: Vector

    @property
    def attained(self) -> bool:
        return self.residual <= ACCEPT


class PanelSet:
    """Distinct panels in the order they came."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._panels: list[Vector] = []

    def add(self, panel: Vector) -> bool:
        key = panel.astype(np.int32).tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        self._panels.append(panel)
        return True

    def __len__(self) -> int:
        return len(self._panels)

    def matrix(self) -> Vector:
        return np.array(self._panels)


def herd(
    search: PanelSearch, x: Vector, members: Vector, count: int, known: Vector | None = None
) -> list[Vector]:
    """`count` panels whose running mean follows x as closely as it can.

    Where diving gets lost the best of the `known` panels (one per row) stands in. Without any, an integer
    programme finds one, a few times: a search that is lost again and again ends with fewer panels, as
    does an empty one.
    """
    total = np.zeros(len(x))
    panels: list[Vector] = []
    lost = 0
    for j in range(1, count + 1):
        costs = (j * x - total) / members
        panel = search.dive(costs)
        if panel is None and known is not None:
            panel = known[int(np.argmax(known @ costs))]
        elif panel is None:
            lost += 1
            if search.empty or lost > _PATIENCE + len(panels) // 10:
                break
            panel, _ = search.best(costs)
            if panel is None:
                break
        total += panel
        panels.append(panel)
    return panels


def decompose(polytope: Polytope, x: Vector, *, exact: bool = True) -> Decomposition:
    """The lottery nearest to mean x over the panels on x's face. x: expected counts per type.

    Not `exact`: what diving finds, no integer programmes, so that an unattained x may be attainable.
    """
    row_lower, row_upper = polytope.face(x)
    low, high = polytope.box(x)
    low, high = np.maximum(low, polytope.lower), np.minimum(high, polytope.upper)
    box = PanelSearch(polytope, low, high, row_lower, row_upper)
    face_low = np.where(x >= polytope.upper - NEAR, polytope.upper, polytope.lower)
    face_high = np.where(x <= polytope.lower + NEAR, polytope.lower, polytope.upper)
    face = PanelSearch(polytope, face_low, face_high, row_lower, row_upper)

    panels = PanelSet()
    free = int(np.count_nonzero(high > low))
    for search in (box, face):
        if not len(panels):
            for panel in herd(search, x, polytope.members, free + _EXTRA_PANELS if free else 1):
                panels.add(panel)
    if not len(panels):
        # No panel lies on the face at all: nothing to project onto, and the caller must cut or go by stages.
        return Decomposition(np.zeros((0, len(x))), np.zeros(0), np.inf, np.zeros(len(x)))

    while True:
        weights, residual = weigh(panels.matrix() - low, x - low)
        difference = float(np.max(np.abs(residual) / polytope.members))
        if difference <= AIM:
            break
        if not _price(panels, residual, weights, polytope, x, box, face if exact else None):
            break
    return Decomposition(panels.matrix(), weights, difference, residual)


def weigh(shifted: Vector, x: Vector) -> tuple[Vector, Vector]:
    """Non-negative weights that sum to 1 with mean nearest to x: (weights, x - mean)."""
    matrix = np.vstack([shifted.T, np.ones(len(shifted))])
    target = np.append(x, 1.0)
    weights, _ = nnls(matrix, target)
    rough = target - (matrix * weights).sum(axis=1)
    support = np.flatnonzero(weights > 1e-13)
    if np.max(np.abs(rough)) <= 1e-8:
        # The support is right, but its weights carry the rounding of many updates, which differs with the
        # number of threads that the linear algebra library runs.
        polished = _eliminate(matrix[:, support], target)
        if polished is not None and np.all(polished >= 0):
            weights[:] = 0.0
            weights[support] = polished
    weights /= weights.sum()
    return weights, x - (shifted.T * weights).sum(axis=1)


def _eliminate(matrix: Vector, target: Vector) -> Vector | None:
    """The solution of a consistent system with independent columns; None if they turn out dependent.

    Gaussian elimination, one refinement, and no library routine: the same on any number of threads.
    """

    def solve(right: Vector) -> Vector | None:
        rows = np.column_stack([matrix, right])
        columns = matrix.shape[1]
        for k in range(columns):
            pivot = k + int(np.argmax(np.abs(rows[k:, k])))
            if abs(rows[pivot, k]) < 1e-9:
                return None
            rows[[k, pivot]] = rows[[pivot, k]]
            rows[k, k:] /= rows[k, k]
            below = k + 1 + np.flatnonzero(rows[k + 1 :, k])
            rows[below, k:] -= rows[below, k, None] * rows[k, k:]
        result = rows[:columns, columns].copy()
        for k in range(columns - 1, 0, -1):
            result[:k] -= rows[:k, k] * result[k]
        return result

    first = solve(target)
    if first is None:
        return None
    second = solve(target - (matrix * first).sum(axis=1))
    return None if second is None else first + second


def _price(
    panels: PanelSet,
    residual: Vector,
    weights: Vector,
    polytope: Polytope,
    x: Vector,
    box: PanelSearch,
    exact: PanelSearch | None,
) -> bool:
    """Add panels that reach further along the residual than the lottery so far. False when none does.

    `exact`: what an integer programme goes through when diving finds nothing.
    """
    costs = residual / np.max(np.abs(residual))
    reached = float(costs @ (panels.matrix().T @ weights))
    needed = reached + 1e-7
    found = False
    # Several panels a round, each kept apart from the last by herding around the residual.
    total = np.zeros(len(x))
    for j in range(1, 2 + len(x) // 8):
        panel = box.dive(costs * len(x) + (j * x - total) / polytope.members)
        if panel is None:
            break
        total += panel
        if costs @ panel > needed and panels.add(panel):
            found = True
    if found:
        return True
    if exact is None:
        return False
    panel, _ = exact.best(np.round(1e6 * costs), panels.matrix())
    return panel is not None and bool(costs @ panel > needed) and panels.add(panel)
