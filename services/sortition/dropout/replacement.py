"""Replacing those who dropped out: a leximin lottery over every set of candidates that restores the quotas.

Those who stay are on every panel of the lottery, so it is the lottery itself (`services.sortition.lottery`)
with fixed members: chances, proof, record and verification are the same. Where no candidates restore every
quota, the least violation says which quota gives way and by how much.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from services.sortition.dropout.errors import BadInput, Infeasible, Reason
from services.sortition.dropout.violation import Violation, accept, least
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import InfeasibleTargets, PoolTooSmall
from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.number import from_seed
from services.sortition.lottery.problem import Problem


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replacement can restore, before anything is drawn.

    `problem` is the lottery's question: those who stay must be drawn, everybody else but the candidates is
    excluded, and quotas that cannot be held stand where they can. `unfilled` seats stay empty for want of
    candidates. `reasons` say each quota that is not restored: QUOTA_SHORT and QUOTA_OVER with the bound, what
    is reached, those who stay and the candidates with that value, and `alone` = yes when no choice whatever
    could have restored it, no when it clashes with others.
    """

    problem: Problem
    staying: frozenset[str]
    unfilled: int
    violations: tuple[Violation, ...]
    reasons: tuple[Reason, ...]

    @property
    def restores(self) -> bool:
        """Whether every seat is filled and every quota met again."""
        return not self.unfilled and not self.violations


@dataclass(frozen=True, slots=True)
class Replacement:
    """A drawn replacement: the lottery with its proof, its equally likely panels, the number, who is new."""

    plan: Plan
    exact: ExactLottery
    uniform: UniformLottery
    number: int
    chosen: tuple[str, ...]


def plan(
    problem: Problem, panel: Collection[str], dropped: Collection[str], candidates: Collection[str]
) -> Plan:
    """What replacing `dropped` by `candidates` (ids, none of the panel) can restore of `problem.size` seats.

    Seats first: as many are filled as can be. Then the fewest seats of violation, then the fewest quotas.
    Raises BadInput (PANEL_EMPTY, NOT_IN_POOL, DROPPED_NOT_ON_PANEL, CANDIDATE_ON_PANEL, PANEL_OVER_SIZE,
    PANEL_OVER_ADDRESS), Infeasible (NOBODY_LEFT) when neither members nor candidates are left.
    """
    panel, dropped, candidates = frozenset(panel), frozenset(dropped), frozenset(candidates)
    _check(problem, panel, dropped, candidates)
    staying = panel - dropped
    free = candidates - problem.exclude
    present = staying | free
    question = replace(
        problem,
        include=staying,
        exclude=frozenset(person.id for person in problem.people if person.id not in present),
    )
    for size in range(min(problem.size, len(present)), max(len(staying), 1) - 1, -1):
        try:
            violations = least(replace(question, size=size))
        except InfeasibleTargets:
            raise BadInput([Reason("PANEL_OVER_ADDRESS")]) from None
        except PoolTooSmall:
            continue
        if violations is not None:
            made = accept(replace(question, size=size), violations)
            unfilled = problem.size - size
            return Plan(
                made, staying, unfilled, violations, _reasons(problem, staying, free, unfilled, violations)
            )
    raise Infeasible([Reason("NOBODY_LEFT", {"size": problem.size})])


def draw(plan: Plan, seed: str, panels: int = 1000) -> Replacement:
    """Draw by the seed from the plan's lottery. Deterministic; raises ValueError unless panels >= 1."""
    exact, uniform = solve(plan.problem, seed=seed, panels=panels)
    number = from_seed(seed, panels)
    chosen = tuple(person for person in uniform.panels[number] if person not in plan.staying)
    return Replacement(plan, exact, uniform, number, chosen)


def _check(
    problem: Problem, panel: frozenset[str], dropped: frozenset[str], candidates: frozenset[str]
) -> None:
    known = {person.id for person in problem.people}
    faults = []
    if not panel:
        faults.append(Reason("PANEL_EMPTY"))
    strangers = len((panel | dropped | candidates) - known)
    if strangers:
        faults.append(Reason("NOT_IN_POOL", {"n": strangers}))
    outside = len((dropped & known) - panel)
    if outside:
        faults.append(Reason("DROPPED_NOT_ON_PANEL", {"n": outside}))
    twice = len(panel & candidates)
    if twice:
        faults.append(Reason("CANDIDATE_ON_PANEL", {"n": twice}))
    over = len(panel - dropped) - problem.size
    if over > 0:
        faults.append(Reason("PANEL_OVER_SIZE", {"staying": over + problem.size, "size": problem.size}))
    if faults:
        raise BadInput(faults)


def _reasons(
    problem: Problem,
    staying: frozenset[str],
    free: frozenset[str],
    unfilled: int,
    violations: tuple[Violation, ...],
) -> tuple[Reason, ...]:
    reasons = []
    if unfilled:
        params: dict[str, str | int] = {"n": unfilled, "size": problem.size, "candidates": len(free)}
        reasons.append(Reason("SEATS_UNFILLED", params))
    for violation in violations:
        place = problem.features.index(violation.feature)
        with_value = {p.id for p in problem.people if p.values[place] == violation.value}
        stay, there = len(with_value & staying), len(with_value & free)
        if violation.below:
            alone = stay + there < violation.bound
        else:
            alone = stay > violation.bound
        reasons.append(
            Reason(
                "QUOTA_SHORT" if violation.below else "QUOTA_OVER",
                {
                    "feature": violation.feature,
                    "value": violation.value,
                    "bound": violation.bound,
                    "reached": violation.reached,
                    "n": violation.seats,
                    "staying": stay,
                    "candidates": there,
                    "alone": "yes" if alone else "no",
                },
            )
        )
    return tuple(reasons)
