"""Floats to rationals: weights that sum to exactly 1, and stage duals whose bounds hold exactly.

Any multipliers give a valid bound (see `Stage`): what rounding costs is tightness, never truth. So each
multiplier becomes the simplest fraction nearby, and the weights of the types follow from the multipliers
in rational arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm

import numpy as np

from services.sortition.lottery.lottery import ExactLottery, Method, PersonType, Row, RowKind, Stage
from services.sortition.lottery.relaxation import Level
from services.sortition.lottery.solver import Vector
from services.sortition.lottery.types import Reduction

# Weights of panels are multiples of 1 / SCALE.
SCALE = 10**15
_SIMPLE = 10**4
_ZERO = 1e-11


def rational(value: float) -> Fraction:
    """The simplest fraction within rounding error of a float, else the float to 15 places."""
    simple = Fraction(value).limit_denominator(_SIMPLE)
    if abs(float(simple) - value) <= 4e-14 * max(1.0, abs(value)):
        return simple
    return Fraction(round(value * SCALE), SCALE)


def stage(types: Sequence[PersonType], rows: Sequence[Row], level: Level, opened: Vector) -> Stage:
    """One stage's proof. `opened`: the types that were open when it began."""
    multipliers = []
    for index, value in enumerate(level.row_duals.tolist()):
        if abs(value) <= _ZERO or (rows[index].upper if value > 0 else rows[index].lower) is None:
            continue
        multipliers.append((index, rational(value)))
    common = lcm(*(m.denominator for _, m in multipliers)) if multipliers else 1
    pressure = [0] * len(types)  # sum over rows of multiplier * coefficient, times `common`
    for index, multiplier in multipliers:
        scaled = multiplier.numerator * (common // multiplier.denominator)
        for t, coefficient in rows[index].coefficients:
            pressure[t] += scaled * coefficient
    weights = []
    for t, kind in enumerate(types):
        priced = Fraction(len(kind.members) * pressure[t], common)
        if opened[t]:
            given = float(level.weights[t])
            # At its upper bound a type carries more weight than its rows press on it: the bound's own share.
            weight = priced if abs(float(priced) - given) <= 1e-9 else rational(given)
        else:
            weight = priced if kind.lower < kind.upper else Fraction(0)
        if weight > _ZERO:
            weights.append((t, weight))
    return Stage(
        level=rational(level.level),
        settled=tuple(int(t) for t in level.settled),
        weights=tuple(weights),
        multipliers=tuple(multipliers),
    )


def stages(types: Sequence[PersonType], rows: Sequence[Row], levels: Sequence[Level]) -> tuple[Stage, ...]:
    opened = np.ones(len(types), dtype=bool)
    result = []
    for level in levels:
        result.append(stage(types, rows, level, opened))
        opened[level.settled] = False
    return tuple(result)


def rational_weights(weights: Sequence[float]) -> list[int]:
    """Weights as integers that sum to exactly SCALE: floors, the rest to the largest remainders."""
    total = sum(weights)
    scaled = [Fraction(weight) / Fraction(total) * SCALE for weight in weights]
    result = [int(value) for value in scaled]
    order = sorted(range(len(result)), key=lambda i: (result[i] - scaled[i], i))
    for i in order[: SCALE - sum(result)]:
        result[i] += 1
    return result


def lottery(
    method: Method,
    reduction: Reduction,
    rows: Sequence[Row],
    panels: Vector,
    weights: Vector,
    target: Vector,
    proof: tuple[Stage, ...],
    unreachable: Sequence[int],
) -> ExactLottery:
    """Put an ExactLottery together; panels in sorted order, those without weight left out.

    TRUSTED rows that no stage uses are left out too: nothing need be trusted that proves nothing.
    `target`: the chance per type that the solver found to be the best; the residual is measured from it.
    """
    integers = rational_weights(weights.tolist())
    kept = sorted(
        (tuple(round(c) for c in panel), weight)
        for panel, weight in zip(panels.tolist(), integers, strict=True)
        if weight > 0
    )
    totals = [0] * len(reduction.types)
    for panel, weight in kept:
        for t, count in enumerate(panel):
            if count:
                totals[t] += count * weight
    chances = tuple(
        Fraction(total, SCALE * len(kind.members))
        for total, kind in zip(totals, reduction.types, strict=True)
    )
    residual = max(
        (abs(chance - Fraction(aim)) for chance, aim in zip(chances, target.tolist(), strict=True)),
        default=Fraction(0),
    )
    rows, proof = _needed(rows, proof)
    return ExactLottery(
        method=method,
        size=reduction.size,
        per_address=reduction.per_address,
        types=reduction.types,
        rows=rows,
        panels=tuple(panel for panel, _ in kept),
        weights=tuple(Fraction(weight, SCALE) for _, weight in kept),
        chances=chances,
        excluded=reduction.excluded,
        unreachable=tuple(unreachable),
        stages=proof,
        residual=residual,
    )


def _needed(rows: Sequence[Row], proof: tuple[Stage, ...]) -> tuple[tuple[Row, ...], tuple[Stage, ...]]:
    used = {index for stage in proof for index, _ in stage.multipliers}
    kept = [i for i, row in enumerate(rows) if row.kind is not RowKind.TRUSTED or i in used]
    place = {old: new for new, old in enumerate(kept)}
    moved = tuple(
        replace(stage, multipliers=tuple((place[i], m) for i, m in stage.multipliers)) for stage in proof
    )
    return tuple(rows[i] for i in kept), moved
