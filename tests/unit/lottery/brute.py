"""Leximin the slow way, as an oracle: every panel of people listed, no types, no duals, nothing of ours."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from services.sortition.lottery.problem import Problem

Array = NDArray[np.float64]


def every_panel(problem: Problem) -> tuple[list[str], Array]:
    """(ids of those who may be drawn, all panels as rows of zeros and ones over them)."""
    people = [person for person in problem.people if person.id not in problem.exclude]
    chosen = np.array(list(itertools.combinations(range(len(people)), problem.size)))
    panels = np.zeros((len(chosen), len(people)))
    panels[np.arange(len(chosen))[:, None], chosen] = 1
    keep = np.ones(len(panels), dtype=bool)
    for i, person in enumerate(people):
        if person.id in problem.include:
            keep &= panels[:, i] == 1
    for target in problem.targets:
        feature = problem.features.index(target.feature)
        count = panels @ np.array([person.values[feature] == target.value for person in people], dtype=float)
        keep &= (count >= target.minimum) & (count <= target.maximum)
    if problem.per_address is not None:
        for address in {person.address for person in people if person.address}:
            home = np.array([person.address == address for person in people], dtype=float)
            keep &= panels @ home <= problem.per_address
    return [person.id for person in people], panels[keep]


def leximin(panels: Array) -> Array:
    """Everyone's leximin chance: raise the floor, then try in earnest to raise each who stands on it."""
    count, people = panels.shape
    level = np.zeros(people)
    done = np.zeros(people, dtype=bool)
    while not done.all():
        floor = _minimise(
            np.append(np.zeros(count), -1.0),
            np.hstack([-panels.T, np.where(done, 0.0, 1.0)[:, None]]),
            np.where(done, -level, 0.0) + 1e-11,
            np.append(np.ones(count), 0.0),
        )
        lowest = float(floor[count])
        least = np.where(done, level, lowest) - 1e-10
        stuck = set(np.flatnonzero(~done & (panels.T @ floor[:count] < lowest + 1e-7)).tolist())
        while stuck:
            raised = _minimise(-panels[:, sorted(stuck)].sum(axis=1), -panels.T, -least, np.ones(count))
            chances = panels.T @ raised
            free = {i for i in stuck if chances[i] > lowest + 1e-7}
            if not free:
                break
            stuck -= free
        level[sorted(stuck)] = lowest
        done[sorted(stuck)] = True
    return level


def _minimise(costs: Array, matrix: Array, upper: Array, total: Array) -> Array:
    """min costs · x subject to matrix x <= upper, total · x = 1, x >= 0."""
    result = linprog(
        costs,
        A_ub=matrix,
        b_ub=upper,
        A_eq=total[None],
        b_eq=np.ones(1),
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0, result.message
    return np.asarray(result.x)
