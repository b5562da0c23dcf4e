"""Coverage plans of some size against another programme, in which each person picks a whole set of slots.

SciPy solves that level after level. The cases are those in which the engine's relaxed programme is whole, and
those in which it is not.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.matching_cases import CoverCase, cover_problem
from services.volunteer.matching.cover import plan
from services.volunteer.matching.cover_types import CoverProblem, Level
from services.volunteer.matching.solver import Programme
from tests.unit.matching.cover_oracle import choices

CASE = CoverCase("small", days=2, critical=1.0, places=6, people=12, slots=12)


def _levels(problem: CoverProblem) -> list[int]:
    """The five values: each person has one of the sets of slots that they could work, counted by the hour."""
    names = [slot.id for slot in problem.slots]
    ranks = {(each.person, each.slot): each.rank for each in problem.able}
    served = {each.id: each.last_served.toordinal() if each.last_served else 0 for each in problem.people}
    before = {(each.person, each.slot) for each in problem.last}
    sets = [(person.id, own) for person in problem.people for own in choices(problem, person)]
    n, size = len(sets), len(sets) + len(names)
    one_each = np.array(
        [[float(who == p.id) for who, _ in sets] + [0.0] * len(names) for p in problem.people]
    )
    taken = np.array([[float(name in own) for _, own in sets] + [0.0] * len(names) for name in names])
    filled = taken.copy()
    filled[:, n:] = -np.eye(len(names))
    held = [
        LinearConstraint(one_each, 1, 1),
        LinearConstraint(taken, -np.inf, np.array([slot.capacity for slot in problem.slots])),
        LinearConstraint(filled, 0, np.inf),
    ]
    costs = np.zeros((5, size))
    costs[0, n:] = 1
    for at, (who, own) in enumerate(sets):
        costs[1, at] = bool(own)
        costs[2, at] = -sum(ranks[who, name] for name in own)
        costs[3, at] = sum(served[who] < other for other in served.values()) if own else 0
        costs[4, at] = sum(1 if (who, name) in before else -1 for name in own)
    bounds = Bounds(np.zeros(size), np.array([1.0] * n + [float(slot.critical) for slot in problem.slots]))
    values = []
    for cost in costs:
        found = milp(-cost, constraints=held, bounds=bounds, integrality=np.ones(size))
        assert found.success
        values.append(round(-found.fun))
        held.append(LinearConstraint(cost[None, :], values[-1], np.inf))
    return [values[0], values[1], -values[2], values[3], len(before) - values[4]]


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_a_programme_of_sets(seed: int) -> None:
    problem = cover_problem(CASE, seed)
    made = plan(problem, str(seed))
    assert [each.value for each in made.levels] == _levels(problem)
    assert all(each.gap == 0 for each in made.levels)


def test_some_of_the_cases_need_branch_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    whole = Programme.whole

    def counted(self: Programme, *arguments: object) -> object:
        calls.append(1)
        return whole(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Programme, "whole", counted)
    needed = []
    for seed in range(12):
        calls.clear()
        plan(cover_problem(CASE, seed), str(seed))
        needed.append(bool(calls))
    assert any(needed)
    assert not all(needed)


def test_a_limit_of_nodes_leaves_a_gap_that_is_said_and_never_a_broken_rule() -> None:
    for seed in range(12):
        problem = cover_problem(CASE, seed)
        best, quick = plan(problem, ""), plan(problem, "", nodes=0)
        first = next(
            (pair for pair in zip(best.levels, quick.levels, strict=True) if pair[0].value != pair[1].value),
            None,
        )
        if first is not None:
            # The first level that falls short of the best says so.
            assert first[1].gap > 0
            sign = 1 if first[0].level in (Level.CRITICAL, Level.PLACED, Level.SERVED) else -1
            assert sign * first[1].value < sign * first[0].value <= sign * first[1].bound
