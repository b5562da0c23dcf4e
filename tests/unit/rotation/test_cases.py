"""The trap that a plan avoids, what cannot be planned, and the degenerate cases."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from services.sortition.lottery.problem import Target
from services.sortition.rotation.calendar import CoolingOff
from services.sortition.rotation.draw import Drawn, after, draw
from services.sortition.rotation.errors import BadInput, Infeasible, Shortfall, Side
from services.sortition.rotation.plan import plan
from services.sortition.rotation.question import Member, Question
from tests.unit.rotation.cases import question

ONCE = CoolingOff(forever=True)


def drawn_ids(drawn: Drawn) -> set[str]:
    return {one.id for one in drawn.seated}


def test_the_few_whom_a_later_rotation_needs_are_left_for_it() -> None:
    """The only a of the pool is wanted two rotations ahead, when the a who sits now has left."""
    asked = question("abb", {"a": (1, 2), "b": (0, 1)}, (1, 1), 2, now=1, members=[("a", 2)], cooling=ONCE)
    without = draw(replace(asked, dates=asked.dates[:2]), "1", 30)
    assert ("p0",) in without.lottery.panels
    ahead = draw(asked, "1", 30)
    assert set(ahead.lottery.panels) == {("p1",), ("p2",)}
    assert drawn_ids(draw(after(asked, ahead), "1")) == {"p0"}


def test_a_long_term_that_a_later_rotation_could_not_balance_is_not_given() -> None:
    """At rotation 1 the pool has only a's left over from the founding; whoever stays must be a b."""
    asked = question("aaab", {"a": (1, 1)}, (1, 1), 1, cooling=ONCE)
    for seed in range(10):
        founded = draw(asked, str(seed))
        assert {(one.cohort, one.id == "p3") for one in founded.seated} == {(1, False), (2, True)}


def test_infeasible_names_the_first_rotation_and_the_least_that_gives_way() -> None:
    with pytest.raises(Infeasible) as caught:
        plan(question("abbbbb", {"a": (1, 2)}, (2,), 2, cooling=ONCE))
    assert caught.value.rotation == 1
    assert (
        caught.value.shortfalls
        == (
            Shortfall(1, "f0", "a", Side.MINIMUM, 1, 0),
            Shortfall(2, "f0", "a", Side.MINIMUM, 1, 0),
        )
        or len(caught.value.shortfalls) == 2
    )


def test_infeasible_by_a_maximum_that_the_members_break() -> None:
    asked = question("bb", {"a": (0, 1)}, (1, 1, 1), 0, now=1, members=[("a", 2), ("a", 3)])
    with pytest.raises(Infeasible) as caught:
        draw(asked, "1")
    assert caught.value.shortfalls == (Shortfall(1, "f0", "a", Side.MAXIMUM, 1, 2),)


def test_too_few_people_whatever_the_quotas_are() -> None:
    with pytest.raises(Infeasible) as caught:
        plan(question("abb", {}, (2,), 1, cooling=ONCE))
    assert (caught.value.rotation, caught.value.seats, caught.value.people) == (1, 2, 1)
    assert not caught.value.shortfalls


def test_nobody_in_the_pool() -> None:
    with pytest.raises(Infeasible) as caught:
        plan(question("", {"a": (0, 1)}, (1,), 2))
    assert (caught.value.rotation, caught.value.seats, caught.value.people) == (0, 1, 0)


def test_one_person_one_seat_comes_back_each_time_without_cooling_off() -> None:
    asked = question("a", {}, (1,), 2)
    for _ in range(2):
        drawn = draw(asked, "1", 3)
        assert drawn_ids(drawn) == {"p0"}
        asked = after(asked, drawn)
    with pytest.raises(ValueError, match="last"):
        after(replace(asked, now=2), draw(asked, "1"))


def test_all_alike_have_equal_chances_and_everyone_can_leave_at_once() -> None:
    """A tie everywhere, and one cohort: the whole body changes."""
    asked = question("aaaaaa", {"a": (2, 2)}, (2,), 2, cooling=ONCE)
    first = draw(asked, "1", 300)
    assert first.exact is not None
    assert set(first.exact.chances) == {Fraction(1, 3)}
    assert set(first.lottery.chances.values()) == {Fraction(1, 3)}
    second = draw(after(asked, first), "2")
    assert not drawn_ids(first) & drawn_ids(second)


def test_no_rotation_ahead_is_the_plain_lottery() -> None:
    made = plan(question("aabb", {"a": (1, 1)}, (2,), 0))
    assert [(r.rotation, r.value, r.lowest, r.highest) for r in made.rooms] == [
        (0, "a", 1, 1),
        (0, "b", 1, 1),
    ]


def test_no_seat_vacant_draws_nobody() -> None:
    asked = question("aa", {}, (1, 1), 0, now=1, members=[("a", 2)])
    full = replace(asked, members=(*asked.members, Member("m9", ("a",), 1)))
    with pytest.raises(BadInput):
        draw(full, "1")
    one = draw(asked, "1", 4)
    assert [s.cohort for s in one.seated] == [1]


def test_vacant_seats_are_filled_for_the_rest_of_their_term() -> None:
    asked = question("aaaa", {}, (1, 1, 1), 1, now=2, members=[("a", 1)])
    assert [(s.cohort, s.start, s.end) for s in draw(asked, "1").seated] == [(2, 2, 5), (3, 2, 3)]


def test_the_short_terms_are_given_by_lot() -> None:
    asked = question("aa", {}, (1, 1), 2)
    short = [next(s.id for s in draw(asked, str(seed), 2).seated if s.cohort == 1) for seed in range(60)]
    assert 15 <= short.count("p0") <= 45


def test_a_new_pool_each_time_needs_nobody_left_over() -> None:
    asked = question("ab", {"a": (1, 1)}, (2,), 3, cooling=ONCE, later={"a": 1, "b": 1})
    assert len(draw(asked, "1").seated) == 2
    with pytest.raises(Infeasible) as caught:
        plan(replace(asked, later={("b",): 5}))
    assert caught.value.rotation == 1


def faulty(**changes: object) -> Question:
    asked = question("ab", {}, (1, 1), 1, now=1, members=[("a", 2)])
    return replace(asked, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"now": 7}, "NOW_OUTSIDE"),
        ({"dates": ()}, "NOW_OUTSIDE"),
        ({"cohorts": ()}, "COHORTS_RANGE"),
        ({"cohorts": (1, 0)}, "COHORTS_RANGE"),
        ({"cooling": CoolingOff(months=-1)}, "COOLING_RANGE"),
        ({"targets": (*2 * [Target("f0", "a", 0, 1)], Target("f0", "b", 0, 1))}, "TARGETS_CLASH"),
        ({"targets": (Target("f0", "a", 2, 1), Target("f0", "b", 0, 1))}, "QUOTA_RANGE"),
        ({"targets": (Target("f0", "a", 0, 1),)}, "VALUES_UNKNOWN"),
        ({"members": (Member("m", ("a",), 2), Member("m", ("a",), 2))}, "ID_TWICE"),
        ({"members": (Member("m", ("a",), 3),)}, "COHORT_UNKNOWN"),
        ({"members": (Member("m", ("a",), 2), Member("n", ("a",), 2))}, "COHORT_OVERFULL"),
        ({"members": (Member("m", ("a",), 1),)}, "COHORT_LEAVES"),
        ({"now": 0}, "FOUNDED_WITH_MEMBERS"),
        ({"members": (Member("p0", ("a",), 2),)}, "MEMBER_IS_FREE"),
        ({"later": {("z",): 1}}, "LATER_UNKNOWN"),
    ],
)  # fmt: skip
def test_a_question_that_contradicts_itself_is_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        plan(faulty(**changes))
    assert code in [reason.code for reason in caught.value.reasons]


def test_a_draw_needs_a_panel_and_a_seed() -> None:
    with pytest.raises(BadInput) as caught:
        draw(question("a", {}, (1,), 0), " ", 0)
    assert [reason.code for reason in caught.value.reasons] == ["PANELS_RANGE", "SEED_EMPTY"]
