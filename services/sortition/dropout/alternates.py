"""Alternates that minimise the expected loss of representation, beside the practitioners' choice.

The method of Assos, Baharav, Flanigan and Procaccia, 'Alternates, assemble! Selecting optimal alternates for
citizens' assemblies', EC 2025 (arXiv 2506.15716): sample who drops out, and choose the set of alternates with
the least mean loss over the samples after the best replacement in each. Here people are taken by type; a
search by single exchanges finds the set, every set judged by exact replacements, and the linear relaxation
bounds from below what any set could have reached.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from services.sortition.dropout import extensive
from services.sortition.dropout.case import Case, Scenarios, of
from services.sortition.dropout.errors import BadInput, Reason
from services.sortition.dropout.estimates import Estimate, estimate, wilson
from services.sortition.dropout.naive import naive_sets
from services.sortition.dropout.rates import Rates
from services.sortition.dropout.recourse import Worth, worth
from services.sortition.lottery.lottery import ExactLottery, Method, RowKind
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.solver import Vector
from services.sortition.lottery.uniform import uniform

SAMPLES = 100
FRESH = 1000
# Sets judged by the exchanges at most. A count, not a time: the same input always gives the same set.
_JUDGED = 150
# Newcomers tried for each alternate taken out, those with the greatest bound on what they bring first.
_NEWCOMERS = 3
_BETTER = 1e-9

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A set of alternates on `scenarios` fresh samples: expected loss, and how often every target is met."""

    loss: Estimate
    met: Estimate


@dataclass(frozen=True, slots=True)
class Alternates:
    """The chosen alternates and what they are worth.

    `ids` sorted. `samples` scenarios were optimised over, `trained` is the mean loss over them, and no set of
    as many alternates has less than `bound` there. `optimal`, `naive` (mean of `naive_draws` sets) and
    `nobody` (no alternates at all) are measured on the same fresh scenarios; `saved` is naive minus
    optimal, paired.
    `naive_ids` is the first naive set; `naive_loosened` how many seats its quotas had to be moved.
    """

    ids: tuple[str, ...]
    samples: int
    trained: float
    bound: float
    fresh: int
    optimal: Comparison
    naive: Comparison
    nobody: Comparison
    saved: Estimate
    naive_draws: int
    naive_ids: tuple[str, ...]
    naive_loosened: int
    expected_dropouts: float

    @property
    def gap(self) -> float:
        """How far above the bound the set may be, as a part of its own loss: 0 is proven optimal."""
        return 0.0 if self.trained <= _BETTER else max(0.0, 1.0 - self.bound / self.trained)


def _quiet(_step: str) -> None:
    """Progress that nobody asked for."""


def choose(
    problem: Problem,
    panel: Collection[str],
    rates: Rates,
    count: int,
    seed: str,
    *,
    samples: int = SAMPLES,
    fresh: int = FRESH,
    nodes: int = 0,
    naive_draws: int = 3,
    progress: Progress = _quiet,
) -> Alternates:
    """Choose `count` alternates for a drawn `panel`. Deterministic from the arguments; no time limit.

    `nodes` > 0 lets branch and bound look for a better set, and prove a better bound, over so many nodes.
    `progress` hears "bound", "search", "branch" and "fresh". Raises BadInput (`case.of`, `Rates.per_person`,
    SAMPLES_NOT_POSITIVE).
    """
    if samples < 1 or fresh < 2 or naive_draws < 1:
        raise BadInput([Reason("SAMPLES_NOT_POSITIVE", {"samples": samples, "fresh": fresh})])
    case = of(problem, panel, count)
    chances = rates.per_person(problem.features, case.panel)
    scenarios = case.draw(chances, samples, seed, "dropout samples")
    sets, moved = naive_sets(case, naive_draws)
    progress("bound")
    start, least = _first(case, scenarios, sets[0])
    progress("search")
    chosen, found = _exchange(case, scenarios, start)
    if nodes > 0 and found.mean > least + _BETTER:
        progress("branch")
        other, proven = extensive.search(case, scenarios, chosen, nodes)
        least = max(least, proven)
        judged = worth(case, other, scenarios)
        if judged.mean < found.mean - _BETTER:
            chosen, found = _exchange(case, scenarios, other)
    progress("fresh")
    test = case.draw(chances, fresh, seed, "dropout fresh")
    ours = worth(case, chosen, test).losses
    theirs = np.array([worth(case, counts, test).losses for counts in sets])
    return Alternates(
        ids=people_of(case, chosen, seed, "alternates"),
        samples=samples,
        trained=found.mean,
        bound=min(least, found.mean),
        fresh=fresh,
        optimal=_comparison(ours, ours == 0.0),
        naive=_comparison(theirs.mean(axis=0), (theirs == 0.0).mean(axis=0)),
        nobody=_comparison(case.losses_without(test), case.losses_without(test) == 0.0),
        saved=estimate(theirs.mean(axis=0) - ours),
        naive_draws=naive_draws,
        naive_ids=people_of(case, sets[0], seed, "naive alternates"),
        naive_loosened=moved,
        expected_dropouts=float(len(case.panel) - sum(chances.values())),
    )


def _comparison(losses: Vector, met: Vector) -> Comparison:
    share = estimate(np.asarray(met, dtype=float))
    if np.all((met == 0) | (met == 1)):
        low, high = wilson(round(float(np.sum(met))), len(met))
        share = Estimate(share.mean, low, high)
    return Comparison(estimate(losses), Estimate(share.mean, max(0.0, share.low), min(1.0, share.high)))


def _first(case: Case, scenarios: Scenarios, naive: Vector) -> tuple[Vector, float]:
    """(the best of three plain sets, a lower bound): naive, greedy, the relaxation rounded."""
    if not case.count:
        nobody = np.zeros(len(case.types))
        return nobody, worth(case, nobody, scenarios).mean
    fractional, least = extensive.relax(case, scenarios)
    rounded = _filled(case, np.floor(fractional + 1e-6), fractional)
    sets = [naive, _greedy(case, scenarios), rounded]
    means = [worth(case, counts, scenarios).mean for counts in sets]
    return sets[int(np.argmin(means))], least


def _greedy(case: Case, scenarios: Scenarios) -> Vector:
    counts = np.zeros(len(case.types))
    for _ in range(case.count):
        gain = worth(case, counts, scenarios).gain
        t = next((t for t in np.argsort(-gain, kind="stable") if _allowed(case, counts, int(t))), None)
        if t is None:
            break
        counts[t] += 1
    return counts


def _filled(case: Case, counts: Vector, wish: Vector) -> Vector:
    """`counts` brought to the set's size, one at a time where `wish` is furthest ahead."""
    made = np.zeros(len(case.types))
    for _ in range(case.count):
        ahead = np.maximum(counts - made, 0.0) * 1e6 + wish - made
        t = next((t for t in np.argsort(-ahead, kind="stable") if _allowed(case, made, int(t))), None)
        if t is None:
            break
        made[t] += 1
    return made


def _allowed(case: Case, counts: Vector, t: int) -> bool:
    """Whether one more of type t is there, and its households may send one more."""
    if counts[t] + 1 > case.types[t].upper:
        return False
    for row in case.reduction.rows:
        if row.kind is not RowKind.HOUSEHOLD or all(i != t for i, _ in row.coefficients):
            continue
        if sum(a * counts[i] for i, a in row.coefficients) + 1 > (row.upper or 0):
            return False
    return True


def _exchange(case: Case, scenarios: Scenarios, start: Vector) -> tuple[Vector, Worth]:
    """Exchange single alternates while that helps. Ends where no exchange that was tried helps any more."""
    best, found = start, worth(case, start, scenarios)
    judged, since = 0, 0
    position = 0
    while found.mean > _BETTER and judged < _JUDGED:
        seated = np.flatnonzero(best > 0)
        if since >= len(seated):
            break
        out = int(seated[position % len(seated)])
        position += 1
        since += 1
        without = best.copy()
        without[out] -= 1
        gain = worth(case, without, scenarios).gain
        judged += 1
        order = [
            int(t) for t in np.argsort(-gain, kind="stable") if t != out and _allowed(case, without, int(t))
        ]
        for t in order[:_NEWCOMERS]:
            candidate = without.copy()
            candidate[t] += 1
            judged += 1
            other = worth(case, candidate, scenarios)
            if other.mean < found.mean - _BETTER:
                best, found, since = candidate, other, 0
                break
    return best, found


def people_of(case: Case, counts: Vector, seed: str, purpose: str) -> tuple[str, ...]:
    """Counts per type handed to people by lot, within the limit per address; sorted ids."""
    if not counts.sum():
        return ()
    panel = tuple(round(count) for count in counts.tolist())
    single = ExactLottery(
        method=Method.LEXIMIN,
        size=sum(panel),
        per_address=case.reduction.per_address,
        types=case.types,
        rows=case.reduction.rows,
        panels=(panel,),
        weights=(Fraction(1),),
        chances=tuple(Fraction(c, len(k.members)) for c, k in zip(panel, case.types, strict=True)),
        excluded=(),
        unreachable=(),
        stages=(),
        residual=Fraction(0),
    )
    addresses = {person.id: person.address for person in case.candidates.people}
    return uniform(single, 1, f"{purpose}\n{seed}", addresses).panels[0]
