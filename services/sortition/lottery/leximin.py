"""Exact leximin: relax, decompose, certify, cut.

Leximin over individual selection probabilities is the objective of Flanigan, Gölz, Gupta, Hennig and
Procaccia, 'Fair algorithms for selecting citizens' assemblies', Nature 2021. They generate panels column by
column; here the linear relaxation over types is solved first, which takes milliseconds, and then realised
as a lottery over panels. When that succeeds, as on nearly every ordinary pool, the relaxation's duals prove
the lottery optimal. When it fails, a cut that no panel violates brings the relaxation down, and it starts
again; pools too tight for cuts go by stages over panels (`columns`).
"""

from __future__ import annotations

from collections.abc import Callable

from services.sortition.lottery import proof
from services.sortition.lottery.columns import by_stages
from services.sortition.lottery.coverage import exclusions, unreachable
from services.sortition.lottery.cuts import separate
from services.sortition.lottery.decomposition import decompose
from services.sortition.lottery.lottery import ExactLottery, Method
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.relaxation import relaxed_leximin
from services.sortition.lottery.types import Reduction

Progress = Callable[[str, float | None], None]

# Cuts tried before the search goes by stages. Small pools go there at once: their panels are quick to price.
_CUTS = 8
_SMALL = 150


def silent(_step: str, _value: float | None) -> None:
    """Progress that nobody asked for."""


def leximin(reduction: Reduction, progress: Progress = silent) -> ExactLottery:
    """The exact leximin lottery with its proof. Raises InfeasibleTargets when there is no panel."""
    base = Polytope.of(reduction.types, reduction.rows)
    progress("reach", None)
    apart = unreachable(base)
    rows = reduction.rows + exclusions(base, apart)
    known = []
    for attempt in range(_CUTS + 1):
        polytope = Polytope.of(reduction.types, rows)
        progress("relaxation", None)
        levels, x = relaxed_leximin(polytope, apart)
        progress("decomposition", None)
        found = decompose(polytope, x, exact=len(reduction.types) > _SMALL)
        progress("residual", found.residual)
        if found.attained:
            return proof.lottery(
                Method.LEXIMIN,
                reduction,
                rows,
                found.panels,
                found.weights,
                x / polytope.members,
                proof.stages(reduction.types, rows, levels),
                apart.tolist(),
            )
        known.append(found.panels)
        if attempt == _CUTS or len(reduction.types) <= _SMALL:
            break
        cut = separate(polytope, x, found)
        if cut is None:
            break
        progress("cut", None)
        rows = (*rows, cut)
    return by_stages(reduction, rows, known, apart, progress)
