"""The integer programme behind every cure: panels under quotas that may be loosened, at a price.

columns   a count per type, then per quota: down (seats off its minimum), up (seats on its maximum),
          and a binary for each saying whether that side is touched
rows      counts + down >= minimum;  counts - up <= maximum;  down <= most * touched;  up <= most * touched
          and the size and household rows as they are
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.problem import Target
from services.sortition.lottery.solver import INFINITY, Model, compressed
from services.sortition.lottery.types import Reduction


@dataclass(frozen=True, slots=True)
class Change:
    """One side of a quota loosened by `seats` (at least 1): minimum lowered (`down`) or maximum raised."""

    row: Row
    down: bool
    seats: int


class Loosening:
    """Panels of a reduction whose quotas may be loosened: all the way, or if `flexible` within their flex."""

    def __init__(self, reduction: Reduction, targets: Sequence[Target] = (), *, flexible: bool) -> None:
        flex: Mapping[tuple[str, str], Target] = (
            {(t.feature, t.value): t for t in targets} if flexible else {}
        )
        self._reduction = reduction
        self._count = n = len(reduction.types)
        quotas = [row for row in reduction.rows if row.kind is RowKind.QUOTA]
        self._sides: list[tuple[Row, bool, int]] = []
        for row in quotas:
            target = flex.get((row.feature, row.value))
            lower, upper = row.lower or 0, row.upper or 0
            least = target.min_flex if target and target.min_flex is not None else 0
            most = target.max_flex if target and target.max_flex is not None else reduction.size
            self._sides.append((row, True, max(0, lower - least)))
            self._sides.append((row, False, max(0, most - upper)))
        s = len(self._sides)
        rows: list[Row] = [row for row in reduction.rows if row.kind is not RowKind.QUOTA]
        for i, (row, down, most) in enumerate(self._sides):
            seats, touched = n + i, n + s + i
            if down:
                rows.append(Row(RowKind.QUOTA, (*row.coefficients, (seats, 1)), row.lower, None))
            else:
                rows.append(Row(RowKind.QUOTA, (*row.coefficients, (seats, -1)), None, row.upper))
            rows.append(Row(RowKind.TRUSTED, ((seats, 1), (touched, -most)), None, 0))
        row_lower, row_upper, starts, indices, values = compressed(rows)
        self._lower = np.array([*(k.lower for k in reduction.types), *([0] * (2 * s))], dtype=float)
        self._upper = np.array(
            [*(k.upper for k in reduction.types), *(most for _, _, most in self._sides), *([1] * s)],
            dtype=float,
        )
        self._model = Model(
            np.zeros(n + 2 * s),
            self._lower,
            self._upper,
            row_lower,
            row_upper,
            starts,
            indices,
            values,
            integer=True,
        )

    def fewest(self, must_have: int) -> tuple[Change, ...] | None:
        """The fewest quota sides, then seats, that let type `must_have` onto a panel; None if none do."""
        seats = sum(most for _, _, most in self._sides) + 1
        self._price(per_seat=1.0, per_side=float(min(seats, 100 * self._reduction.size)))
        self._model.set_bound(must_have, max(1.0, self._lower[must_have]), self._upper[must_have])
        try:
            return self._solve()
        finally:
            self._model.set_bound(must_have, self._lower[must_have], self._upper[must_have])

    def least(self) -> tuple[Change, ...] | None:
        """The fewest seats of change, then the fewest sides, after which there is a panel; None if none."""
        self._price(per_seat=float(len(self._sides) + 1), per_side=1.0)
        return self._solve()

    def forbid(self, changes: Sequence[Change]) -> None:
        """From now on no solution may touch all of these sides together."""
        first = self._count + len(self._sides)
        chosen = {(c.row.feature, c.row.value, c.down) for c in changes}
        touched = [
            first + i
            for i, (row, down, _) in enumerate(self._sides)
            if (row.feature, row.value, down) in chosen
        ]
        self._model.add_row(
            -INFINITY, len(touched) - 1, np.array(touched, dtype=np.int32), np.ones(len(touched))
        )

    def _price(self, per_seat: float, per_side: float) -> None:
        s = len(self._sides)
        costs = np.zeros(self._count + 2 * s)
        costs[self._count : self._count + s] = -per_seat
        costs[self._count + s :] = -per_side
        self._model.set_costs(costs)

    def _solve(self) -> tuple[Change, ...] | None:
        if not self._model.solve():
            return None
        values = np.round(self._model.values).astype(int)
        return tuple(
            Change(row, down, int(values[self._count + i]))
            for i, (row, down, _) in enumerate(self._sides)
            if values[self._count + i] > 0
        )
