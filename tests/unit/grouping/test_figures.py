"""Figures against counts made by hand and against the best of all plans; faults are all noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import pytest

from services.deliberation.grouping.figures import broken_rules, measure
from services.deliberation.grouping.plan import plan
from services.deliberation.grouping.types import (
    Group,
    HeldGroup,
    Member,
    PlannedRound,
    Problem,
    Resource,
    Round,
)
from tests.unit.grouping.cases import all_sizes, seatings


def _rounds(*rounds: str) -> tuple[PlannedRound, ...]:
    """`AB CD` is a round of two groups."""
    return tuple(
        PlannedRound(r, tuple(Group(g, tuple(sorted(people))) for g, people in enumerate(each.split(), 1)))
        for r, each in enumerate(rounds, 1)
    )


def _problem(n: int, groups: int, rounds: int, **other: Any) -> Problem:
    members = tuple(Member(c, {"g": "fm"[i % 2]}) for i, c in enumerate("ABCDEFGH"[:n]))
    return dataclasses.replace(Problem(members, (Round(groups),) * rounds), **other)


def test_counted_by_hand() -> None:
    problem = _problem(6, 2, 2, balance=("g",))
    figures = measure(problem, (), _rounds("ABC DEF", "ABD CEF"))
    # Round 1: 6 pairs. Round 2: AB and EF again; AD, BD, CE, CF are new.
    assert figures.pairs_met == 10
    assert figures.meetings == {0: 5, 1: 8, 2: 2}
    assert (figures.most_meetings, figures.fewest_met, figures.bound) == (2, 3, 12)
    # A, C, E are f: ABC has 2 of 3, all cells floor(1.5) … ceil(1.5); so has ABD.
    assert (figures.cells, figures.off_by_one, figures.off_by_more) == (8, 0, 0)
    figures = measure(problem, (), _rounds("ACE BDF", "ABD CEF"))
    assert (figures.off_by_one, figures.off_by_more) == (4, 0)


def test_off_by_more_than_one() -> None:
    members = tuple(Member(f"m{i}", {"g": "f" if i < 4 else "m"}) for i in range(8))
    rounds = (PlannedRound(1, (Group(1, ("m0", "m1", "m2", "m3")), Group(2, ("m4", "m5", "m6", "m7")))),)
    figures = measure(Problem(members, (Round(2),), balance=("g",)), (), rounds)
    assert (figures.cells, figures.off_by_one, figures.off_by_more) == (4, 0, 4)
    assert figures.share_off == 1.0


def test_the_bound_is_the_published_one_without_rules() -> None:
    for n, groups, rounds in ((36, 6, 6), (60, 10, 6), (100, 13, 8)):
        members = tuple(Member(f"m{i}") for i in range(n))
        made = plan(Problem(members, (Round(groups),) * rounds), "1", 1)
        sizes = [n // groups + (g < n % groups) for g in range(groups)]
        assert made.figures.bound == min(n * (n - 1) // 2, rounds * sum(s * (s - 1) // 2 for s in sizes))


@pytest.mark.parametrize(
    "problem",
    [
        _problem(6, 2, 2),
        _problem(6, 3, 2),
        _problem(5, 2, 2, together=(frozenset("AB"),)),
        _problem(6, 2, 2, apart=(frozenset("ABC"[:2]),)),
        _problem(6, 3, 2, together=(frozenset("AB"), frozenset("CD"))),
    ],
)
def test_no_plan_beats_the_bound_and_the_search_finds_the_best(problem: Problem) -> None:
    best = 0
    present = [member.id for member in problem.members]
    every = [
        seating
        for sizes in all_sizes(len(present), problem.rounds[0].groups)
        for seating in seatings(present, sizes)
    ]
    kept = [
        seating
        for seating in every
        if all(len(set(group) & people) < 2 for group in seating for people in problem.apart)
        and all(
            len(set(group) & people) in (0, len(people)) for group in seating for people in problem.together
        )
    ]
    for pair in product(kept[:40], kept):
        met = {p for seating in pair for group in seating for p in combinations(group, 2)}
        best = max(best, len(met))
    figures = plan(problem, "1", 20_000).figures
    assert best <= figures.bound
    assert figures.pairs_met >= best


def test_those_who_left_and_those_who_are_new_count() -> None:
    problem = _problem(4, 2, 2)
    held = [[HeldGroup(frozenset(("A", "B", "left"))), HeldGroup(frozenset("C"))]]
    rounds = (
        PlannedRound(1, (Group(1, ("A", "B", "left")), Group(2, ("C",))), held=True),
        dataclasses.replace(_rounds("AB CD")[0], number=2),
    )
    figures = measure(problem, held, rounds)
    assert figures.members == 5
    assert figures.pairs_met == 4
    assert figures.bound == 5
    assert figures.meetings == {0: 6, 1: 3, 2: 1}


# -- broken_rules notices every kind of break ---------------------------------------------------------------

_BASE = Problem(
    tuple(Member(c, {}, frozenset(("ramp",) if c in "AB" else ())) for c in "ABCDEF"),
    (Round(3), Round(3)),
    apart=(frozenset("CD"),),
    together=(frozenset("EF"),),
    resources=(Resource("ramp", 1, frozenset({1, 2})),),
    facilitators=("x", "y", "z"),
)


def _sound() -> tuple[PlannedRound, ...]:
    groups = (
        Group(1, ("A", "B"), "x", ("ramp",)),
        Group(2, ("E", "F"), "y"),
        Group(3, ("C",), "z"),
    )
    second = (Group(1, ("A", "B"), "y", ("ramp",)), Group(2, ("E", "F"), "x"), Group(3, ("C",), "z"))
    return (PlannedRound(1, groups), PlannedRound(2, second))


def _with(number: int, **change: Any) -> Callable[[list[Group]], None]:
    def apply(groups: list[Group]) -> None:
        groups[number - 1] = dataclasses.replace(groups[number - 1], **change)

    return apply


_ABSENT = dataclasses.replace(_BASE, rounds=(Round(3, frozenset("D")),) * 2)


def test_a_sound_plan_has_no_faults() -> None:
    assert broken_rules(_ABSENT, (), _sound()) == []


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ([_with(3, members=())], "everyone"),
        ([_with(3, members=("C", "D"))], "everyone"),
        ([_with(1, members=("A", "B", "C")), _with(3, members=())], "sizes"),
        ([_with(2, members=("E",)), _with(3, members=("C", "F"))], "belong together"),
        ([_with(1, resources=())], "ramp"),
        ([_with(2, resources=("ramp",))], "ramp"),
        ([_with(1, facilitator="y")], "facilitator leads two"),
        ([_with(1, facilitator=None)], "no facilitator"),
    ],
)
def test_each_fault_is_noticed(changes: list[Callable[[list[Group]], None]], part: str) -> None:
    rounds = list(_sound())
    groups = list(rounds[0].groups)
    for change in changes:
        change(groups)
    rounds[0] = dataclasses.replace(rounds[0], groups=tuple(groups))
    faults = broken_rules(_ABSENT, (), rounds)
    assert any(part in fault for fault in faults)


def test_apart_and_wrong_rooms_and_changed_history_are_noticed() -> None:
    rounds = list(_sound())
    first = list(rounds[0].groups)
    first[2] = dataclasses.replace(first[2], members=("C", "D"))
    together = (dataclasses.replace(rounds[0], groups=tuple(first)), rounds[1])
    assert any("apart" in fault for fault in broken_rules(_BASE, (), together))
    elsewhere = dataclasses.replace(_ABSENT, resources=(Resource("ramp", 1, frozenset({3})),))
    assert any("wrong group" in fault for fault in broken_rules(elsewhere, (), _sound()))
    held = [
        [HeldGroup(frozenset("AB"), "x"), HeldGroup(frozenset("EF"), "y"), HeldGroup(frozenset("C"), "z")]
    ]
    assert broken_rules(_ABSENT, held, _sound()) == []
    held[0][2] = HeldGroup(frozenset("D"), "z")
    assert any("history" in fault for fault in broken_rules(_ABSENT, held, _sound()))
