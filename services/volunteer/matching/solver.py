"""A thin wrapper over HiGHS for a programme that is solved again and again, relaxed and in whole numbers.

One thread, a fixed random seed, no output, no time limit: the same calls give the same answers. Branch and
bound stops at a number of nodes, which is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from services.volunteer.matching.cover_model import Indices, Model, Vector
from services.volunteer.matching.errors import SolverFailed

WHOLE = 1e-6


class _Silent(highspy.Highs):
    """HiGHS prints its version on stdout, where results go, when callbacks are set: silence it before."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's own name
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Solution:
    """A point of the programme, its objective, and what no point passes. `slopes`: reduced costs, relaxed
    only."""

    values: Vector
    objective: float
    bound: float
    slopes: Vector


class Programme:
    """max costs · x over the rows of a model; columns 0 … `whole` - 1 are whole numbers."""

    def __init__(self, model: Model) -> None:
        # Typed as Any: the package's stubs lack methods that it has.
        self._highs: Any = _Silent()  # type: ignore[no-untyped-call]
        self._whole = len(model.columns)
        self._basis: Any = None
        self.lower = np.zeros(model.size)
        self.upper = np.array(model.upper, dtype=float)
        for at, column in enumerate(model.columns):
            self.lower[at] = float(column.confirmed)
        self._all = np.arange(model.size, dtype=np.int32)
        self._options()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = model.size, len(model.rows)
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_ = np.zeros(model.size)
        lp.col_lower_, lp.col_upper_ = self.lower, self.upper
        lp.row_lower_ = np.array([row.lower for row in model.rows], dtype=float)
        lp.row_upper_ = np.array([row.upper for row in model.rows], dtype=float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(row.columns) for row in model.rows)], dtype=np.int32)
        lp.a_matrix_.index_ = np.array([at for row in model.rows for at in row.columns], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([a for row in model.rows for a in row.coefficients], dtype=float)
        if self._highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverFailed("the solver refused a model")

    def _options(self) -> None:
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("parallel", "off"),
            ("random_seed", 0),
            ("primal_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
            ("mip_feasibility_tolerance", 1e-7),
            ("mip_rel_gap", 0.0),
        ):
            self._highs.setOptionValue(name, value)

    def at_least(self, costs: Vector, value: float) -> None:
        """Adds the row costs · x >= value."""
        held = np.nonzero(costs)[0].astype(np.int32)
        self._highs.addRow(value, float(highspy.kHighsInf), len(held), held, costs[held])

    def fix(self, lower: Vector, upper: Vector) -> None:
        self.lower, self.upper = lower, upper
        self._highs.changeColsBounds(len(lower), self._all, lower, upper)

    def relaxed(self, costs: Vector) -> Solution | None:
        """The best point when parts of a person count too; None if there is none."""
        self._highs.changeColsCost(len(costs), self._all, costs)
        if not self._run():
            # A basis can go bad after many changes; a fresh start shows whether the programme is to blame.
            self._highs.clearSolver()
            if not self._run():
                return None
        # Branch and bound forgets it, and without it the next level starts from nothing.
        self._basis = self._highs.getBasis()
        found = self._highs.getSolution()
        objective = float(self._highs.getInfo().objective_function_value)
        return Solution(np.array(found.col_value), objective, objective, np.array(found.col_dual))

    def whole(
        self, costs: Vector, start: Vector, nodes: int, near: float, lower: Vector, upper: Vector
    ) -> Solution | None:
        """The best point in whole numbers that `nodes` of branch and bound find; None if there is none.

        Ends when it is proved to be less than `near` from the best. `start`: a point of the programme;
        `lower`, `upper`: the columns' bounds, for this time only.
        """
        highs = self._highs
        highs.changeColsCost(len(costs), self._all, costs)
        highs.changeColsBounds(len(costs), self._all, lower, upper)
        columns = self._all[: self._whole]
        self._kinds(columns, highspy.HighsVarType.kInteger)
        highs.setOptionValue("mip_max_nodes", nodes)
        highs.setOptionValue("mip_abs_gap", near)
        point = highspy.HighsSolution()
        point.col_value, point.value_valid = start.tolist(), True
        highs.setSolution(point)
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        values = np.array(highs.getSolution().col_value)
        solved = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
        objective, bound = float(info.objective_function_value), float(info.mip_dual_bound)
        self._kinds(columns, highspy.HighsVarType.kContinuous)
        highs.changeColsBounds(len(costs), self._all, self.lower, self.upper)
        highs.setBasis(self._basis)
        ended = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kSolutionLimit)
        if solved and status in ended:
            return Solution(values, objective, bound, np.zeros(0))
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kSolutionLimit):
            return None
        raise SolverFailed(f"the solver stopped with {highs.modelStatusToString(status)}")

    def _kinds(self, columns: Indices, kind: highspy.HighsVarType) -> None:
        kinds = np.full(len(columns), int(kind), dtype=np.uint8)
        self._highs.changeColsIntegrality(len(columns), columns, kinds)

    def is_whole(self, values: Vector) -> bool:
        own = values[: self._whole]
        return bool(np.all(np.abs(own - np.rint(own)) <= WHOLE))

    def _run(self) -> bool:
        self._highs.run()
        status = self._highs.getModelStatus()
        # An empty programme (nobody able) has an optimum too, that of nothing.
        return status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)


def combined(weights: Sequence[tuple[float, Vector]]) -> Vector:
    """The weighted sum of objectives."""
    total = np.zeros_like(weights[0][1])
    for weight, objective in weights:
        total += weight * objective
    return total
