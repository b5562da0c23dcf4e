"""Whether a pool meets the targets: the lottery's own check that a panel exists, and volunteers per seat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from services.sortition.invitation.types import Cell, Integers, Question, Reals
from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.pricing import whole
from services.sortition.lottery.solver import Vector


class Panels:
    """The panels of a question over fixed types; asked about one pool (counts per type) after another."""

    def __init__(self, question: Question, cells: Sequence[Cell]) -> None:
        """Raises BadInput for a value without a target."""
        self.question = question
        self.codes = question.codes(cells)
        targets, types = len(question.targets), len(cells)
        self.has = np.zeros((targets, types), dtype=np.int64)
        for code in self.codes:
            self.has[code, np.arange(types)] = 1
        self.minimum = np.array([t.minimum for t in question.targets], dtype=np.int64)
        self._lower = np.array([question.size, *self.minimum], dtype=float)
        self._upper = np.array([question.size, *(t.maximum for t in question.targets)], dtype=float)
        self._matrix = sparse.csr_array(np.vstack([np.ones((1, types)), self.has]).astype(float))
        self._found: list[Vector] = []

    def per_value(self, counts: Integers) -> Integers:
        """Volunteers per target; `counts` (T) or (simulations, T)."""
        result: Integers = counts @ self.has.T
        return result

    def covered(self, counts: Integers) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Per target, whether there are `per_seat` volunteers for each seat of its minimum."""
        result: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (
            self.per_value(counts) >= self.question.per_seat * self.minimum
        )
        return result

    def exists(self, counts: Integers) -> bool:
        """Exactly whether these volunteers hold a panel: a panel found for an earlier pool, or a search."""
        values = self.per_value(counts)
        if counts.sum() < self.question.size or (values < self.minimum).any():
            return False
        if any((panel <= counts).all() for panel in self._found):
            return True
        present = np.flatnonzero(counts)
        upper = np.minimum(counts[present], self.question.size).astype(float)
        panel = whole(self.polytope(present, upper)).near(np.zeros(len(present)))
        if panel is None:
            return False
        full = np.zeros(len(counts))
        full[present] = panel
        self._found = [full, *self._found[:49]]
        return True

    def polytope(self, types: Integers, upper: Reals) -> Polytope:
        """All panels over some types with at most `upper` people of each, as the lottery solves it."""
        rows = [Row(RowKind.SIZE, (), self.question.size, self.question.size)]
        rows += [
            Row(RowKind.QUOTA, (), t.minimum, t.maximum, t.feature, t.value) for t in self.question.targets
        ]
        return Polytope(
            rows=tuple(rows),
            members=upper,
            lower=np.zeros(len(types)),
            upper=upper,
            matrix=sparse.csr_array(self._matrix[:, types]),
            row_lower=self._lower,
            row_upper=self._upper,
        )
