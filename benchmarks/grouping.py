"""Rotating groups against their bound, random allocation and GroupSelect's heuristics, in one run, one core.

Members are rows of an invented municipality's pool with its five features, all quotas on; each of ten
published seeds makes a pool of its own. Printed is the worst of the ten for each figure. Random is the
best of 100 allocations by pairs met. Then the rounds in which nobody meets twice. Prints Markdown tables
and the goals; exits 1 when one is missed.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.peers.groupselect import Seating, dream, legacy, pairs_met
from benchmarks.pools import DISTRICTS
from demo.pool import make_pool
from services.deliberation.grouping.figures import broken_rules, measure
from services.deliberation.grouping.model import sizes
from services.deliberation.grouping.plan import plan
from services.deliberation.grouping.types import Figures, Group, Member, PlannedRound, Problem, Round

SEEDS = range(1, 11)
FEATURES = ("køn", "alder", "uddannelse", "bolig", "bydel")
# people, groups, rounds → the least share of the bound.
GOALS = {(36, 6, 6): 0.82, (60, 10, 6): 0.96, (100, 13, 8): 0.94}
MOST_OFF = 0.08
MOST_MEETINGS = 3
MOST_SECONDS = 10
# groups, size → rounds without a repeat.
REPEAT_FREE = {(6, 6): 3, (5, 5): 6, (6, 5): 6, (6, 4): 7, (5, 6): 1}


@dataclass(frozen=True)
class Result:
    figures: Figures
    seconds: float


def problem(seed: int, people: int, groups: int, rounds: int) -> Problem:
    """Members of the pool that the seed makes, five features balanced."""
    pool = make_pool(seed=seed, people=240, size=36, districts=DISTRICTS)
    members = tuple(Member(row["id"], {f: row[f] for f in FEATURES}) for row in pool.respondents[:people])
    return Problem(members, (Round(groups),) * rounds, balance=FEATURES)


def _ours(case: Problem, seed: int) -> tuple[PlannedRound, ...]:
    made = plan(case, str(seed))
    broken = broken_rules(case, (), made.rounds)
    assert not broken, broken
    return made.rounds


def _named(case: Problem, seating: Seating) -> tuple[PlannedRound, ...]:
    ids = [member.id for member in case.members]
    return tuple(
        PlannedRound(r, tuple(Group(g, tuple(ids[i] for i in people)) for g, people in enumerate(groups, 1)))
        for r, groups in enumerate(seating, 1)
    )


def _random(case: Problem, seed: int) -> tuple[PlannedRound, ...]:
    """The best of 100 random allocations, by pairs met."""
    rng = random.Random(seed)
    count = sizes(len(case.members), case.rounds[0].groups)
    people = list(range(len(case.members)))
    best: Seating = []
    for _ in range(100):
        seating = []
        for _ in case.rounds:
            rng.shuffle(people)
            at = iter(people)
            seating.append([[next(at) for _ in range(size)] for size in count])
        best = max(best, seating, key=pairs_met) if best else seating
    return _named(case, best)


def _peer(heuristic: Callable[..., Seating]) -> Callable[[Problem, int], tuple[PlannedRound, ...]]:
    def run(case: Problem, seed: int) -> tuple[PlannedRound, ...]:
        values = [[member.features[f] for f in FEATURES] for member in case.members]
        count = sizes(len(case.members), case.rounds[0].groups)
        return _named(case, heuristic(values, count, len(case.rounds), seed))

    return run


METHODS: dict[str, Callable[[Problem, int], tuple[PlannedRound, ...]]] = {
    "ours": _ours,
    "random, best of 100": _random,
    "GroupSelect Legacy": _peer(legacy),
    "GroupSelect Dream": _peer(dream),
}


def _measured(method: Callable[[Problem, int], tuple[PlannedRound, ...]], case: Problem, seed: int) -> Result:
    started = time.process_time()
    rounds = method(case, seed)
    seconds = time.process_time() - started
    return Result(measure(case, (), rounds), seconds)


def _row(size: tuple[int, int, int], name: str, results: Sequence[Result]) -> str:
    figures = [result.figures for result in results]
    worst = min(figures, key=lambda f: f.share_of_bound)
    shares = sorted(f.share_of_bound for f in figures)
    place = "/".join(map(str, size))
    return (
        f"| {place} | {name} | {100 * shares[0]:.1f} % ({worst.pairs_met} of {worst.bound}) "
        f"| {100 * sum(shares) / len(shares):.1f} % | {100 * max(f.share_off for f in figures):.1f} % "
        f"| {max(f.off_by_more for f in figures)} | {max(f.most_meetings for f in figures)} "
        f"| {min(f.fewest_met for f in figures)} | {max(r.seconds for r in results):.1f} s |"
    )


def _repeat_free_row(groups: int, size: int, goal: int) -> tuple[str, bool]:
    started = time.process_time()
    members = tuple(Member(f"m{i:02}") for i in range(groups * size))
    reached = 0
    for rounds in range(1, goal + 1):
        figures = plan(Problem(members, (Round(groups),) * rounds), "1", 200_000).figures
        if figures.most_meetings > 1:
            break
        reached = rounds
    shortfall = f"{goal - reached} short" if reached < goal else "reached"
    row = f"| {groups} × {size} | {goal} | {reached} | {shortfall} | {time.process_time() - started:.1f} s |"
    return row, reached >= goal


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    goals: list[tuple[str, bool]] = []
    print(f"Rotating groups, {len(FEATURES)} features, seeds {SEEDS[0]} to {SEEDS[-1]}, the worst counts.\n")
    print(
        "| people/groups/rounds | method | worst share of bound | mean | quota cells off | off by more "
        "| most meetings of a pair | fewest others met | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for size, least in GOALS.items():
        for name, method in METHODS.items():
            results = [_measured(method, problem(seed, *size), seed) for seed in SEEDS]
            print(_row(size, name, results), flush=True)
            if name == "ours":
                goals += _goals(size, least, results)
    print("\n| groups × size | rounds without a repeat, goal | reached | | seconds |\n|---|---|---|---|---|")
    for (groups, people), goal in REPEAT_FREE.items():
        row, met = _repeat_free_row(groups, people, goal)
        print(row, flush=True)
        goals.append((f"{groups} × {people} repeat-free: {goal} rounds", met))
    print()
    for text, met in goals:
        print(f"{'met   ' if met else 'MISSED'} {text}")
    return 0 if all(met for _, met in goals) else 1


def _goals(size: tuple[int, int, int], least: float, results: Sequence[Result]) -> list[tuple[str, bool]]:
    name = "/".join(map(str, size))
    figures = [result.figures for result in results]
    share = min(f.share_of_bound for f in figures)
    off = max(f.share_off for f in figures)
    more = max(f.off_by_more for f in figures)
    most = max(f.most_meetings for f in figures)
    seconds = max(result.seconds for result in results)
    return [
        (f"{name}: {100 * share:.1f} % of the bound (at least {100 * least:.0f} %)", share >= least),
        (f"{name}: {100 * off:.1f} % of quota cells off (at most {100 * MOST_OFF:.0f} %)", off <= MOST_OFF),
        (f"{name}: {more} cells off by more than one (none)", more == 0),
        (f"{name}: a pair meets {most} times at most (at most {MOST_MEETINGS})", most <= MOST_MEETINGS),
        (f"{name}: {seconds:.1f} s of processor time (at most {MOST_SECONDS} s)", seconds <= MOST_SECONDS),
    ]


if __name__ == "__main__":
    sys.exit(main())
