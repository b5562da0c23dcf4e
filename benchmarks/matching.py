"""Coverage beside a greedy plan, deferred acceptance beside the package `matching`, and ranked search, in
one run.

One core, processor time. Problems are those of `benchmarks/matching_cases.py`, which anybody can make
again; each result is checked by code that shares nothing with what made it. Prints Markdown tables and the
goals; exits 1 when one is missed.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from benchmarks.matching_cases import (
    COVER_CASES,
    SEARCH_SIZE,
    CoverCase,
    cover_problem,
    search_problem,
    sides,
)
from services.volunteer.matching.acceptance import assign
from services.volunteer.matching.acceptance_types import Applicant, Host, Match
from services.volunteer.matching.cover import plan
from services.volunteer.matching.cover_check import broken_rules
from services.volunteer.matching.cover_model import waited
from services.volunteer.matching.cover_types import (
    Able,
    CoverPlan,
    CoverProblem,
    CoverSlot,
    Level,
    Placement,
    Status,
)
from services.volunteer.matching.search import rank
from services.volunteer.matching.stability import blocking_pairs
from services.volunteer.matching.stability import broken_rules as broken_matches

Result = TypeVar("Result")

SEEDS = (1, 2, 3)
MOST_SECONDS = 10.0
MOST_GAP = 0.01
MOST_SECONDS_ACCEPTANCE = 1.0
# applicants, hosts, wishes each, schools (0: no quotas). The peer recurses and fails somewhere past 600.
SIDES = ((100, 20, 8, 0), (300, 60, 10, 0), (5_000, 500, 12, 0), (5_000, 500, 12, 20))

Goal = tuple[str, bool]


def timed(run: Callable[[], Result]) -> tuple[Result, float]:
    started = time.process_time()
    made = run()
    return made, time.process_time() - started


# -- coverage -----------------------------------------------------------------------------------------------


def greedy(problem: CoverProblem) -> list[Placement]:
    """What a careful coordinator does by hand: critical slots with the fewest able people first, each
    filled by whoever can do least else; then everybody without a slot, the longest waiting first, in the
    best that is left."""
    slots = {slot.id: slot for slot in problem.slots}
    people = {person.id: person for person in problem.people}
    takers: dict[str, list[Able]] = defaultdict(list)
    wishes: dict[str, list[Able]] = defaultdict(list)
    for each in problem.able:
        takers[each.slot].append(each)
        wishes[each.person].append(each)
    taken: Counter[str] = Counter()
    own: dict[str, list[CoverSlot]] = defaultdict(list)
    made: list[Placement] = []

    def take(each: Able) -> bool:
        slot, person = slots[each.slot], people[each.person]
        gaps = [max(slot.start - other.end, other.start - slot.end) for other in own[each.person]]
        free = taken[slot.id] < slot.capacity and len(gaps) < person.most
        if not free or any(gap < timedelta(0) or timedelta(0) < gap < person.rest for gap in gaps):
            return False
        taken[slot.id] += 1
        own[person.id].append(slot)
        status = Status.NEEDS_COORDINATOR if slot.guarded else Status.PROPOSED
        made.append(Placement(person.id, slot.id, each.rank, status))
        return True

    for slot in sorted(problem.slots, key=lambda slot: (len(takers[slot.id]), slot.id)):
        able = sorted(
            takers[slot.id],
            key=lambda e: (len(own[e.person]), len(wishes[e.person]), e.rank, e.person),
        )
        for each in able:
            if taken[slot.id] >= slot.critical:
                break
            take(each)
    for person in sorted(problem.people, key=lambda p: (p.last_served or date.min, p.id)):
        if not own[person.id]:
            any(take(each) for each in sorted(wishes[person.id], key=lambda e: (e.rank, e.slot)))
    return made


def _values(problem: CoverProblem, placements: Sequence[Placement]) -> list[int]:
    """What the levels say of a plan, counted afresh."""
    taken = Counter(each.slot for each in placements)
    placed = {each.person for each in placements}
    scores = dict(zip((p.id for p in problem.people), waited(problem.people), strict=True))
    pairs = {(each.person, each.slot) for each in placements}
    last = {(each.person, each.slot) for each in problem.last}
    return [
        sum(min(slot.critical, taken[slot.id]) for slot in problem.slots),
        len(placed),
        sum(each.rank for each in placements),
        sum(scores[name] for name in placed),
        len(last ^ pairs),
    ]


def cover_rows(case: CoverCase) -> list[Goal]:
    slowest = 0.0
    gaps: dict[Level, float] = dict.fromkeys(Level, 0.0)
    for seed in SEEDS:
        problem = cover_problem(case, seed)
        made, seconds = timed(partial(plan, problem, str(seed)))
        assert not broken_rules(problem, made.placements)
        assert _values(problem, made.placements) == [each.value for each in made.levels]
        base, base_seconds = timed(partial(greedy, problem))
        assert not broken_rules(problem, base)
        print(_cover_row(case, seed, "ours", _ours(made), seconds))
        values = [str(value) for value in _values(problem, base)]
        print(_cover_row(case, seed, "greedy", values, base_seconds), flush=True)
        slowest = max(slowest, seconds)
        for level in made.levels:
            gaps[level.level] = max(gaps[level.level], level.gap)
    return [
        (
            f"{case.name}: {slowest:.1f} s of processor time (at most {MOST_SECONDS:.0f} s)",
            slowest <= MOST_SECONDS,
        ),
        *(
            (
                f"{case.name}: gap {100 * gaps[level]:.2f} % on {level.value} (at most 1 %)",
                gaps[level] <= MOST_GAP,
            )
            for level in (Level.CRITICAL, Level.PLACED)
        ),
    ]


def _ours(made: CoverPlan) -> list[str]:
    return [f"{each.value} ({100 * each.gap:.2f} %)" for each in made.levels]


def _cover_row(case: CoverCase, seed: int, name: str, values: Sequence[str], seconds: float) -> str:
    return f"| {case.name} | {seed} | {name} | {' | '.join(values)} | {seconds:.2f} s |"


# -- deferred acceptance ------------------------------------------------------------------------------------


def _peer(
    applicants: Sequence[Applicant], hosts: Sequence[Host]
) -> tuple[set[tuple[str, str]] | None, float]:
    """The pairs of the package `matching`; None where it does not run. Its own checks of the lists count
    too."""
    from matching.games import HospitalResident

    def run() -> set[tuple[str, str]] | None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            game = HospitalResident.create_from_dictionaries(
                {one.id: sorted(one.ranks, key=one.ranks.__getitem__) for one in applicants},
                {host.id: sorted(host.ranks, key=host.ranks.__getitem__) for host in hosts},
                {host.id: host.capacity for host in hosts},
            )
            return {(str(one), str(host)) for host, own in game.solve().items() for one in own}

    try:
        return timed(run)
    except RecursionError:
        return None, 0.0


def acceptance_rows() -> list[Goal]:
    goals: list[Goal] = []
    for count, houses, wishes, schools in SIDES:
        applicants, hosts = sides(1, count, houses, wishes, schools)
        made, seconds = timed(partial(assign, applicants, hosts, "1"))
        assert not broken_matches(applicants, hosts, made.matches)
        blocking = len(blocking_pairs(applicants, hosts, made.matches))
        theirs, their_seconds = (None, 0.0) if schools else _peer(applicants, hosts)
        pairs = {(match.applicant, match.host) for match in made.matches}
        peer = "knows no quotas" if schools else "recurses out of its stack" if theirs is None else ""
        same = peer or ("equal" if theirs == pairs else "DIFFERS")
        dictator, better = _serial(applicants, hosts)
        print(
            f"| {count} / {houses} / {wishes} / {schools or '–'} | {len(pairs)} | {blocking} "
            f"| {seconds:.3f} s "
            f"| {same} | {f'{their_seconds:.2f} s' if theirs is not None else '–'} | {dictator} | {better} |",
            flush=True,
        )
        name = f"{count} applicants, {schools or 'no'} schools"
        goals += [
            (f"{name}: {blocking} blocking pairs (none)", blocking == 0),
            (f"{name}: {seconds:.2f} s (at most 1 s)", seconds <= MOST_SECONDS_ACCEPTANCE),
        ]
        if theirs is not None:
            goals.append((f"{name}: equal to the package `matching`", theirs == pairs))
    return goals


def _serial(applicants: Sequence[Applicant], hosts: Sequence[Host]) -> tuple[int, int]:
    """First come, first served: who is matched, and how many pairs block."""
    by_id = {host.id: host for host in hosts}
    taken: Counter[str] = Counter()
    of_school: Counter[tuple[str, str | None]] = Counter()
    made = []
    for one in applicants:
        for name in sorted(one.ranks, key=one.ranks.__getitem__):
            host = by_id[name]
            quota = host.quotas.get(one.school, host.capacity) if one.school else host.capacity
            if one.id in host.ranks and taken[name] < host.capacity and of_school[name, one.school] < quota:
                taken[name] += 1
                of_school[name, one.school] += one.school is not None
                made.append(Match(one.id, name, one.ranks[name], host.ranks[one.id]))
                break
    assert not broken_matches(applicants, hosts, made)
    return len(made), len(blocking_pairs(applicants, hosts, made))


# -- ranked search ------------------------------------------------------------------------------------------


def search_row() -> None:
    people, tasks = search_problem(1, *SEARCH_SIZE)
    made, seconds = timed(partial(rank, people, tasks, date(2026, 11, 26), "1"))
    shown = sum(len(each.shown) for each in made)
    hidden = sum(len(each.hidden) for each in made)
    assert shown + hidden == len(people) * len(tasks)
    print(
        f"| {len(people)} | {len(tasks)} | {100 * shown / (shown + hidden):.0f} % | {seconds:.1f} s "
        f"| {1000 * seconds / len(people):.1f} ms |"
    )


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    goals: list[Goal] = []
    # The solver loads once, which is no part of a plan.
    plan(cover_problem(CoverCase("first", 2, 0.5, 2, people=5, slots=12), 1), "")
    print("Coverage: 2,000 people, 500 slots, each person able to take 10 to 30. In brackets the gap.\n")
    print("| case | seed | | critical filled | placed | total rank | served | changes | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in COVER_CASES:
        goals += cover_rows(case)
    print("\nDeferred acceptance: applicants / hosts / wishes each / schools with quotas.\n")
    print(
        "| size | matched | blocking pairs | seconds | package `matching` | its seconds "
        "| first come, first served | its blocking pairs |"
    )
    print("|---|---|---|---|---|---|---|---|")
    goals += acceptance_rows()
    print("\nRanked search.\n\n| people | tasks | open | seconds | a person |\n|---|---|---|---|---|")
    search_row()
    print()
    for text, met in goals:
        print(f"{'met   ' if met else 'MISSED'} {text}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
