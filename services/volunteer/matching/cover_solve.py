"""The published objectives, solved in their order.

Each level is first relaxed (a linear programme, started from the last basis). The next levels ride along as
a part of the objective too small to trade against it, which keeps the solver from wandering over plans that
are equally good for this level. What no plan passes is bounded by the relaxed optimum less the least that
the small part can be. Columns whose reduced cost alone would lose more than the level leaves are fixed.
Only where the relaxed optimum cuts people into parts does branch and bound follow, up to a number of nodes.
"""

from __future__ import annotations

import math

import numpy as np

from services.volunteer.matching.cover_model import Model, Vector
from services.volunteer.matching.cover_types import Level
from services.volunteer.matching.errors import SolverFailed
from services.volunteer.matching.solver import Programme, Solution, combined

_EPS = 1e-6
# Branch and bound over more columns than this takes minutes and seldom closes the gap that is left.
MOST_OPEN = 10_000


def solve(model: Model, nodes: int) -> tuple[list[int], dict[Level, tuple[int, int]]]:
    """Which columns are 1, and for each level (value, bound), both to be maximised and whole.

    `nodes`: of branch and bound, at most, for each level that needs it. Raises SolverFailed; a checked
    problem always has a plan, since the confirmed placements alone are one.
    """
    programme = Programme(model)
    objectives = model.objectives
    found: dict[Level, tuple[int, int]] = {}
    # The confirmed placements alone are a plan: whatever the limit of nodes, there is one.
    point = _rounded(model, programme.lower)
    wish = _wish(model)
    # A first point near the best for all: the levels that follow start from its basis.
    programme.relaxed(
        combined([(float(2 * wish), objectives[Level.CRITICAL]), *_small(model, Level.CRITICAL)])
    )
    for level in Level:
        small = _small(model, level)
        least, most = _range(model, small)
        # The small part is worth less than a quarter of one step of the level.
        weight = 4 * (most - least + 1) if small else 1.0
        costs = combined([(weight, objectives[level]), *small])
        relaxed = programme.relaxed(costs)
        if relaxed is None:
            raise SolverFailed("the solver finds no plan where there is one")
        point, bound = _whole(model, programme, costs, relaxed, point, weight, nodes)
        value = round(float(objectives[level] @ point))
        found[level] = (value, max(value, math.floor((bound - least) / weight + _EPS)))
        programme.at_least(objectives[level], float(value))
        # Every plan that reaches this level's value is within this of the relaxed optimum.
        programme.fix(*_fixed(programme, relaxed, relaxed.objective - weight * value - least))
    return [at for at in range(len(model.columns)) if point[at] > 0.5], found


def _whole(
    model: Model,
    programme: Programme,
    costs: Vector,
    relaxed: Solution,
    point: Vector,
    weight: float,
    nodes: int,
) -> tuple[Vector, float]:
    """A plan near the relaxed optimum, and what no plan's objective passes.

    First among what the relaxed optimum and the last plan use (relaxation enforced neighbourhood: Berthold
    2014); that proves nothing about the rest, so the bound stays the relaxed one. Then, if the gap is a
    step or more and few enough columns can still close it, among all of them.
    """
    if programme.is_whole(relaxed.values):
        return _rounded(model, relaxed.values), relaxed.objective
    near = weight / 2 if weight > 1 else 0.999
    used = (relaxed.values > _EPS) | (point > _EPS)
    used[len(model.columns) :] = True
    among = programme.lower, np.where(used, programme.upper, programme.lower)
    found = programme.whole(costs, point, nodes, near, *among)
    if found is not None:
        point = _rounded(model, found.values)
    bound = relaxed.objective
    # For this search alone: it leaves out plans that a later level may yet want.
    lower, upper = _fixed(programme, relaxed, bound - float(costs @ point))
    is_open = np.count_nonzero(upper[: len(model.columns)] > lower[: len(model.columns)])
    if bound - float(costs @ point) >= near and is_open <= MOST_OPEN:
        found = programme.whole(costs, point, nodes, near, lower, upper)
        if found is not None:
            point, bound = _rounded(model, found.values), min(bound, found.bound)
    return point, bound


def _wish(model: Model) -> int:
    """More than anybody's rank can change in either direction by moving two people."""
    return 2 * max((column.rank for column in model.columns), default=0) + 2


def _small(model: Model, level: Level) -> list[tuple[float, Vector]]:
    """What rides along with a level, and with which weight."""
    rank = (1.0, model.objectives[Level.RANK])
    if level is Level.CRITICAL:
        return [(float(_wish(model)), model.objectives[Level.PLACED]), rank]
    return [rank] if level is Level.PLACED else []


def _range(model: Model, small: list[tuple[float, Vector]]) -> tuple[float, float]:
    """The least and the most that a small part can be: each person's `most` greatest losses and gains at
    most."""
    if not small:
        return 0.0, 0.0
    ranks: list[list[int]] = [[] for _ in model.people]
    for column in model.columns:
        ranks[column.person].append(column.rank)
    least = -sum(
        sum(sorted(own, reverse=True)[: person.most]) for own, person in zip(ranks, model.people, strict=True)
    )
    most = _wish(model) * len(model.people) if len(small) > 1 else 0
    return float(least), float(most)


def _rounded(model: Model, values: Vector) -> Vector:
    """The point with whole x, and f and w worked out from them, so that no rounding error grows."""
    point = np.zeros_like(values)
    count = len(model.columns)
    point[:count] = np.rint(values[:count])
    taken, joint = [0] * len(model.slots), [0] * len(model.people)
    joint_of = {at: person for at, person in model.joint.items() if point[at] > 0.5}
    for at in np.flatnonzero(point[:count]):
        taken[model.columns[at].slot] += 1
    for person in joint_of.values():
        joint[person] = 1
    for f, slot in model.filled:
        point[f] = min(taken[slot], model.slots[slot].critical)
    for w, person in model.joined:
        point[w] = joint[person]
    return point


def _fixed(programme: Programme, relaxed: Solution, leaves: float) -> tuple[Vector, Vector]:
    """Bounds with every column fixed that cannot be otherwise in a plan within `leaves` of the relaxed
    optimum."""
    slopes, values = relaxed.slopes, relaxed.values
    # The margin is for rounding in the optimum; objectives count in ones.
    sure = np.abs(slopes) > leaves + 1e-4 + 1e-7 * abs(relaxed.objective)
    # The reduced cost speaks about the bound at which the relaxed point stands.
    down = sure & (slopes < 0) & (values <= programme.lower + _EPS)
    up = sure & (slopes > 0) & (values >= programme.upper - _EPS)
    lower = np.where(up, programme.upper, programme.lower)
    upper = np.where(down, programme.lower, programme.upper)
    return lower, upper
