"""The one way in: a problem, a method and a seed give the exact lottery and its equally likely panels."""

from __future__ import annotations

from services.sortition.lottery.legacy import legacy
from services.sortition.lottery.leximin import Progress, leximin, silent
from services.sortition.lottery.lottery import ExactLottery, Method, UniformLottery
from services.sortition.lottery.maximin import maximin
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.types import reduce
from services.sortition.lottery.uniform import uniform


def solve(
    problem: Problem,
    method: Method = Method.LEXIMIN,
    seed: str = "",
    panels: int = 1000,
    progress: Progress = silent,
) -> tuple[ExactLottery, UniformLottery]:
    """Solve, then round to `panels` equally likely panels. Deterministic from the arguments; no time limit.

    `progress` hears (step, figure): "reach", "relaxation", "decomposition", "cut", "seats" without a
    figure, "stage" with its number, "residual" with the largest difference left in one person's chance.
    Raises Infeasible (PoolTooSmall, InfeasibleTargets) when there is no panel, LegacyStuck when the greedy
    method finds none, ValueError unless panels >= 1.
    """
    if panels < 1:
        raise ValueError(f"panels is {panels}: at least 1 is needed")
    if method is Method.LEGACY:
        return legacy(problem, seed, panels, progress)
    reduction = reduce(problem)
    exact = (leximin if method is Method.LEXIMIN else maximin)(reduction, progress)
    progress("seats", None)
    addresses = {person.id: person.address for person in problem.people}
    return exact, uniform(exact, panels, seed, addresses)
