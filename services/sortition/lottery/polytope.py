"""The linear relaxation of all panels, as arrays: counts per type between bounds, rows over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from services.sortition.lottery.lottery import PersonType, Row
from services.sortition.lottery.solver import Model, Vector, compressed

# How near a float must be to an integer, or an activity to its bound, to count as being there.
NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Polytope:
    """`members`, `lower`, `upper` per type; `matrix` (rows x types) with `row_lower` and `row_upper`."""

    rows: tuple[Row, ...]
    members: Vector
    lower: Vector
    upper: Vector
    matrix: sparse.csr_array
    row_lower: Vector
    row_upper: Vector

    @classmethod
    def of(cls, types: Sequence[PersonType], rows: Sequence[Row]) -> Polytope:
        row_lower, row_upper, starts, indices, values = compressed(rows)
        matrix = sparse.csr_array((values, indices, starts), shape=(len(rows), len(types)))
        return cls(
            rows=tuple(rows),
            members=np.array([len(kind.members) for kind in types], dtype=float),
            lower=np.array([kind.lower for kind in types], dtype=float),
            upper=np.array([kind.upper for kind in types], dtype=float),
            matrix=matrix,
            row_lower=row_lower,
            row_upper=row_upper,
        )

    def model(
        self,
        lower: Vector,
        upper: Vector,
        row_lower: Vector,
        row_upper: Vector,
        *,
        integer: bool = False,
    ) -> Model:
        """A programme over these rows, with other bounds and no costs yet."""
        return Model(
            np.zeros(len(lower)),
            lower,
            upper,
            row_lower,
            row_upper,
            self.matrix.indptr.astype(np.int32),
            self.matrix.indices.astype(np.int32),
            self.matrix.data.astype(float),
            integer=integer,
        )

    def holds(self, panel: Vector) -> bool:
        """Whether an integer vector is a panel: within every bound and every row."""
        activity = self.matrix @ panel
        return bool(
            np.all(panel >= self.lower - 0.5)
            and np.all(panel <= self.upper + 0.5)
            and np.all(activity >= self.row_lower - 0.5)
            and np.all(activity <= self.row_upper + 0.5)
        )

    def face(self, x: Vector, tolerance: float = 1e-8) -> tuple[Vector, Vector]:
        """Row bounds of the smallest face that x lies on: rows that are tight at x become equations.

        A lottery with mean x can only use panels there.
        """
        activity = self.matrix @ x
        at_lower = activity <= self.row_lower + tolerance
        at_upper = activity >= self.row_upper - tolerance
        return np.where(at_upper, self.row_upper, self.row_lower), np.where(
            at_lower, self.row_lower, self.row_upper
        )

    def box(self, x: Vector) -> tuple[Vector, Vector]:
        """The integers just below and just above every count of x."""
        return np.floor(x + NEAR), np.ceil(x - NEAR)
