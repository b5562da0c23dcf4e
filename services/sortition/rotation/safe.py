"""Leximin over the safe panels: those after which every later rotation can keep every quota.

The lottery is solved over more panels than the safe ones (the room that the plan leaves, and inequalities
that every safe panel obeys). If all its panels turn out safe it is the leximin lottery over the safe ones
too, since more choice cannot have made it worse. If one is not, an inequality that it breaks is added and it
is solved again (logic-based Benders decomposition: Hooker, Ottosson, Mathematical Programming 96, 2003). A
panel that no inequality tells from the safe ones sends it to the stages over panels (`lottery.columns`),
where every panel comes from a whole plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from services.sortition.lottery.columns import by_stages
from services.sortition.lottery.coverage import unreachable
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.lottery import ExactLottery, Row, RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.solver import Vector
from services.sortition.lottery.types import Reduction

from .model import Plans

Progress = Callable[[str, float | None], None]

# Times the lottery is solved anew before it goes by stages.
_ROUNDS = 12


class SafePanels:
    """The safe panels of a draw, as counts per type of its reduction (its types are kinds of people)."""

    def __init__(self, plans: Plans, reduction: Reduction) -> None:
        self._plans = plans
        place = {kind: k for k, kind in enumerate(plans.kinds)}
        self._kinds = np.array([place[kind.values] for kind in reduction.types], dtype=int)
        self._known: dict[bytes, bool] = {}
        self._later: list[Vector] = []
        self.empty = False

    def spread(self, panel: Vector) -> Vector:
        """Counts per type as counts per kind of the plan."""
        counts = np.zeros(len(self._plans.kinds))
        counts[self._kinds] = panel
        return counts

    def safe(self, panel: Vector) -> bool:
        """Exactly whether a plan completes the panel."""
        counts = np.round(self.spread(panel))
        key = counts.astype(np.int32).tobytes()
        if key not in self._known:
            self._known[key] = self._completed(counts)
        return self._known[key]

    def _completed(self, counts: Vector) -> bool:
        plans = self._plans
        if len(plans.drawn_now) == 1:
            # What completes one panel often completes the next: try those plans before a programme.
            g, size = plans.drawn_now[0], len(plans.kinds)
            for later in reversed(self._later):
                later[g * size : (g + 1) * size] = counts
                if plans.holds(later):
                    return True
        found = plans.any(counts)
        if found is None:
            return False
        self._later.append(found.copy())
        return True

    def cut(self, panel: Vector) -> Row | None:
        """An inequality that every safe panel obeys and this one breaks, over the types."""
        found = self._plans.cut(np.round(self.spread(panel)))
        if found is None:
            return None
        whole, limit = found
        pairs = tuple((t, whole[k]) for t, k in enumerate(self._kinds.tolist()) if whole[k])
        return Row(RowKind.TRUSTED, pairs, None, limit) if pairs else None

    # ---- a search over safe panels, as `lottery.pricing.PanelSearch` is over all ----

    def relaxed_bound(self, costs: Vector) -> float | None:
        """The most that costs · counts reaches over relaxed plans; None when there is none."""
        model = self._plans.relaxation()
        model.set_costs(self._plans.spread(self.spread(costs)))
        return model.objective if model.solve() else None

    def dive(self, costs: Vector) -> Vector | None:
        """Nothing: quick dives do not know what comes later."""
        return None

    def near(self, costs: Vector) -> Vector | None:
        return self.best(costs)[0]

    def best(self, costs: Vector, known: Vector | None = None) -> tuple[Vector | None, float]:
        """(a best safe panel for the costs, a proven bound); (None, -inf) if there is none."""
        found, bound = self._plans.best(self._plans.spread(self.spread(costs)))
        if found is None:
            self.empty = True
            return None, -np.inf
        return self._plans.now(found)[self._kinds], bound


def safe_leximin(
    plans: Plans, reduction: Reduction, progress: Progress, *, rounds: int = _ROUNDS
) -> ExactLottery:
    """The leximin lottery over the safe panels. Raises InfeasibleTargets when there is none.

    Its rows of kind TRUSTED are inequalities that every safe panel obeys; the proof of optimality is given
    them. `rounds` = 0 goes by stages at once (slower; the same chances).
    """
    panels = SafePanels(plans, reduction)
    cuts: list[Row] = []
    known: list[Vector] = []
    for _ in range(rounds):
        exact = leximin(replace(reduction, rows=(*reduction.rows, *cuts)), progress)
        support = [np.array(panel, dtype=float) for panel in exact.panels]
        unsafe = [panel for panel in support if not panels.safe(panel)]
        if not unsafe:
            return exact
        known = [panel for panel in support if panels.safe(panel)]
        found = [cut for cut in map(panels.cut, unsafe) if cut is not None and cut not in cuts]
        progress("ahead", float(len(unsafe)))
        if not found:
            break
        cuts += dict.fromkeys(found)
    rows = (*reduction.rows, *cuts)
    apart = unreachable(Polytope.of(reduction.types, rows), panels)
    barred = tuple(Row(RowKind.TRUSTED, ((t, 1),), None, 0) for t in apart.tolist())
    return by_stages(
        reduction, (*rows, *barred), [np.array(known)] if known else [], apart, progress, search=panels
    )
