"""Is a lottery what it claims to be? Checked in rational arithmetic, without solving anything.

Mirrors what the published verifier does on the audit file, for our own use right after solving.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from services.sortition.lottery.lottery import ExactLottery, Method, RowKind, Stage

# How much any level, and any settled type, may be short of its proven bound.
TOLERANCE = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """What the check found.

    `problems` are sentences; none means that the lottery is sound and, for leximin, proven optimal within
    `TOLERANCE`. `gap`: the most that any stage's floor could still rise, by its bound. `looseness`: the
    most that any settled type could still rise without lowering another. `trusted`: how many inequalities
    the proof takes on trust. `proven`: the types that some stage settles.
    """

    problems: tuple[str, ...]
    gap: Fraction
    looseness: Fraction
    trusted: int
    proven: frozenset[int]

    @property
    def holds(self) -> bool:
        return not self.problems


def check(lottery: ExactLottery, tolerance: Fraction = TOLERANCE) -> CertificateReport:
    """Check panels, weights, chances and the stages' bounds. Never raises on a wrong lottery: it reports."""
    problems = _soundness(lottery)
    gap = looseness = Fraction(0)
    settled: set[int] = set()
    for number, stage in enumerate(lottery.stages, start=1):
        bound = stage_bound(lottery, stage)
        weights = dict(stage.weights)
        if any(weight < 0 for weight in weights.values()):
            problems.append(f"stage {number} has a negative weight")
        opened = sum((w for t, w in weights.items() if t not in settled), Fraction(0))
        if opened <= 0 or not stage.settled:
            problems.append(f"stage {number} bounds nothing")
            continue
        before = sum((w * lottery.chances[t] for t, w in weights.items() if t in settled), Fraction(0))
        floor = min(lottery.chances[t] for t in range(len(lottery.types)) if t not in settled)
        gap = max(gap, (bound - before) / opened - floor)
        slack = bound - sum((w * lottery.chances[t] for t, w in weights.items()), Fraction(0))
        for t in stage.settled:
            if t in settled or weights.get(t, Fraction(0)) <= 0:
                problems.append(f"stage {number} settles a type without a reason")
                continue
            looseness = max(looseness, slack / weights[t])
            if abs(lottery.chances[t] - stage.level) > tolerance:
                problems.append(f"stage {number} settles a type at another level than its chance")
        settled.update(stage.settled)
    if gap > tolerance or looseness > tolerance:
        problems.append("a stage's bound is too loose to prove its level")
    if lottery.method is Method.LEXIMIN and len(settled) < len(lottery.types):
        problems.append("the proof does not reach every type")
    trusted = {r for s in lottery.stages for r, _ in s.multipliers if lottery.rows[r].kind is RowKind.TRUSTED}
    return CertificateReport(tuple(problems), gap, looseness, len(trusted), frozenset(settled))


def stage_bound(lottery: ExactLottery, stage: Stage) -> Fraction:
    """What no panel's weighted sum of chances exceeds, by the stage's multipliers (see `Stage`).

    Raises ValueError when a multiplier presses on a bound that its row does not have.
    """
    bound = Fraction(0)
    pressure = [Fraction(0)] * len(lottery.types)
    for index, multiplier in stage.multipliers:
        row = lottery.rows[index]
        limit = row.upper if multiplier > 0 else row.lower
        if limit is None:
            raise ValueError(f"row {index} has no bound on the side that the proof uses")
        bound += multiplier * limit
        for t, coefficient in row.coefficients:
            pressure[t] += multiplier * coefficient
    weights = dict(stage.weights)
    for t, kind in enumerate(lottery.types):
        rest = weights.get(t, Fraction(0)) / len(kind.members) - pressure[t]
        bound += max(rest * kind.lower, rest * kind.upper)
    return bound


def _soundness(lottery: ExactLottery) -> list[str]:
    problems = []
    if sum(lottery.weights, Fraction(0)) != 1 or any(weight <= 0 for weight in lottery.weights):
        problems.append("the weights are not a distribution")
    for number, panel in enumerate(lottery.panels):
        if any(not kind.lower <= c <= kind.upper for kind, c in zip(lottery.types, panel, strict=True)):
            problems.append(f"panel {number} takes more or fewer of a type than it may")
        for row in lottery.rows:
            total = sum(a * panel[t] for t, a in row.coefficients)
            if (row.lower is not None and total < row.lower) or (row.upper is not None and total > row.upper):
                problems.append(f"panel {number} breaks a {row.kind} row {row.feature} {row.value}".rstrip())
    for t, kind in enumerate(lottery.types):
        seats = sum(
            (w * panel[t] for panel, w in zip(lottery.panels, lottery.weights, strict=True) if panel[t]),
            Fraction(0),
        )
        if seats != lottery.chances[t] * len(kind.members):
            problems.append(f"the chance of type {t} does not follow from the panels")
    return problems
