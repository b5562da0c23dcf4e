"""The practitioners' choice of alternates: a second, smaller panel with quotas scaled down in proportion.

This is the baseline of Assos et al. (2025, section 5): minimum and maximum times alternates / panel, rounded
down and up, drawn from those who were not selected. Where no such set exists the quotas are moved by the
fewest seats.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.sortition.dropout.case import Case
from services.sortition.dropout.violation import accept, least
from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.solver import Vector
from services.sortition.lottery.types import reduce
from services.sortition.lottery.uniform import counts_of


def naive_sets(case: Case, draws: int) -> tuple[list[Vector], int]:
    """(`draws` sets as counts per type, the seats by which their quotas had to be moved).

    The sets come from the leximin lottery, evenly spread over it. They depend on nothing but the case.
    """
    if not case.count:
        return [np.zeros(len(case.types)) for _ in range(draws)], 0
    part, whole = case.count, len(case.panel)
    targets = tuple(
        replace(t, minimum=t.minimum * part // whole, maximum=-(-t.maximum * part // whole))
        for t in case.targets
    )
    problem = replace(case.candidates, targets=targets)
    violations = least(problem)
    if violations is None:
        raise SolverFailed("there are enough candidates, so some set of alternates must exist")
    lottery = leximin(reduce(accept(problem, violations)))
    sets = [np.array(counts, dtype=float) for counts in counts_of(lottery, draws)]
    return sets, sum(violation.seats for violation in violations)
