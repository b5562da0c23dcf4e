"""The terms of an invitation: who is in the register, what the pool is for, how likely people answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.sortition.invitation.errors import BadInput, Infeasible, Reason
from services.sortition.lottery.problem import Target

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]
Cell = tuple[str, ...]


class Design(StrEnum):
    """How letters are shared: equal chances; the same, in proportion within each type; chances by need."""

    SIMPLE = "simple"
    STRATIFIED = "stratified"
    WEIGHTED = "weighted"


class Entry(NamedTuple):
    """One person of the register: `values` in the features' order, `address` empty where none is known.

    `row` is where the person stands in the source; it is only repeated in errors and results.
    """

    id: str
    values: Cell
    address: str
    row: int


@dataclass(frozen=True, slots=True)
class Question:
    """The panel that the pool must be able to fill.

    'The pool meets the targets' when a panel of `size` people within every target exists among the
    volunteers, and each value has at least `per_seat` volunteers per seat of its minimum.
    """

    features: tuple[str, ...]
    targets: tuple[Target, ...]
    size: int
    per_seat: float = 3.0

    def __post_init__(self) -> None:
        """Raises BadInput for figures out of range, Infeasible for targets that exclude every panel."""
        faults = []
        if self.size < 1:
            faults.append(Reason("SIZE_NOT_POSITIVE", {"size": self.size}))
        if not 0 <= self.per_seat <= 1000:
            faults.append(Reason("PER_SEAT_OUT_OF_RANGE", {"found": f"{self.per_seat:g}"}))
        if not self.targets:
            faults.append(Reason("NO_TARGETS"))
        if len({(t.feature, t.value) for t in self.targets}) < len(self.targets) or {
            t.feature for t in self.targets
        } != set(self.features):
            faults.append(Reason("TARGETS_DO_NOT_MATCH"))
        if faults:
            raise BadInput(faults)
        clashes = []
        for feature in self.features:
            own = [t for t in self.targets if t.feature == feature]
            least, most = sum(t.minimum for t in own), sum(t.maximum for t in own)
            figures: dict[str, str | int] = {"feature": feature, "size": self.size}
            if least > self.size:
                clashes.append(Reason("MINIMA_OVER_SIZE", figures | {"sum": least}))
            if most < self.size:
                clashes.append(Reason("MAXIMA_UNDER_SIZE", figures | {"sum": most}))
        if clashes:
            raise Infeasible(clashes)

    def codes(self, cells: Sequence[Cell]) -> tuple[Integers, ...]:
        """Per feature, the index in `targets` of each cell's value. Raises BadInput for an unknown value."""
        places = {(t.feature, t.value): i for i, t in enumerate(self.targets)}
        unknown = {
            (feature, value)
            for cell in cells
            for feature, value in zip(self.features, cell, strict=True)
            if (feature, value) not in places
        }
        if unknown:
            raise BadInput(
                [Reason("VALUE_WITHOUT_TARGET", {"feature": f, "value": v}) for f, v in sorted(unknown)]
            )
        return tuple(
            np.array([places[feature, cell[i]] for cell in cells], dtype=np.int64)
            for i, feature in enumerate(self.features)
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """How likely a letter makes a volunteer, per type: Beta(alpha, beta), both arrays over the types.

    The mean is the assumed rate; alpha + beta is how many letters' worth of experience stands behind it.
    A rate of exactly 0 (alpha = 0) or 1 (beta = 0) is taken as certain.
    """

    alpha: Reals
    beta: Reals

    @property
    def mean(self) -> Reals:
        result: Reals = self.alpha / (self.alpha + self.beta)
        return result
