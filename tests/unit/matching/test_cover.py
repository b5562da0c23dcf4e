"""Coverage plans against every plan there is, and at the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.volunteer.matching.cover import plan
from services.volunteer.matching.cover_check import broken_rules
from services.volunteer.matching.cover_types import (
    Able,
    CoverPerson,
    CoverPlan,
    CoverProblem,
    CoverSlot,
    Earlier,
    Level,
    Placement,
    Status,
)
from services.volunteer.matching.errors import BadInput, Infeasible
from tests.unit.matching.cover_oracle import BASE, HOUR, best, score


def slot(
    name: str, start: int, hours: int = 2, capacity: int = 1, critical: int = 0, guarded: bool = False
) -> CoverSlot:
    return CoverSlot(name, BASE + start * HOUR, BASE + (start + hours) * HOUR, capacity, critical, guarded)


@st.composite
def problems(draw: st.DrawFn) -> CoverProblem:
    slots = []
    for number in range(draw(st.integers(0, 4))):
        capacity = draw(st.integers(0, 2))
        start, hours = draw(st.integers(0, 8)), draw(st.integers(1, 3))
        slots.append(slot(f"s{number}", start, hours, capacity, draw(st.integers(0, capacity))))
    people, able, last = [], [], []
    for number in range(draw(st.integers(0, 3))):
        name = f"p{number}"
        served = draw(st.sampled_from([None, date(2026, 1, 1), date(2026, 2, 1)]))
        people.append(CoverPerson(name, draw(st.integers(0, 3)), draw(st.integers(0, 4)) * HOUR, served))
        for each in slots:
            if draw(st.integers(0, 3)):
                able.append(Able(name, each.id, draw(st.integers(1, 4))))
            if not draw(st.integers(0, 3)):
                last.append(Earlier(name, each.id))
    confirmed = draw(st.integers(0, len(last) - 1)) if last and draw(st.booleans()) else None
    known = {(each.person, each.slot) for each in able}
    last = [
        replace(each, confirmed=at == confirmed and (each.person, each.slot) in known)
        for at, each in enumerate(last)
    ]
    return CoverProblem(slots, people, able, last)


def pairs(made: CoverPlan) -> set[tuple[str, str]]:
    return {(each.person, each.slot) for each in made.placements}


@settings(max_examples=300)
@given(problems(), st.integers(0, 3))
def test_no_plan_is_better_in_the_published_order(problem: CoverProblem, seed: int) -> None:
    try:
        made = plan(problem, str(seed))
    except Infeasible:
        return  # one confirmed placement in a slot without places, or with somebody who takes none
    assert broken_rules(problem, made.placements) == ()
    assert score(problem, pairs(made)) == best(problem)
    critical, placed, rank, _, change = best(problem)
    values = {each.level: each.value for each in made.levels}
    assert all(each.gap == 0 for each in made.levels)
    assert (values[Level.CRITICAL], values[Level.PLACED]) == (critical, placed)
    assert (values[Level.RANK], values[Level.CHANGE]) == (-rank, -change)
    assert [each.person for each in made.people] == sorted(each.id for each in problem.people)
    free = {each.slot: (each.free, each.critical) for each in made.unfilled}
    for each in problem.slots:
        taken = sum(1 for _, name in pairs(made) if name == each.id)
        lacking = (each.capacity - taken, max(0, each.critical - taken))
        assert free.get(each.id, (0, 0)) == lacking
    assert not any(reason.code == "NOT_PROVED_BEST" for each in made.people for reason in each.reasons)
    assert all(each.reasons for each in made.people if not each.slots)
    assert all(each.reasons for each in made.unfilled)


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_means_nothing(problem: CoverProblem, rng: object) -> None:
    def shuffled(items: object) -> list[object]:
        rows = list(items)  # type: ignore[call-overload]
        rng.shuffle(rows)  # type: ignore[attr-defined]
        return rows

    other = CoverProblem(
        *(shuffled(each) for each in (problem.slots, problem.people, problem.able, problem.last))
    )  # type: ignore[arg-type]
    assert _outcome(other) == _outcome(problem)


def _outcome(problem: CoverProblem) -> object:
    try:
        return plan(problem, "seed")
    except Infeasible as error:
        return error.reasons


def test_a_bridge_of_work_joins_what_its_gap_would_part() -> None:
    slots = [slot("a", 0, 2, 1, 1), slot("b", 2, 2), slot("c", 4, 2, 1, 1)]
    able = [Able("p", each.id, 1) for each in slots]
    person = CoverPerson("p", 3, 11 * HOUR)
    made = plan(CoverProblem(slots, [person], able), "")
    assert pairs(made) == {("p", "a"), ("p", "b"), ("p", "c")}
    two = plan(CoverProblem(slots, [replace(person, most=2)], able), "")
    assert len(pairs(two)) == 1
    (outcome,) = [each for each in two.unfilled if each.critical]
    assert [reason.code for reason in outcome.reasons] == ["RESTS"]


def test_nothing_nobody_and_no_places() -> None:
    empty = plan(CoverProblem([], [], []), "")
    assert (empty.placements, empty.people, empty.unfilled) == ((), (), ())
    assert all((each.value, each.bound, each.gap) == (0, 0, 0) for each in empty.levels)
    nobody = plan(CoverProblem([slot("a", 0, critical=1)], [], []), "")
    assert [(each.slot, each.free, each.critical) for each in nobody.unfilled] == [("a", 1, 1)]
    assert [reason.code for reason in nobody.unfilled[0].reasons] == ["NOBODY_ELSE_ABLE"]
    people = [CoverPerson("p"), CoverPerson("q", most=0), CoverPerson("r")]
    none = plan(CoverProblem([slot("a", 0, capacity=0)], people, [Able("p", "a"), Able("q", "a")]), "")
    codes = {each.person: [reason.code for reason in each.reasons] for each in none.people}
    assert codes == {"p": ["ALL_FULL"], "q": ["TAKES_NOTHING"], "r": ["ABLE_TO_NOTHING"]}
    one = plan(CoverProblem([slot("a", 0)], [CoverPerson("p")], [Able("p", "a", 7)]), "")
    assert one.placements == (Placement("p", "a", 7, Status.PROPOSED),)


def test_everybody_absent_leaves_everything_empty_and_says_so() -> None:
    people = [CoverPerson(f"p{n}", most=0) for n in range(3)]
    able = [Able(person.id, "a") for person in people]
    made = plan(CoverProblem([slot("a", 0, capacity=2, critical=1)], people, able), "")
    assert made.placements == ()
    assert all(each.gap == 0 for each in made.levels)
    assert [(each.free, each.critical) for each in made.unfilled] == [(2, 1)]
    assert [(each.code, each.params) for each in made.unfilled[0].reasons] == [("AT_LIMIT", {"count": 3})]
    assert [[r.code for r in each.reasons] for each in made.people] == [["TAKES_NOTHING"]] * 3


def test_a_tie_everywhere_falls_by_the_seed_and_not_by_the_name() -> None:
    people = [CoverPerson(f"p{n}") for n in range(12)]
    problem = CoverProblem([slot("a", 0, capacity=1)], people, [Able(each.id, "a") for each in people])
    winners = {plan(problem, str(seed)).placements[0].person for seed in range(40)}
    assert len(winners) > 6
    assert plan(problem, "1") == plan(problem, "1")


def test_everybody_alike_fills_every_place() -> None:
    people = [CoverPerson(f"p{n}", 2, 11 * HOUR) for n in range(20)]
    slots = [slot(f"s{n}", 3 * n, 2, 4, 2) for n in range(5)]
    able = [Able(person.id, each.id) for person in people for each in slots]
    made = plan(CoverProblem(slots, people, able), "x")
    assert [(each.value, each.gap) for each in made.levels[:3]] == [(10, 0), (20, 0), (20, 0)]
    assert made.unfilled == ()


def test_who_waited_longest_goes_first_and_the_last_plan_is_kept() -> None:
    served = {"new": None, "long": date(2025, 1, 1), "lately": date(2026, 10, 1)}
    people = [CoverPerson(name, last_served=day) for name, day in served.items()]
    able = [Able(name, "a") for name in served]
    made = plan(CoverProblem([slot("a", 0, capacity=2)], people, able), "")
    assert pairs(made) == {("new", "a"), ("long", "a")}
    slots = [slot("a", 0), slot("b", 0)]
    both = [Able(name, each.id) for name in ("new", "long") for each in slots]
    for earlier in ([("new", "a"), ("long", "b")], [("new", "b"), ("long", "a")]):
        last = [Earlier(*each) for each in earlier]
        assert pairs(plan(CoverProblem(slots, people[:2], both, last), "")) == set(earlier)


def test_one_more_is_placed_however_many_ranks_that_costs_the_others() -> None:
    slots = [slot(f"s{n}", 0) for n in range(8)]
    people = [CoverPerson(f"p{n}") for n in range(7)] + [CoverPerson("q")]
    able = [Able(f"p{n}", f"s{n + step}", rank) for n in range(7) for step, rank in ((0, 1), (1, 999))]
    made = plan(CoverProblem(slots, people, [*able, Able("q", "s0", 1)]), "")
    assert pairs(made) == {("q", "s0")} | {(f"p{n}", f"s{n + 1}") for n in range(7)}
    # Likewise a critical place, however many go without a slot for it.
    long = slot("long", 0, 12, critical=1)
    short = [slot(f"s{n}", 2 * n, 2, 1, 1) for n in range(6)]
    one = CoverProblem(
        [long, *short],
        [CoverPerson("p", 6), CoverPerson("q")],
        [Able("p", "long", 1), *(Able("p", each.id, 999) for each in short), Able("q", "long", 999)],
    )
    assert pairs(plan(one, "")) == {("q", "long")} | {("p", each.id) for each in short}


def test_nobody_comes_to_children_by_a_program_alone() -> None:
    slots = [slot("a", 0, guarded=True), slot("b", 0, guarded=True), slot("c", 0)]
    people = [CoverPerson("p"), CoverPerson("q"), CoverPerson("r")]
    able = [Able("p", "a"), Able("q", "b"), Able("r", "c")]
    problem = CoverProblem(slots, people, able, [Earlier("q", "b", confirmed=True)])
    made = plan(problem, "")
    statuses = {each.slot: each.status for each in made.placements}
    assert statuses == {
        "a": Status.NEEDS_COORDINATOR,
        "b": Status.CONFIRMED,
        "c": Status.PROPOSED,
    }
    alone = [replace(each, status=Status.PROPOSED) for each in made.placements if each.slot == "a"]
    assert {each.code for each in broken_rules(problem, alone)} == {
        "GUARDED_WITHOUT_COORDINATOR",
        "CONFIRMED_LOST",
    }


def test_why_a_wish_was_not_met() -> None:
    slots = [slot("a", 0), slot("b", 0, critical=1), slot("c", 0)]
    people = [CoverPerson("p"), CoverPerson("q")]
    able = [Able("p", "a", 1), Able("q", "a", 1), Able("q", "b", 2)]
    full = plan(CoverProblem(slots, people, able), "")
    reasons = {each.person: [reason.code for reason in each.reasons] for each in full.people}
    assert reasons == {"p": [], "q": ["WISH_FULL"]}
    needed = plan(CoverProblem(slots, people[1:], able[1:]), "")
    assert [reason.code for reason in needed.people[0].reasons] == ["WISH_BEHIND_CRITICAL"]
    stays = CoverProblem(
        slots,
        people[1:],
        [Able("q", "a", 1), Able("q", "c", 2)],
        [Earlier("q", "c", confirmed=True)],
    )
    assert [r.code for r in plan(stays, "").people[0].reasons] == ["WISH_BEHIND_CONFIRMED"]


def test_a_broken_plan_is_seen() -> None:
    slots = [slot("a", 0), slot("b", 1), slot("c", 4)]
    people = [CoverPerson("p", 2, 3 * HOUR), CoverPerson("q")]
    able = [Able("p", "a"), Able("p", "b"), Able("p", "c"), Able("q", "a")]
    problem = CoverProblem(slots, people, able)

    def codes(*chosen: tuple[str, str, int]) -> set[str]:
        made = [Placement(person, name, rank, Status.PROPOSED) for person, name, rank in chosen]
        return {each.code for each in broken_rules(problem, made)}

    assert codes(("p", "a", 1)) == set()
    assert codes(("p", "a", 1), ("p", "b", 1)) == {"CLASH"}
    assert codes(("p", "a", 1), ("p", "c", 1)) == {"SHORT_REST"}
    assert codes(("p", "a", 1), ("q", "a", 1)) == {"OVER_CAPACITY"}
    assert codes(("p", "a", 1), ("p", "a", 1)) == {"TWICE", "OVER_CAPACITY"}
    assert codes(("q", "b", 1)) == {"NOT_ABLE"}
    assert codes(("p", "a", 2)) == {"RANK_DIFFERS"}
    assert "OVER_MOST" in codes(("p", "a", 1), ("p", "b", 1), ("p", "c", 1))
    wrong = [Placement("p", "a", 1, Status.CONFIRMED)]
    assert [each.code for each in broken_rules(problem, wrong)] == ["STATUS_DIFFERS"]


def test_confirmed_placements_that_break_a_rule_together_are_refused() -> None:
    slots = [slot("a", 0), slot("b", 1), slot("c", 4)]
    people = [CoverPerson("p", 2, 3 * HOUR), CoverPerson("q", 0)]
    able = [Able(person.id, each.id) for person in people for each in slots]

    def refused(*chosen: tuple[str, str]) -> set[str]:
        last = [Earlier(person, name, confirmed=True) for person, name in chosen]
        with pytest.raises(Infeasible) as error:
            plan(CoverProblem(slots, people, able, last), "")
        return {each.code for each in error.value.reasons}

    assert refused(("p", "a"), ("p", "b")) == {"CONFIRMED_CLASH"}
    assert refused(("p", "a"), ("p", "c")) == {"CONFIRMED_SHORT_REST"}
    assert refused(("p", "a"), ("q", "a")) == {"CONFIRMED_OVER_CAPACITY", "CONFIRMED_OVER_MOST"}


def test_every_fault_is_said_at_once() -> None:
    naive = BASE.replace(tzinfo=None)
    slots = [
        slot("a", 0),
        slot("a", 0),
        slot("b", 0, 0),
        replace(slot("c", 0), start=naive),
        slot("d", 0, capacity=-1),
        slot("e", 0, capacity=1, critical=2),
    ]
    people = [
        CoverPerson("p"),
        CoverPerson("p"),
        CoverPerson("q", most=-1),
        CoverPerson("r", rest=-timedelta(1)),
    ]
    able = [Able("p", "a"), Able("p", "a"), Able("p", "b", 0), Able("p", "d", 1000), Able("x", "y")]
    last = [Earlier("p", "a"), Earlier("p", "a"), Earlier("q", "a", confirmed=True)]
    with pytest.raises(BadInput) as error:
        plan(CoverProblem(slots, people, able, last), "")
    assert [each.code for each in error.value.reasons] == [
        "DUPLICATE_SLOT",
        "SLOT_ENDS_BEFORE_START",
        "SLOT_WITHOUT_OFFSET",
        "NEGATIVE_PLACES",
        "CRITICAL_OVER_CAPACITY",
        "DUPLICATE_PERSON",
        "NEGATIVE_MOST",
        "NEGATIVE_REST",
        "ABLE_TWICE",
        "BAD_RANK",
        "BAD_RANK",
        "UNKNOWN_PERSON",
        "UNKNOWN_SLOT",
        "PLACED_TWICE",
        "CONFIRMED_NOT_ABLE",
    ]
