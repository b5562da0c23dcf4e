"""Ranked search: each hard rule at its limit, what opens it, and a score that adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteer.matching.errors import BadInput
from services.volunteer.matching.search import rank, score
from services.volunteer.matching.search_rules import birthday, blocks
from services.volunteer.matching.search_types import (
    TIMES,
    Contact,
    Opening,
    Part,
    Seeker,
    Task,
    Weights,
)

ON = date(2026, 11, 26)
DAY = timedelta(days=1)
ADULT = Seeker("p")
OPEN = Task("t", "o")


def _blocks(person: Seeker, task: Task) -> list[tuple[str, Opening]]:
    return [(each.reason.code, each.opening) for each in blocks(person, task, ON)]


def test_age_opens_on_the_birthday_and_a_guardian_consents_below_fifteen() -> None:
    thirteen = Seeker("p", born=date(2013, 11, 26), guardian_consents=True)
    assert _blocks(thirteen, OPEN) == []
    younger = replace(thirteen, born=date(2013, 11, 27))
    (block,) = blocks(younger, OPEN, ON)
    assert (block.reason.code, block.reason.params, block.opening) == (
        "TOO_YOUNG",
        {"age": 13, "date": date(2026, 11, 27)},
        Opening.WAITING,
    )
    alone = replace(thirteen, guardian_consents=False)
    assert _blocks(alone, OPEN) == [("GUARDIAN_CONSENT_MISSING", Opening.GUARDIAN)]
    assert _blocks(replace(alone, born=date(2011, 11, 26)), OPEN) == []
    assert _blocks(replace(alone, born=date(2011, 11, 27)), OPEN) != []
    assert _blocks(replace(ADULT, born=date(2008, 11, 27)), replace(OPEN, minimum_age=18)) == [
        ("TOO_YOUNG", Opening.WAITING)
    ]
    assert birthday(date(2012, 2, 29), 13) == date(2025, 3, 1)
    assert birthday(date(2012, 2, 29), 16) == date(2028, 2, 29)


def test_children_need_a_clearance_by_that_organisation_and_its_declaration() -> None:
    regular = replace(OPEN, children=Contact.REGULAR, declared=ON)
    assert _blocks(ADULT, regular) == [("CLEARANCE_MISSING", Opening.ORGANISATION)]
    other = replace(ADULT, clearances={"another": ON})
    assert _blocks(other, regular) == [("CLEARANCE_MISSING", Opening.ORGANISATION)]
    assert _blocks(replace(ADULT, clearances={"o": ON}), regular) == []
    expired = replace(ADULT, clearances={"o": ON - DAY})
    assert _blocks(expired, regular) == [("CLEARANCE_EXPIRED", Opening.ORGANISATION)]
    for contact in (Contact.INCIDENTAL, Contact.REGULAR):
        undeclared = replace(OPEN, children=contact, declared=ON - DAY)
        assert ("DECLARATION_MISSING", Opening.ORGANISATION) in _blocks(expired, undeclared)
    assert _blocks(ADULT, replace(OPEN, children=Contact.INCIDENTAL, declared=ON)) == []


def test_what_must_fit_and_what_is_full_or_over() -> None:
    task = replace(
        OPEN,
        skills=frozenset({"driving", "swedish"}),
        languages=frozenset({"da", "en"}),
        times=frozenset({"mon-morning"}),
        place=(0, 3_001),
        access=frozenset({"lift"}),
    )
    nobody = replace(
        ADULT,
        free=frozenset({"tue-evening"}),
        home=(4_000, 0),
        reach=4_000,
        needs=frozenset({"lift", "hearing loop"}),
    )
    assert _blocks(nobody, task) == [
        ("SKILLS_MISSING", Opening.PERSON),
        ("LANGUAGE_MISSING", Opening.PERSON),
        ("NO_COMMON_TIME", Opening.PERSON),
        ("TOO_FAR", Opening.PERSON),
        ("NOT_ACCESSIBLE", Opening.ORGANISATION),
    ]
    params = {each.reason.code: each.reason.params for each in blocks(nobody, task, ON)}
    assert params["SKILLS_MISSING"] == {"skills": ("driving", "swedish")}
    assert params["TOO_FAR"] == {"metres": 5_000, "reach": 4_000}
    assert params["NOT_ACCESSIBLE"] == {"needs": ("hearing loop",)}
    somebody = replace(
        nobody,
        skills=frozenset({"driving", "swedish", "cooking"}),
        languages=frozenset({"en"}),
        free=frozenset({"mon-morning"}),
        reach=5_000,
        needs=frozenset({"lift"}),
    )
    assert _blocks(somebody, task) == []
    assert _blocks(ADULT, replace(OPEN, left=0)) == [("FULL", Opening.WAITING)]
    assert _blocks(ADULT, replace(OPEN, closes=ON)) == []
    assert _blocks(ADULT, replace(OPEN, closes=ON - DAY, left=0)) == [("CLOSED", Opening.NOBODY)]
    # At home there is no place to reach; remote work asks nothing of it.
    assert _blocks(replace(nobody, free=frozenset()), OPEN) == []


def test_points_of_each_part() -> None:
    task = Task(
        "t",
        "o",
        places=4,
        left=1,
        wished=frozenset({"cooking", "driving"}),
        causes=frozenset({"climate"}),
        times=frozenset({"mon-morning", "tue-evening"}),
        place=(0, 0),
        beginners=True,
    )
    person = Seeker(
        "p",
        newcomer=True,
        home=(0, 15_000),
        skills=frozenset({"cooking", "climate"}),
        causes=frozenset({"climate", "driving"}),
        free=frozenset({"tue-evening"}),
    )
    points = {each.part: (each.points, each.most, each.reason.code) for each in score(person, task)}
    assert points == {
        Part.SKILL: (20, 30, "WISHES_MET"),
        Part.TIME: (12, 25, "TIMES_SHARED"),
        Part.DISTANCE: (10, 20, "AWAY"),
        Part.NEED: (3, 15, "PLACES_LEFT"),
        Part.NEWCOMER: (10, 10, "NEWCOMERS_WELCOME"),
    }
    plain = [(each.points, each.reason.code) for each in score(ADULT, OPEN)]
    assert plain == [
        (30, "NOTHING_WISHED"),
        (25, "TIME_BY_AGREEMENT"),
        (20, "ANYWHERE"),
        (15, "PLACES_LEFT"),
        (0, "NO_NEWCOMER"),
    ]
    codes = [
        each.reason.code for each in score(replace(ADULT, newcomer=True), replace(task, beginners=False))
    ]
    assert codes == ["WISHES_MET", "TIME_NOT_SAID", "HOME_NOT_SAID", "PLACES_LEFT", "NOT_FOR_NEWCOMERS"]
    beyond = replace(person, reach=None, home=(0, 90_000))
    assert score(beyond, task)[2].points == 0
    assert score(replace(person, reach=0, home=(0, 0)), task)[2].points == 20
    assert score(person, replace(task, places=0, left=0))[3].points == 0


some_times = st.frozensets(st.sampled_from(sorted(TIMES)[:4]))
some_words = st.frozensets(st.sampled_from(["a", "b", "c"]))
some_place = st.none() | st.tuples(st.integers(-9_000, 9_000), st.integers(-9_000, 9_000))


@st.composite
def seekers(draw: st.DrawFn) -> list[Seeker]:
    return [
        Seeker(
            f"p{n}",
            born=draw(st.none() | st.dates(date(2005, 1, 1), date(2016, 1, 1))),
            guardian_consents=draw(st.booleans()),
            newcomer=draw(st.booleans()),
            home=draw(some_place),
            reach=draw(st.none() | st.integers(0, 20_000)),
            skills=draw(some_words),
            causes=draw(some_words),
            free=draw(some_times),
        )
        for n in range(draw(st.integers(0, 3)))
    ]


@st.composite
def offers(draw: st.DrawFn) -> list[Task]:
    made = []
    for n in range(draw(st.integers(0, 5))):
        places = draw(st.integers(0, 4))
        made.append(
            Task(
                f"t{n}",
                "o",
                places,
                draw(st.integers(0, places)),
                draw(st.integers(0, 20)),
                skills=draw(some_words),
                wished=draw(some_words),
                causes=draw(some_words),
                times=draw(some_times),
                place=draw(some_place),
                beginners=draw(st.booleans()),
            )
        )
    return made


@given(seekers(), offers(), st.integers(0, 9))
def test_every_task_is_shown_or_blocked_with_reasons_and_points_add_up(
    people: list[Seeker], tasks: list[Task], seed: int
) -> None:
    made = rank(people, tasks, ON, str(seed))
    assert made == rank(people[::-1], tasks[::-1], ON, str(seed))
    assert [each.person for each in made] == [each.id for each in people]
    for each in made:
        names = [shown.task for shown in each.shown] + [hidden.task for hidden in each.hidden]
        assert sorted(names) == [task.id for task in tasks]
        totals = [shown.points for shown in each.shown]
        assert totals == sorted(totals, reverse=True)
        for shown in each.shown:
            assert shown.points == sum(part.points for part in shown.parts) <= 100
            assert all(0 <= part.points <= part.most for part in shown.parts)
            assert shown.place == 1 + sum(points > shown.points for points in totals)
        assert all(hidden.blocks for hidden in each.hidden)


@given(seekers(), offers())
def test_waiting_opens_what_is_only_too_young(people: list[Seeker], tasks: list[Task]) -> None:
    for person in people:
        for task in tasks:
            for block in blocks(person, task, ON):
                if block.reason.code == "TOO_YOUNG":
                    day = block.reason.params["date"]
                    assert isinstance(day, date)
                    codes = [[b.reason.code for b in blocks(person, task, each)] for each in (day - DAY, day)]
                    assert ("TOO_YOUNG" in codes[0], "TOO_YOUNG" in codes[1]) == (True, False)


def test_ties_are_drawn_for_each_person_and_share_a_place() -> None:
    tasks = [Task(f"t{n}", "o") for n in range(6)]
    firsts = {rank([Seeker(f"p{n}")], tasks, ON, "s")[0].shown[0].task for n in range(40)}
    assert len(firsts) > 3
    (made,) = rank([ADULT], [*tasks, Task("half", "o", 2, 1)], ON, "s")
    assert [each.place for each in made.shown] == [1] * 6 + [7]
    assert rank([], tasks, ON, "") == ()
    assert rank([ADULT], [], ON, "")[0].shown == ()


def test_every_fault_is_said_at_once() -> None:
    people = [Seeker("p", born=ON + DAY), Seeker("p", reach=-1), Seeker("q", free=frozenset({"noon"}))]
    tasks = [
        Task("t", "o", 1, 2),
        Task("t", "o", minimum_age=151),
        Task("u", "o", times=frozenset({"x"})),
    ]
    with pytest.raises(BadInput) as error:
        rank(people, tasks, ON, "", Weights(skill=-1, reach=0))
    assert [each.code for each in error.value.reasons] == [
        "NEGATIVE_WEIGHT",
        "NEGATIVE_WEIGHT",
        "DUPLICATE_PERSON",
        "BORN_LATER",
        "NEGATIVE_REACH",
        "UNKNOWN_TIME",
        "DUPLICATE_TASK",
        "LEFT_OVER_PLACES",
        "BAD_AGE",
        "UNKNOWN_TIME",
    ]
