"""Coverage planning: who takes which slot, on a volunteer day or over weeks of shifts.

The objectives, in the order that is published: no rule broken; critical places filled; most people placed;
lowest total rank; least recently served first; smallest change from the last plan. Solved one after the
other (preemptive, lexicographic goal programming: Charnes and Cooper 1961) with HiGHS (Huangfu and Hall
2018). The plan is a proposal: a coordinator confirms it, and nobody is assigned to children or vulnerable
people before.
"""

from __future__ import annotations

from services.volunteer.matching.cover_check import broken_rules, check
from services.volunteer.matching.cover_explain import people_outcomes, slot_outcomes
from services.volunteer.matching.cover_model import Column, Model, build
from services.volunteer.matching.cover_solve import solve
from services.volunteer.matching.cover_types import (
    CoverPlan,
    CoverProblem,
    Level,
    LevelResult,
    Placement,
    Status,
)
from services.volunteer.matching.errors import SolverFailed

NODES = 2_000


def plan(problem: CoverProblem, seed: str, nodes: int = NODES) -> CoverPlan:
    """The plan, the same for the same rows in any order and the same seed, which breaks ties by lot.

    `nodes`: of branch and bound, at most, for each level that needs any; a greater number can close a gap
    that a level reports. Raises BadInput, and Infeasible where confirmed placements break a rule together.
    """
    check(problem)
    model = build(problem, seed)
    taken, found = solve(model, nodes)
    placements = tuple(
        sorted(
            (_placement(model, model.columns[at]) for at in taken), key=lambda each: (each.slot, each.person)
        )
    )
    broken = broken_rules(problem, placements)
    if broken:
        raise SolverFailed(f"the solver's plan breaks rules: {', '.join(each.code for each in broken)}")
    levels = tuple(_level(level, found[level], len(problem.last)) for level in Level)
    return CoverPlan(
        placements,
        levels,
        people_outcomes(problem, placements),
        slot_outcomes(problem, placements),
    )


def _placement(model: Model, column: Column) -> Placement:
    slot = model.slots[column.slot]
    status = Status.NEEDS_COORDINATOR if slot.guarded else Status.PROPOSED
    status = Status.CONFIRMED if column.confirmed else status
    return Placement(model.people[column.person].id, slot.id, column.rank, status)


def _level(level: Level, found: tuple[int, int], last: int) -> LevelResult:
    value, bound = found
    if level is Level.RANK:
        return LevelResult(level, -value, -bound)
    if level is Level.CHANGE:
        return LevelResult(level, last - value, last - bound)
    return LevelResult(level, value, bound)
