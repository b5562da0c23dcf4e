"""Bad input is refused with every fault named; the degenerate is planned or refused, never wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.deliberation.grouping.check import MAX_MEMBERS
from services.deliberation.grouping.errors import BadInput
from services.deliberation.grouping.figures import broken_rules
from services.deliberation.grouping.plan import plan, replan
from services.deliberation.grouping.types import HeldGroup, Member, Problem, Resource, Round

BASE = Problem(
    tuple(Member(c, {"g": "x"}) for c in "ABCD"),
    (Round(2), Round(2)),
    balance=("g",),
    resources=(Resource("ramp", 1),),
    facilitators=("f", "h"),
)


def _member(**change: Any) -> Problem:
    return dataclasses.replace(
        BASE, members=(*BASE.members[:3], dataclasses.replace(BASE.members[3], **change))
    )


def _replaced(**change: Any) -> Problem:
    return dataclasses.replace(BASE, **change)


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (_replaced(members=()), "NO_MEMBERS"),
        (
            _replaced(members=tuple(Member(f"m{i}", {"g": "x"}) for i in range(MAX_MEMBERS + 1))),
            "TOO_MANY_MEMBERS",
        ),
        (_member(id=""), "BAD_ID"),
        (_member(id=" D"), "BAD_ID"),
        (_member(id="D\n"), "BAD_ID"),
        (_member(id="A"), "DUPLICATE_MEMBER"),
        (_member(features={}), "FEATURE_MISSING"),
        (_member(features={"g": ""}), "FEATURE_MISSING"),
        (_member(needs=frozenset(("loop",))), "UNKNOWN_RESOURCE"),
        (_replaced(balance=("g", "g")), "DUPLICATE_FEATURE"),
        (_replaced(tolerance=-1), "TOLERANCE_OUT_OF_RANGE"),
        (_replaced(tolerance=101), "TOLERANCE_OUT_OF_RANGE"),
        (_replaced(apart=(frozenset("A"),)), "RULE_NEEDS_TWO"),
        (_replaced(together=(frozenset("AZ"),)), "UNKNOWN_IN_RULE"),
        (_replaced(resources=(Resource("ramp", 1), Resource("ramp", 2))), "DUPLICATE_RESOURCE"),
        (_replaced(resources=(Resource("ramp", -1),)), "NEGATIVE_LIMIT"),
        (_replaced(resources=(Resource("ramp", 1, frozenset({3})),)), "NO_SUCH_GROUP"),
        (_replaced(facilitators=("f", "")), "BAD_FACILITATOR_ID"),
        (_replaced(facilitators=("f", "f")), "DUPLICATE_FACILITATOR"),
        (_replaced(facilitators=("f", "A")), "FACILITATOR_IS_MEMBER"),
        (_replaced(rounds=()), "NO_ROUNDS"),
        (_replaced(rounds=(Round(0),)), "NO_GROUPS"),
        (_replaced(rounds=(Round(2, frozenset("Z")),)), "UNKNOWN_ABSENT"),
        (_replaced(rounds=(Round(10**9),)), "TOO_LARGE"),
        (_replaced(rounds=(Round(2),) * 10_000), "TOO_LARGE"),
    ],
)
def test_each_fault_of_a_problem(problem: Problem, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        plan(problem, "s", 1)
    assert [reason.code for reason in caught.value.reasons] == [code]


def test_all_faults_at_once() -> None:
    problem = _replaced(rounds=(), tolerance=200, apart=(frozenset("AZ"), frozenset("B")))
    with pytest.raises(BadInput) as caught:
        plan(problem, "s", 0)
    assert sorted(reason.code for reason in caught.value.reasons) == [
        "EFFORT_NOT_POSITIVE",
        "NO_ROUNDS",
        "RULE_NEEDS_TWO",
        "TOLERANCE_OUT_OF_RANGE",
        "UNKNOWN_IN_RULE",
    ]


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ([[HeldGroup(frozenset("AB"))]] * 2, "NOTHING_LEFT"),
        ([[HeldGroup(frozenset("AB")), HeldGroup(frozenset("BC"))]], "HELD_TWICE"),
        ([[HeldGroup(frozenset("AB"), "A")]], "HELD_TWICE"),
        ([[HeldGroup(frozenset(("A", "")))]], "BAD_HELD_ID"),
    ],
)
def test_each_fault_of_a_history(held: list[list[HeldGroup]], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        replan(BASE, held, "s", 1)
    assert [reason.code for reason in caught.value.reasons] == [code]


# -- degenerate ---------------------------------------------------------------------------------------------


def _sizes(problem: Problem) -> tuple[list[list[int]], list[str]]:
    made = plan(problem, "s", 500)
    assert broken_rules(problem, (), made.rounds) == []
    sizes = [[len(group.members) for group in each.groups] for each in made.rounds]
    return sizes, [notice.code for notice in made.notices]


def test_one_person() -> None:
    made = plan(Problem((Member("A"),), (Round(1),) * 2), "s")
    assert [each.groups[0].members for each in made.rounds] == [("A",), ("A",)]
    assert (made.figures.bound, made.figures.share_of_bound, made.figures.share_off) == (0, 1.0, 0.0)


def test_all_alike() -> None:
    problem = Problem(tuple(Member(f"m{i}", {"g": "x"}) for i in range(9)), (Round(3),) * 2, balance=("g",))
    made = plan(problem, "s", 5_000)
    assert (made.figures.cells, made.figures.share_off, made.figures.share_of_bound) == (6, 0.0, 1.0)


def test_everyone_absent_from_a_round() -> None:
    problem = _replaced(rounds=(Round(2), Round(2, frozenset("ABCD"))))
    assert _sizes(problem) == ([[2, 2], [0, 0]], ["NOBODY_COMES"])


def test_everyone_absent_from_all_rounds() -> None:
    problem = _replaced(rounds=(Round(2, frozenset("ABCD")),) * 2, facilitators=())
    assert _sizes(problem) == ([[0, 0], [0, 0]], ["NOBODY_COMES", "NOBODY_COMES"])


def test_one_group() -> None:
    assert _sizes(_replaced(rounds=(Round(1), Round(1)))) == ([[4], [4]], [])


def test_more_groups_than_people() -> None:
    problem = _replaced(rounds=(Round(6),), facilitators=("f", "h", "i", "j"))
    sizes, notices = _sizes(problem)
    assert (sorted(sizes[0]), notices) == ([0, 0, 1, 1, 1, 1], ["EMPTY_GROUPS"])


def test_groups_of_one_are_noticed() -> None:
    assert _sizes(_replaced(rounds=(Round(3),), facilitators=()))[1] == ["GROUPS_OF_ONE"]


def test_a_resource_nobody_can_have() -> None:
    problem = _replaced(resources=(Resource("ramp", 0),))
    # Nobody needs it: no reason to refuse.
    assert _sizes(problem)[0] == [[2, 2], [2, 2]]


def test_different_numbers_of_groups_by_round() -> None:
    problem = _replaced(rounds=(Round(1), Round(2), Round(4)), facilitators=())
    assert _sizes(problem)[0] == [[4], [2, 2], [1, 1, 1, 1]]


def test_meetings_that_cannot_be_avoided_are_spread() -> None:
    # Six people, two groups, ten rounds: 60 meetings of 15 pairs, so 4 each where it is fair.
    problem = Problem(tuple(Member(c) for c in "ABCDEF"), (Round(2),) * 10)
    figures = plan(problem, "1", 30_000).figures
    assert (figures.meetings[4], figures.most_meetings) == (15, 4)
