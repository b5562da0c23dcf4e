"""The sample-average programme written out: one choice of alternates, a replacement in every scenario.

    minimise   mean over scenarios j of sum over targets v of weight_v (short_vj + over_vj)
    subject to min_v <= present_vj + sum over types t of value v of y_tj + short_vj - over_vj <= max_v
               sum_t y_tj <= gone_j,   0 <= y_tj <= x_t,   sum_t x_t <= count,   households' rows, x integer

(Assos et al. 2025, section 3: empirical risk minimisation over sampled drop-outs.) Its linear relaxation is
solved by a first-order method, whose duals give a bound that holds whatever their precision.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy import sparse

from services.sortition.dropout.case import Case, Matrix, Scenarios
from services.sortition.lottery.lottery import RowKind
from services.sortition.lottery.solver import INFINITY, Model, Vector, compressed

# How exactly the relaxation is solved (relative), and its iterations at most: a count, so that the answer is
# always the same. Neither can make the bound wrong, only weaker.
_TOLERANCE = 2e-3
_ITERATIONS = 50_000


class _FirstOrder(Model):
    """A linear programme by HiGHS's first-order method (PDLP: Applegate et al., NeurIPS 2021).

    On these programmes it takes a fifth of the time of interior points, for prices that are good enough.
    """

    def run(self) -> None:
        highs: Any = self._highs
        highs.setOptionValue("solver", "pdlp")
        highs.setOptionValue("presolve", "on")
        highs.setOptionValue("kkt_tolerance", _TOLERANCE)
        highs.setOptionValue("pdlp_iteration_limit", _ITERATIONS)
        highs.run()


class _Searched(Model):
    """An integer programme that stops after so many nodes: a count, so that the answer is always the same."""

    def run(self, nodes: int) -> Vector | None:
        highs: Any = self._highs
        highs.setOptionValue("mip_max_nodes", nodes)
        highs.setOptionValue("mip_rel_gap", 1e-4)
        highs.setOptionValue("mip_heuristic_effort", 0.05)
        highs.run()
        info = highs.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return self.values if found else None


def relax(case: Case, scenarios: Scenarios) -> tuple[Vector, float]:
    """(counts per type in the linear relaxation, a lower bound on the mean loss of every set)."""
    model = _FirstOrder(*_arrays(case, scenarios))
    model.run()
    types, targets, many = len(case.types), len(case.targets), len(scenarios)
    duals = -model.row_duals
    first = types * many
    slope = duals[first : first + targets * many].reshape(many, targets)
    places = -duals[first + targets * many : first + targets * many + many]
    return np.maximum(model.values[:types], 0.0), bound(case, scenarios, slope, places)


def bound(case: Case, scenarios: Scenarios, slope: Matrix, places: Vector) -> float:
    """A lower bound from any prices: `slope` (scenarios x targets), `places` (scenarios) of a replacement.

    Weak duality: a scenario's loss is at least sum_v (slope_v lower_v if slope_v > 0 else slope_v upper_v)
    - places · gone - sum_t x_t max(0, sum over its values of slope - places), whatever the prices within
    the weights are; the last sum is largest for the types with the greatest total. Households' rows are left
    out, which only weakens the bound.
    """
    many = max(1, len(scenarios))
    slope = np.clip(slope, -case.weight / many, case.weight / many)
    places = np.maximum(places, 0.0)
    lower, upper = case.minimum - scenarios.present, case.maximum - scenarios.present
    fixed = float(np.where(slope > 0, slope * lower, slope * upper).sum() - places @ scenarios.gone)
    gain = np.maximum(slope @ case.classes.T - places[:, None], 0.0).sum(axis=0)
    left = float(case.count)
    for t in np.argsort(-gain, kind="stable"):
        taken = min(left, float(case.types[t].upper))
        fixed -= taken * float(gain[t])
        left -= taken
    return max(0.0, fixed)


def search(case: Case, scenarios: Scenarios, start: Vector, nodes: int) -> tuple[Vector, float]:
    """(counts per type, a lower bound) from branch and bound over at most `nodes` nodes, from `start`.

    The bound is that of the same programme with fractional replacements, so it holds for whole ones too.
    """
    arrays = _arrays(case, scenarios)
    model = _Searched(*arrays, integer=True)
    # Only the choice itself need be whole: replacements are evaluated exactly afterwards.
    kinds = [highspy.HighsVarType.kContinuous] * (model.columns - len(case.types))
    columns = np.arange(len(case.types), model.columns, dtype=np.int32)
    highs: Any = model._highs
    highs.changeColsIntegrality(len(columns), columns, np.array(kinds))
    found = model.run(nodes)
    least = max(0.0, -model.bound) if np.isfinite(model.bound) else 0.0
    return (start if found is None else np.round(found[: len(case.types)])), least


def _arrays(case: Case, scenarios: Scenarios) -> tuple[Any, ...]:
    types, targets, many = len(case.types), len(case.targets), len(scenarios)
    used, cells = types * many, targets * many
    each = sparse.identity(many, format="csr")
    household = [row for row in case.reduction.rows if row.kind is RowKind.HOUSEHOLD]
    _, limits, starts, indices, values = compressed(household)
    homes = sparse.csr_array((values, indices, starts), shape=(len(household), types))
    choice = sparse.vstack([sparse.csr_array(np.ones((1, types))), homes])
    stacked: Any = sparse.vstack(
        [
            sparse.hstack(
                [
                    sparse.vstack([-sparse.identity(types, format="csr")] * many),
                    sparse.identity(used, format="csr"),
                    sparse.csr_array((used, 2 * cells)),
                ]
            ),
            sparse.hstack(
                [
                    sparse.csr_array((cells, types)),
                    sparse.kron(each, sparse.csr_array(case.classes.T)),
                    sparse.identity(cells, format="csr"),
                    -sparse.identity(cells, format="csr"),
                ]
            ),
            sparse.hstack(
                [
                    sparse.csr_array((many, types)),
                    sparse.kron(each, np.ones((1, types))),
                    sparse.csr_array((many, 2 * cells)),
                ]
            ),
            sparse.hstack([choice, sparse.csr_array((1 + len(household), used + 2 * cells))]),
        ]
    )
    matrix = stacked.tocsr()
    most = np.array([kind.upper for kind in case.types], dtype=float)
    return (
        np.concatenate([np.zeros(types + used), -np.tile(case.weight, 2 * many) / many]),
        np.zeros(types + used + 2 * cells),
        np.concatenate([most, np.tile(most, many), np.full(2 * cells, INFINITY)]),
        np.concatenate(
            [
                np.full(used, -INFINITY),
                (case.minimum - scenarios.present).ravel(),
                np.full(many + 1 + len(household), -INFINITY),
            ]
        ),
        np.concatenate(
            [
                np.zeros(used),
                (case.maximum - scenarios.present).ravel(),
                scenarios.gone,
                [float(case.count)],
                limits,
            ]
        ),
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data.astype(float),
    )
