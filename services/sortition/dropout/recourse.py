"""What a set of alternates is worth: the best replacement in each scenario, exactly.

In a scenario with D drop-outs at most D alternates step in (Assos et al. 2025, section 2), those who leave
the least loss. That is a small integer programme: counts per type up to those in the set, a shortfall and an
excess per target. Its linear relaxation is nearly always integral, and is solved first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.sortition.dropout.case import Case, Matrix, Scenarios
from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.solver import INFINITY, Model, Vector

_INTEGRAL = 1e-6


@dataclass(frozen=True, slots=True)
class Worth:
    """`losses` per scenario; `gain` per type: at most what one more of it takes off the mean loss."""

    losses: Vector
    gain: Vector

    @property
    def mean(self) -> float:
        return float(self.losses.mean())


def worth(case: Case, chosen: Vector, scenarios: Scenarios) -> Worth:
    """The losses that a set of alternates (`chosen`: counts per type) leaves in each scenario."""
    used = np.flatnonzero(chosen > 0)
    if not len(used):
        return Worth(case.losses_without(scenarios), _gain_of_nobody(case, scenarios))
    relaxed = _model(case, used, chosen, integer=False)
    exact: Model | None = None
    losses = np.zeros(len(scenarios))
    gain = np.zeros(len(case.types))
    row_upper = np.zeros(len(case.targets) + 1)
    row_lower = np.full(len(case.targets) + 1, -INFINITY)
    for j in range(len(scenarios)):
        row_lower[:-1] = case.minimum - scenarios.present[j]
        row_upper[:-1] = case.maximum - scenarios.present[j]
        row_upper[-1] = scenarios.gone[j]
        relaxed.set_row_bounds(row_lower, row_upper)
        if not relaxed.solve():
            raise SolverFailed("a scenario without any replacement has a loss too")
        losses[j] = max(0.0, -relaxed.objective)
        duals = -relaxed.row_duals
        gain += np.maximum(case.classes @ duals[:-1] + duals[-1], 0.0)
        counts = relaxed.values[: len(used)]
        if np.any(np.abs(counts - np.round(counts)) > _INTEGRAL):
            exact = exact or _model(case, used, chosen, integer=True)
            exact.set_row_bounds(row_lower, row_upper)
            if not exact.solve():
                raise SolverFailed("a scenario without any replacement has a loss too")
            losses[j] = max(0.0, -exact.objective)
    losses[losses < 1e-9] = 0.0
    return Worth(losses, gain / max(1, len(scenarios)))


def _gain_of_nobody(case: Case, scenarios: Scenarios) -> Vector:
    slope = np.where(scenarios.present < case.minimum, case.weight, 0.0)
    slope -= np.where(scenarios.present >= case.maximum, case.weight, 0.0)
    per_type: Matrix = np.maximum(slope @ case.classes.T, 0.0) * (scenarios.gone > 0)[:, None]
    return np.asarray(per_type.mean(axis=0)) if len(scenarios) else np.zeros(len(case.types))


def _model(case: Case, used: np.ndarray, chosen: Vector, *, integer: bool) -> Model:
    """Columns: counts of the used types, shortfall per target, excess per target (highest minus loss)."""
    targets, types = len(case.targets), len(used)
    columns = types + 2 * targets
    matrix = np.zeros((targets + 1, columns))
    matrix[:targets, :types] = case.classes[used].T
    matrix[:targets, types : types + targets] = np.eye(targets)
    matrix[:targets, types + targets :] = -np.eye(targets)
    matrix[targets, :types] = 1.0
    rows, indices = np.nonzero(matrix)
    starts = np.searchsorted(rows, np.arange(targets + 2)).astype(np.int32)
    costs = np.concatenate([np.zeros(types), -case.weight, -case.weight])
    upper = np.concatenate([chosen[used], np.full(2 * targets, INFINITY)])
    return Model(
        costs,
        np.zeros(columns),
        upper,
        np.full(targets + 1, -INFINITY),
        np.full(targets + 1, INFINITY),
        starts,
        indices.astype(np.int32),
        matrix[rows, indices],
        integer=integer,
    )
