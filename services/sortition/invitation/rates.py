"""How likely a letter makes a volunteer: given per type, or estimated from earlier assemblies with a prior.

The estimate has two layers, so that a type with two letters behind it does not get a rate of 0 or 50 %:

1. Margins. Expected replies of a type = letters x r x a factor per value, the multiplicative model whose fit
   repeats the margins (iterative proportional fitting: Deming and Stephan, Annals of Mathematical Statistics
   1940; as Poisson regression: Birch, Journal of the Royal Statistical Society B 1963). Each factor has a
   Gamma(a, a) prior on its logarithm's scale, so it becomes (replies + a) / (expected + a): a value seen
   little stays near 1. `margin_weight` = a, in replies.
2. Types. Beta-binomial around the fit (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4 and
   chapter 5): Beta(w m + replies, w (1 - m) + letters - replies), m the fitted rate. `weight` = w,
   in letters.

Given rates get the same Beta(w m, w (1 - m)): w says how much a given rate is to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.sortition.invitation.errors import BadInput, Reason
from services.sortition.invitation.types import Cell, Rates, Reals

WEIGHT = 400.0
MARGIN_WEIGHT = 5.0
_ROUNDS = 500
_SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class Experience:
    """Letters sent to people with these values in an earlier assembly, and how many of them volunteered."""

    values: Cell
    letters: int
    replies: int
    row: int = 0


def given(
    features: Sequence[str],
    cells: Sequence[Cell],
    by: Sequence[str],
    rates: Mapping[Cell, float],
    weight: float = WEIGHT,
) -> Rates:
    """Rates (shares from 0 to 1) by the values of some features: `by`, a part of `features`, may be empty.

    Raises BadInput for a rate outside 0 … 1, a weight that is not positive, a cell without a rate.
    """
    faults = _weights(weight)
    for values, rate in rates.items():
        if not 0 <= rate <= 1:
            faults.append(Reason("RATE_OUT_OF_RANGE", {"place": _place(values), "found": f"{rate:g}"}))
    projected = _projected(features, cells, by)
    missing = sorted(set(projected) - set(rates))
    faults += [Reason("RATE_MISSING", {"place": _place(values)}) for values in missing]
    if faults:
        raise BadInput(faults)
    mean = np.array([rates[values] for values in projected], dtype=float)
    return Rates(weight * mean, weight * (1 - mean))


def estimate(
    features: Sequence[str],
    cells: Sequence[Cell],
    by: Sequence[str],
    experience: Sequence[Experience],
    weight: float = WEIGHT,
    margin_weight: float = MARGIN_WEIGHT,
) -> Rates:
    """Rates of the types from earlier assemblies' letters and replies by the features `by` (a part).

    Rows of the same values add up, so several assemblies may follow one another. A type never written to has
    the margins' rate. Raises BadInput for negative figures, more replies than letters, no letters at all.
    """
    faults = _weights(weight, margin_weight)
    for row in experience:
        if row.letters < 0 or row.replies < 0 or row.replies > row.letters:
            figures: dict[str, str | int] = {"letters": row.letters, "replies": row.replies}
            faults.append(Reason("REPLIES_OVER_LETTERS", {"row": str(row.row)} | figures))
    if not faults and not sum(row.letters for row in experience):
        faults.append(Reason("NO_EXPERIENCE"))
    if faults:
        raise BadInput(faults)
    projected = _projected(features, cells, by)
    kinds = sorted({*projected, *(row.values for row in experience)})
    place = {values: i for i, values in enumerate(kinds)}
    letters, replies = np.zeros(len(kinds)), np.zeros(len(kinds))
    for row in experience:
        letters[place[row.values]] += row.letters
        replies[place[row.values]] += row.replies
    mean = np.minimum(fitted(kinds, letters, replies, margin_weight), 1.0)
    where = np.array([place[values] for values in projected], dtype=np.int64)
    alpha, beta = weight * mean + replies, weight * (1 - mean) + letters - replies
    return Rates(alpha[where], beta[where])


def fitted(kinds: Sequence[Cell], letters: Reals, replies: Reals, margin_weight: float = 0.0) -> Reals:
    """The multiplicative model's rate per kind. With `margin_weight` 0 its margins are the replies'."""
    width = len(kinds[0]) if kinds else 0
    codes = []
    for axis in range(width):
        values = {v: i for i, v in enumerate(sorted({kind[axis] for kind in kinds}))}
        codes.append(np.array([values[kind[axis]] for kind in kinds], dtype=np.int64))
    overall = float(replies.sum() / letters.sum())
    rate = np.full(len(kinds), overall)
    factors = [np.ones(int(code.max()) + 1) for code in codes]
    for _ in range(_ROUNDS):
        moved = 0.0
        for code, factor in zip(codes, factors, strict=True):
            # The factor itself is left out of what is expected: the prior pulls it to 1, not to where it was.
            expected = np.bincount(code, letters * rate) / factor
            found = np.bincount(code, replies)
            best = np.divide(
                found + margin_weight,
                expected + margin_weight,
                out=np.ones_like(found),
                where=expected + margin_weight > 0,
            )
            best = np.maximum(best, 1e-12)
            rate = rate * (best / factor)[code]
            moved = max(moved, float(np.abs(best / factor - 1).max()))
            factor[:] = best
        if moved < _SETTLED:
            break
    return rate


def _weights(*weights: float) -> list[Reason]:
    return [
        Reason("PRIOR_OUT_OF_RANGE", {"found": f"{weight:g}"}) for weight in weights if not 0 < weight <= 1e9
    ]


def _projected(features: Sequence[str], cells: Sequence[Cell], by: Sequence[str]) -> list[Cell]:
    axes = [list(features).index(feature) for feature in by]
    return [tuple(cell[axis] for axis in axes) for cell in cells]


def _place(values: Cell) -> str:
    return " × ".join(values) or "*"
