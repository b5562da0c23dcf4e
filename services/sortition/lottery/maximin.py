"""Maximin: the highest lowest chance, and nothing said of the chances above it. For comparison with leximin.

The first stage of leximin only (the objective of Flanigan et al., NeurIPS 2020). Which of the many maximin
lotteries comes out is decided by the solver's vertex: deterministic, but without a reason of its own.
"""

from __future__ import annotations

from services.sortition.lottery import proof
from services.sortition.lottery.columns import by_stages
from services.sortition.lottery.coverage import exclusions, unreachable
from services.sortition.lottery.decomposition import decompose
from services.sortition.lottery.leximin import Progress, silent
from services.sortition.lottery.lottery import ExactLottery, Method
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.relaxation import relaxed_maximin
from services.sortition.lottery.types import Reduction


def maximin(reduction: Reduction, progress: Progress = silent) -> ExactLottery:
    """A lottery with the highest lowest chance among all who fit some panel, and the proof of that one level.

    Raises InfeasibleTargets when there is no panel.
    """
    base = Polytope.of(reduction.types, reduction.rows)
    progress("reach", None)
    apart = unreachable(base)
    rows = reduction.rows + exclusions(base, apart)
    polytope = Polytope.of(reduction.types, rows)
    progress("relaxation", None)
    levels, x = relaxed_maximin(polytope, apart)
    progress("decomposition", None)
    found = decompose(polytope, x, exact=False)
    progress("residual", found.residual)
    if not found.attained:
        return by_stages(reduction, rows, [found.panels], apart, progress, Method.MAXIMIN)
    return proof.lottery(
        Method.MAXIMIN,
        reduction,
        rows,
        found.panels,
        found.weights,
        x / polytope.members,
        proof.stages(reduction.types, rows, levels),
        apart.tolist(),
    )
