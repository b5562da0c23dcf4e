"""The over-draw: how many more to draw of each value, so that the panel expected to stay meets the targets.

An integer programme finds the smallest panel that some people of the pool can form whose expected final
counts (the sum of participation rates) reach every minimum and the panel's size, and exceed no maximum by a
whole person or more; among those of the smallest size the one with the least excess. Where no panel stays
that near to its maxima, as with exact quotas of several features, they may be exceeded further, least in sum.
Its counts give the enlarged targets, which the lottery then draws by. The expectation is linear in the panel,
so no sampling is needed for it; the chance that all targets are met at once is simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np

from services.sortition.dropout.case import Matrix, indicators
from services.sortition.dropout.errors import BadInput, Infeasible, Reason
from services.sortition.dropout.outlook import Outlook, expected_counts, expected_size, outlook
from services.sortition.dropout.rates import Rates
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import Infeasible as NoPanel
from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.lottery import ExactLottery, RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.problem import Problem, Target
from services.sortition.lottery.solver import INFINITY, Model, Vector
from services.sortition.lottery.types import Reduction, reduce
from services.sortition.lottery.uniform import uniform as uniform_lottery

TRIALS = 2000
PANELS = 1000
_NEAR = 1e-7
# "Less than a whole person above the maximum", for floats.
_PERSON = 1.0 - 1e-6
# People: an excess this close to the least is as good.
_EXCESS_GAP = 0.05
# How often the lottery's own rates are put into the programme.
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class ValueOutlook:
    """One target enlarged, and what is expected of it at the end, in people.

    `target` is the original, `minimum` and `maximum` the enlarged one. `rate`: participation of the people
    drawn with this value. `expected`: under the leximin lottery; `lowest`, `highest`: over every panel that
    meets the enlarged targets (outer bounds, by linear programmes). `chance`: that the final count is within
    the original target, by exact convolution. `above`: the value is drawn above its share on purpose.
    """

    target: Target
    minimum: int
    maximum: int
    rate: float
    expected: float
    lowest: float
    highest: float
    chance: float
    above: bool


@dataclass(frozen=True, slots=True)
class Overdraw:
    """The enlarged panel: `size` seats, `values` in the targets' order, `problem` as the lottery draws it.

    `plain` is the outlook without over-draw (None when the original targets have no panel), `enlarged` the
    one with it. `notices` say what the targets alone cannot guarantee.
    """

    size: int
    values: tuple[ValueOutlook, ...]
    problem: Problem
    plain: Outlook | None
    enlarged: Outlook
    notices: tuple[Reason, ...]


def overdraw(
    problem: Problem, rates: Rates, seed: str, *, trials: int = TRIALS, reason: str = ""
) -> Overdraw:
    """The smallest over-draw for `problem` (its size and targets are those wanted at the end).

    `reason` is recorded with every target that is drawn above its share on purpose. Deterministic from the
    arguments. Raises BadInput (rates, TRIALS_NOT_POSITIVE); Infeasible with SIZE_UNREACHABLE,
    MINIMUM_UNREACHABLE (what the whole pool gives in expectation) or NO_OVERDRAW (targets that clash).
    """
    if trials < 2:
        raise BadInput([Reason("TRIALS_NOT_POSITIVE", {"trials": trials})])
    people = [person for person in problem.people if person.id not in problem.exclude]
    chances = rates.per_person(problem.features, people)
    wide = tuple(replace(t, minimum=0, maximum=len(people)) for t in problem.targets)
    pool = reduce(replace(problem, size=min(problem.size, len(people)), targets=wide))
    stay = _stay(pool, chances)
    inside = indicators(problem.features, problem.targets, [kind.values for kind in pool.types])
    # Per type the rate counted for each target, and last for the size: its own at first.
    counted = np.repeat(stay[:, None], len(problem.targets) + 1, axis=1)
    over, attempt = _PERSON, 0
    while True:
        counts = _smallest(problem, pool, counted, inside, over)
        if counts is None and over <= 1.0:
            over = max(2.0, float(len(people)))
            continue
        if counts is None and attempt:
            # So pessimistic nothing is enough: what was found before stands, and what it misses is told.
            break
        if counts is None:
            raise Infeasible(_why(problem, pool, stay, inside))
        there, kept = inside.T @ counts, (inside * counted[:, :-1]).T @ counts
        made, above = _as_problem(problem, there, kept, round(float(counts.sum())), reason)
        lottery = leximin(reduce(made))
        attempt += 1
        if attempt == _ATTEMPTS or not _missed(problem, lottery, chances, over):
            break
        # The lottery draws other mixtures than the programme's panel, which has the steadiest people of each
        # value: count from now on with the rate of those whom it draws.
        counted = np.minimum(counted, _drawn_rates(problem, lottery, chances))
    addresses = {person.id: person.address for person in problem.people}
    uniform = uniform_lottery(lottery, PANELS, seed, addresses)
    enlarged = outlook(problem, lottery, uniform, chances, seed, trials)
    rates_drawn = _drawn_rates(problem, lottery, chances)
    lowest, highest = _ranges(made, chances)
    values = tuple(
        ValueOutlook(
            target=old,
            minimum=new.minimum,
            maximum=new.maximum,
            rate=float(rates_drawn[i]),
            expected=enlarged.values[i],
            lowest=lowest[i],
            highest=highest[i],
            chance=enlarged.chances[i],
            above=up,
        )
        for i, (old, new, up) in enumerate(zip(problem.targets, made.targets, above, strict=True))
    )
    return Overdraw(
        made.size,
        values,
        made,
        _plain(problem, chances, seed, trials),
        enlarged,
        _notices(problem, values, enlarged),
    )


def _as_problem(
    problem: Problem, there: Vector, kept: Vector, size: int, reason: str
) -> tuple[Problem, list[bool]]:
    """(the lottery's question with enlarged targets, which of them are drawn above their share)."""
    targets = [
        _enlarged(t, round(float(n)), float(e), size)
        for t, n, e in zip(problem.targets, there, kept, strict=True)
    ]
    above = [
        above_share(new, old, size, problem.size) for new, old in zip(targets, problem.targets, strict=True)
    ]
    reasoned = tuple(
        replace(t, reason=reason or t.reason) if up else t for t, up in zip(targets, above, strict=True)
    )
    return replace(problem, targets=reasoned, size=size), above


def _missed(problem: Problem, lottery: ExactLottery, chances: dict[str, float], over: float) -> bool:
    """Whether an expectation is under its minimum or the size, or more than `over` above its maximum."""
    expected = expected_counts(problem, lottery, chances)
    low = np.array([t.minimum for t in problem.targets], dtype=float)
    high = np.array([t.maximum for t in problem.targets], dtype=float)
    size = expected_size(lottery, chances) < problem.size - 1e-6
    return bool(size or np.any(expected < low - 1e-6) or np.any(expected > high + over + 1e-6))


def _drawn_rates(problem: Problem, lottery: ExactLottery, chances: dict[str, float]) -> Vector:
    """The mean rate of those whom a lottery draws, per target and last of all; 1 where it draws nobody."""
    everybody = dict.fromkeys(chances, 1.0)
    drawn = np.append(expected_counts(problem, lottery, everybody), expected_size(lottery, everybody))
    stays = np.append(expected_counts(problem, lottery, chances), expected_size(lottery, chances))
    return np.asarray(np.divide(stays, drawn, out=np.ones_like(stays), where=drawn > _NEAR))


def above_share(new: Target, old: Target, size: int, final: int) -> bool:
    """Whether the enlarged target asks for a larger share of its panel than the original's maximum allows."""
    return new.minimum * final > old.maximum * size


def _plain(problem: Problem, chances: dict[str, float], seed: str, trials: int) -> Outlook | None:
    try:
        lottery, uniform = solve(problem, seed=seed, panels=PANELS)
    except NoPanel:
        return None
    return outlook(problem, lottery, uniform, chances, seed, trials)


def _stay(reduction: Reduction, chances: dict[str, float]) -> Vector:
    """The rate of each type: a type's people have equal values, so equal rates."""
    return np.array([chances[kind.members[0]] for kind in reduction.types])


def _enlarged(target: Target, there: int, kept: float, size: int) -> Target:
    """Counts whose expectation, at the rate of those drawn, is within the target; `there` is among them."""
    if not there:
        return replace(target, minimum=0, maximum=min(target.maximum, size), min_flex=None, max_flex=None)
    rate = kept / there
    least = 0 if not target.minimum else min(there, math.ceil(target.minimum / rate - _NEAR))
    most = max(there, math.floor(target.maximum / rate + _NEAR)) if rate > 0 else there
    return replace(target, minimum=least, maximum=min(most, size), min_flex=None, max_flex=None)


def _smallest(
    problem: Problem, pool: Reduction, counted: Matrix, inside: Matrix, over: float
) -> Vector | None:
    """Counts per type of the smallest panel that is enough in expectation; None if none is.

    `counted` (types x targets and size) are the rates to count with; a maximum may be exceeded by `over`.
    """
    types = len(pool.types)
    lower = np.array([kind.lower for kind in pool.types], dtype=float)
    upper = np.array([kind.upper for kind in pool.types], dtype=float)
    rows, low, high = [], [], []
    # A slack of 0 … -over per target: what the maximum is exceeded by, which only makes a minimum harder.
    for v, target in enumerate(problem.targets):
        rows.append(np.concatenate([inside[:, v] * counted[:, v], _unit(v, len(problem.targets))]))
        low.append(float(target.minimum) - _NEAR)
        high.append(float(target.maximum) + _NEAR)
    rows.append(np.concatenate([counted[:, -1], np.zeros(len(problem.targets))]))
    low.append(float(problem.size) - _NEAR)
    high.append(INFINITY)
    for row in pool.rows:
        if row.kind is RowKind.HOUSEHOLD:
            line = np.zeros(types + len(problem.targets))
            for t, a in row.coefficients:
                line[t] = a
            rows.append(line)
            low.append(-INFINITY)
            high.append(float(row.upper or 0))
    # The size itself, freed here and held in the second step.
    rows.append(np.concatenate([np.ones(types), np.zeros(len(problem.targets))]))
    low.append(0.0)
    high.append(float(upper.sum()))
    slack = len(problem.targets)
    model = _programme(
        np.concatenate([-np.ones(types), np.zeros(slack)]),
        np.concatenate([lower, np.full(slack, -over)]),
        np.concatenate([upper, np.zeros(slack)]),
        np.array(rows),
        np.array(low),
        np.array(high),
        types,
    )
    if not model.solve():
        return None
    size = round(-model.objective)
    model.set_row_bound(len(rows) - 1, float(size), float(size))
    model.set_costs(np.concatenate([np.zeros(types), np.ones(slack)]))
    model.loosen_gap(_EXCESS_GAP)
    if not model.solve():
        raise SolverFailed("a size that was just found has a panel")
    return np.round(model.values[:types])


class _Gapped(Model):
    """An integer programme whose answer may be a stated amount from the best, with fractional slacks."""

    def free(self, first: int) -> None:
        """Let the columns from `first` on be fractional."""
        columns = np.arange(first, self.columns, dtype=np.int32)
        kinds = np.array([highspy.HighsVarType.kContinuous] * len(columns))
        highs: Any = self._highs
        highs.changeColsIntegrality(len(columns), columns, kinds)

    def loosen_gap(self, amount: float) -> None:
        highs: Any = self._highs
        highs.setOptionValue("mip_abs_gap", amount)


def _programme(
    costs: Vector, lower: Vector, upper: Vector, matrix: Matrix, low: Vector, high: Vector, whole: int
) -> _Gapped:
    """The first `whole` columns are integers."""
    rows, indices = np.nonzero(matrix)
    starts = np.searchsorted(rows, np.arange(len(matrix) + 1)).astype(np.int32)
    model = _Gapped(
        costs, lower, upper, low, high, starts, indices.astype(np.int32), matrix[rows, indices], integer=True
    )
    model.free(whole)
    return model


def _unit(position: int, length: int) -> Vector:
    made = np.zeros(length)
    made[position] = 1.0
    return made


def _why(problem: Problem, pool: Reduction, stay: Vector, inside: Matrix) -> list[Reason]:
    """What the whole pool falls short of in expectation; else that targets clash with one another."""
    reasons = []
    upper = np.array([kind.upper for kind in pool.types], dtype=float)
    everybody = float(upper @ stay)
    if everybody < problem.size - _NEAR:
        reasons.append(Reason("SIZE_UNREACHABLE", {"size": problem.size, "expected": f"{everybody:.1f}"}))
    for v, target in enumerate(problem.targets):
        most = float((upper * stay) @ inside[:, v])
        if most < target.minimum - _NEAR:
            reasons.append(
                Reason(
                    "MINIMUM_UNREACHABLE",
                    {
                        "place": f"{target.feature}: {target.value}",
                        "minimum": target.minimum,
                        "expected": f"{most:.1f}",
                        "people": round(float(upper @ inside[:, v])),
                    },
                )
            )
    return reasons or [Reason("NO_OVERDRAW", {"size": problem.size})]


def _ranges(problem: Problem, chances: dict[str, float]) -> tuple[list[float], list[float]]:
    """The least and the most that any panel of `problem` is expected to keep of each value."""
    reduction = reduce(problem)
    polytope = Polytope.of(reduction.types, reduction.rows)
    model = polytope.model(polytope.lower, polytope.upper, polytope.row_lower, polytope.row_upper)
    stay = _stay(reduction, chances)
    inside = indicators(problem.features, problem.targets, [kind.values for kind in reduction.types])
    lowest, highest = [], []
    for v in range(len(problem.targets)):
        ends = []
        for sign in (-1.0, 1.0):
            model.set_costs(sign * stay * inside[:, v])
            ends.append(sign * model.objective if model.solve() else 0.0)
        lowest.append(max(0.0, ends[0]))
        highest.append(ends[1])
    return lowest, highest


def _notices(problem: Problem, values: tuple[ValueOutlook, ...], seen: Outlook) -> tuple[Reason, ...]:
    """Values whose expectation is outside the target all the same: rates vary too much within the value."""
    size: dict[str, str | int] = {"expected": f"{seen.expected_size:.1f}", "size": problem.size}
    short = [Reason("SIZE_MISSES", size)] if seen.expected_size < problem.size - 1e-6 else []
    return (
        *short,
        *(
            Reason(
                "EXPECTED_MISSES",
                {
                    "place": f"{v.target.feature}: {v.target.value}",
                    "expected": f"{v.expected:.1f}",
                    "minimum": v.target.minimum,
                    "maximum": v.target.maximum,
                },
            )
            for v in values
            if v.expected < v.target.minimum - 1e-6 or v.expected > v.target.maximum + _PERSON
        ),
    )
