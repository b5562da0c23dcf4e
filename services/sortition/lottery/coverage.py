"""Which types fit some panel; with it, the first proof that there is a panel at all."""

from __future__ import annotations

import numpy as np

from services.sortition.lottery.errors import InfeasibleTargets
from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.pricing import Search, whole
from services.sortition.lottery.solver import Indices


def unreachable(polytope: Polytope, search: Search | None = None) -> Indices:
    """Types that are in no panel: every panel found is made to hold as many unseen types as it can.

    When the relaxation, or failing that an integer programme, shows that no panel holds any of the types
    still unseen, they are unreachable together. Raises InfeasibleTargets when there is no panel.
    `search`: where panels are looked for, when they are fewer than the integer points of the polytope.
    """
    search = whole(polytope) if search is None else search
    unseen = np.ones(len(polytope.members), dtype=bool)
    while unseen.any():
        costs = unseen.astype(float)
        bound = search.relaxed_bound(costs)
        if bound is None:
            raise InfeasibleTargets
        if bound < 1 - 1e-6:
            # Before the first panel this cannot be: a panel has at least one seat, and all are unseen.
            break
        panel = search.near(costs)
        if panel is not None and not unseen[panel > 0.5].any():
            panel, _ = search.best(costs)
        if panel is None:
            raise InfeasibleTargets
        seen = unseen & (panel > 0.5)
        if not seen.any():
            break
        unseen &= ~seen
    return np.flatnonzero(unseen).astype(np.int32)


def exclusions(polytope: Polytope, types: Indices) -> tuple[Row, ...]:
    """A TRUSTED row `count <= 0` for each unreachable type that the relaxation does not rule out itself."""
    search = whole(polytope)
    rows = []
    for t in types.tolist():
        costs = np.zeros(len(polytope.members))
        costs[t] = 1.0
        bound = search.relaxed_bound(costs)
        if bound is None or bound > 1e-9:
            rows.append(Row(RowKind.TRUSTED, ((t, 1),), None, 0))
    return tuple(rows)
