"""A thin wrapper over HiGHS: linear and integer programmes that are changed and solved again.

One thread, a fixed random seed, no output and no time limit: the same calls give the same answers. Presolve
is off for linear programmes, which start from the last basis, and on for integer programmes, which do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.lottery import Row

Vector = NDArray[np.float64]
Indices = NDArray[np.int32]

INFINITY = float(highspy.kHighsInf)


class _Silent(highspy.Highs):
    """HiGHS prints its version on stdout, where results go, when callbacks are set: silence it before."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's own name
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Model:
    """max costs · x subject to row_lower <= A x <= row_upper, lower <= x <= upper (integers if `integer`).

    `starts`, `indices` and `values` are A row by row (compressed sparse rows).
    """

    def __init__(
        self,
        costs: Vector,
        lower: Vector,
        upper: Vector,
        row_lower: Vector,
        row_upper: Vector,
        starts: Indices,
        indices: Indices,
        values: Vector,
        *,
        integer: bool = False,
    ) -> None:
        # Typed as Any: the package's stubs lack methods that it has.
        highs: Any = _Silent()  # type: ignore[no-untyped-call]
        self._highs = highs
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("parallel", "off")
        highs.setOptionValue("random_seed", 0)
        highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
        highs.setOptionValue("dual_feasibility_tolerance", 1e-9)
        if integer:
            highs.setOptionValue("mip_rel_gap", 0.0)
            highs.setOptionValue("mip_abs_gap", 1e-6)
            highs.setOptionValue("mip_feasibility_tolerance", 1e-7)
            # The programmes here are small, and diving has found good panels before: HiGHS's own heuristics
            # and restarts took three quarters of the time and found nothing.
            highs.setOptionValue("mip_heuristic_effort", 0.0)
            highs.setOptionValue("mip_allow_restart", False)
            for heuristic in ("feasibility_jump", "rins", "rens", "root_reduced_cost"):
                highs.setOptionValue(f"mip_heuristic_run_{heuristic}", False)
        else:
            highs.setOptionValue("presolve", "off")
            highs.setOptionValue("solver", "simplex")
        lp = highspy.HighsLp()
        lp.num_col_ = self.columns = len(costs)
        lp.num_row_ = self.rows = len(row_lower)
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_ = costs
        lp.col_lower_ = lower
        lp.col_upper_ = upper
        lp.row_lower_ = row_lower
        lp.row_upper_ = row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = starts
        lp.a_matrix_.index_ = indices
        lp.a_matrix_.value_ = values
        if integer:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * self.columns
        self._all = np.arange(self.columns, dtype=np.int32)
        if highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverFailed("the solver refused a model")

    def set_costs(self, costs: Vector) -> None:
        self._highs.changeColsCost(self.columns, self._all, costs)

    def set_bounds(self, lower: Vector, upper: Vector) -> None:
        self._highs.changeColsBounds(self.columns, self._all, lower, upper)

    def set_row_bounds(self, lower: Vector, upper: Vector) -> None:
        rows = np.arange(self.rows, dtype=np.int32)
        self._highs.changeRowsBounds(self.rows, rows, lower, upper)

    def set_bound(self, column: int, lower: float, upper: float) -> None:
        self._highs.changeColBounds(column, lower, upper)

    def set_row_bound(self, row: int, lower: float, upper: float) -> None:
        self._highs.changeRowBounds(row, lower, upper)

    def set_entry(self, row: int, column: int, value: float) -> None:
        self._highs.changeCoeff(row, column, value)

    def add_row(self, lower: float, upper: float, indices: Indices, values: Vector) -> None:
        self._highs.addRow(lower, upper, len(indices), indices, values)
        self.rows += 1

    def add_column(self, cost: float, lower: float, upper: float, indices: Indices, values: Vector) -> None:
        self._highs.addCol(cost, lower, upper, len(indices), indices, values)
        self.columns += 1
        self._all = np.arange(self.columns, dtype=np.int32)

    def start_from(self, values: Vector) -> None:
        """Hand an integer programme a feasible point, so that it need only prove or better it."""
        solution = highspy.HighsSolution()
        solution.col_value = values.tolist()
        solution.value_valid = True
        self._highs.setSolution(solution)

    def solve(self) -> bool:
        """Solve: True with an optimum, False without a feasible point. Raises SolverFailed otherwise."""
        highs = self._highs
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return True
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return False
        # A basis can go bad after many changes; a fresh start shows whether the programme is to blame.
        highs.clearSolver()
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return True
        if status == highspy.HighsModelStatus.kInfeasible:
            return False
        raise SolverFailed(f"the solver stopped with {highs.modelStatusToString(status)}")

    @property
    def objective(self) -> float:
        return float(self._highs.getInfo().objective_function_value)

    @property
    def bound(self) -> float:
        """For an integer programme: no integer point is better than this."""
        return float(self._highs.getInfo().mip_dual_bound)

    @property
    def values(self) -> Vector:
        return np.array(self._highs.getSolution().col_value)

    @property
    def row_duals(self) -> Vector:
        return np.array(self._highs.getSolution().row_dual)

    @property
    def reduced_costs(self) -> Vector:
        return np.array(self._highs.getSolution().col_dual)


def compressed(rows: Sequence[Row]) -> tuple[Vector, Vector, Indices, Indices, Vector]:
    """Rows as (lower, upper, starts, indices, values) of a compressed sparse row matrix."""
    lower = np.array([-INFINITY if row.lower is None else row.lower for row in rows], dtype=float)
    upper = np.array([INFINITY if row.upper is None else row.upper for row in rows], dtype=float)
    starts = np.cumsum([0, *(len(row.coefficients) for row in rows)], dtype=np.int32)
    indices = np.array([t for row in rows for t, _ in row.coefficients], dtype=np.int32)
    values = np.array([a for row in rows for _, a in row.coefficients], dtype=float)
    return lower, upper, starts, indices, values
