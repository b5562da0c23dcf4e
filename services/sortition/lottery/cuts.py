"""Inequalities that every panel obeys and the relaxation's point does not."""

from __future__ import annotations

import numpy as np

from services.sortition.lottery.decomposition import Decomposition
from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.polytope import NEAR, Polytope
from services.sortition.lottery.pricing import PanelSearch, whole
from services.sortition.lottery.solver import Vector

# A cut must remove the point by this much of its largest coefficient to be worth the name.
_DEPTH = 1e-6
_SCALES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 60, 120, 1000)


def separate(polytope: Polytope, x: Vector, found: Decomposition) -> Row | None:
    """A TRUSTED row that cuts x off, from the residual of a failed decomposition; None when none comes out.

    The residual separates x from every panel on x's face. Rounded to small integers it has an integer
    bound over all panels, which an integer programme proves; panels off the face may need the face's own
    rows added until the bound falls below x.
    """
    if not len(found.panels):
        return None
    direction = found.direction / np.max(np.abs(found.direction))
    outward = _outward(polytope, x)
    search = whole(polytope)
    tried: set[bytes] = set()
    for scale in _SCALES:
        costs = np.round(direction * scale)
        reach = float(np.max(found.panels @ costs))
        if costs.tobytes() in tried or reach > costs @ x - _DEPTH * scale:
            continue
        tried.add(costs.tobytes())
        for lift in (0, scale, 4 * scale, 16 * scale):
            row = _bounded(search, costs + lift * outward, x, found.panels)
            if row is not None:
                return row
    return None


def _bounded(search: PanelSearch, costs: Vector, x: Vector, known: Vector) -> Row | None:
    _, bound = search.best(costs, known)
    limit = int(np.floor(bound + 1e-5))
    if limit > costs @ x - _DEPTH * float(np.max(np.abs(costs))):
        return None
    coefficients = tuple((int(t), int(costs[t])) for t in np.flatnonzero(costs))
    return Row(RowKind.TRUSTED, coefficients, None, limit)


def _outward(polytope: Polytope, x: Vector) -> Vector:
    """The sum of the normals of everything tight at x: largest on x's face, at least 1 less off it."""
    activity = polytope.matrix @ x
    at_lower = activity <= polytope.row_lower + 1e-8
    at_upper = activity >= polytope.row_upper - 1e-8
    signs = at_upper.astype(float) - at_lower.astype(float)  # an equation holds for every panel: no sign
    normal = polytope.matrix.T @ signs
    normal = normal + ((x >= polytope.upper - NEAR) & (polytope.upper > polytope.lower))
    normal = normal - ((x <= polytope.lower + NEAR) & (polytope.upper > polytope.lower))
    return np.asarray(normal, dtype=float)
