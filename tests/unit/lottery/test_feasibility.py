"""Feasibility, who fits no panel, cures and room: held against trying every panel of small pools."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.lottery.cures import Cure, apply
from services.sortition.lottery.feasibility import check
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.quick import Given, quick_check
from services.sortition.lottery.reach import Bound

VALUES = {"f": ("a", "b"), "g": ("x", "y", "z")}


def panels(problem: Problem) -> Iterator[tuple[Person, ...]]:
    """Every panel, by trying all sets of people."""
    eligible = [person for person in problem.people if person.id not in problem.exclude]
    for panel in combinations(eligible, problem.size):
        if not problem.include <= {person.id for person in panel}:
            continue
        homes = [person.address for person in panel if person.address]
        if problem.per_address is not None and any(homes.count(h) > problem.per_address for h in homes):
            continue
        if all(
            t.minimum
            <= sum(p.values[problem.features.index(t.feature)] == t.value for p in panel)
            <= t.maximum
            for t in problem.targets
        ):
            yield panel


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    count = draw(st.integers(2, 8))
    size = draw(st.integers(1, min(4, count)))
    people = tuple(
        Person(
            f"p{i}",
            tuple(draw(st.sampled_from(values)) for values in VALUES.values()),
            draw(st.sampled_from([None, "h1", "h2"])),
        )
        for i in range(count)
    )
    targets = []
    for feature, values in VALUES.items():
        for value in values:
            low = draw(st.integers(0, 2))
            targets.append(Target(feature, value, low, low + draw(st.integers(0, 2))))
    ids = [person.id for person in people]
    include = draw(st.frozensets(st.sampled_from(ids), max_size=1))
    exclude = draw(st.frozensets(st.sampled_from(ids), max_size=1)) - include
    if count - len(exclude) < size:
        exclude = frozenset()
    return Problem(
        tuple(VALUES), tuple(targets), people, size, draw(st.sampled_from([None, 1, 2])), include, exclude
    )


@settings(max_examples=150, deadline=None)
@given(problems())
def test_the_answer_is_that_of_trying_every_panel(problem: Problem) -> None:
    every = list(panels(problem))
    answer = check(problem)
    assert answer.feasible == bool(every)
    if every:
        reached = {person.id for panel in every for person in panel}
        eligible = {person.id for person in problem.people} - problem.exclude
        shut_out = {member for kind in answer.blocked for member in kind.members}
        assert shut_out == eligible - reached
        assert answer.cures == ()
    else:
        assert answer.blocked == ()
        assert answer.cures
        assert [cure.frees for cure in answer.cures] == sorted((c.frees for c in answer.cures), reverse=True)


@settings(max_examples=80, deadline=None)
@given(problems())
def test_every_cure_cures_and_frees_just_as_many_as_it_says(problem: Problem) -> None:
    answer = check(problem)
    for cure in answer.cures:
        every = list(panels(apply(problem, cure)))
        assert every
        assert cure.frees == len({person.id for panel in every for person in panel})
        assert cure.seats == sum(abs(change.new - change.old) for change in cure.bounds)
    sides = [
        frozenset((c.feature, c.value, c.bound) for c in cure.bounds) for cure in answer.cures if cure.bounds
    ]
    assert len(sides) == len(set(sides))


def changes(problem: Problem, seats: int) -> Iterator[Problem]:
    """Every problem whose bounds are loosened by `seats` in all."""
    sides = [(i, side) for i in range(len(problem.targets)) for side in (Bound.MINIMUM, Bound.MAXIMUM)]

    def spread(left: int, first: int, targets: tuple[Target, ...]) -> Iterator[tuple[Target, ...]]:
        if not left:
            yield targets
            return
        for position in range(first, len(sides)):
            i, side = sides[position]
            old = targets[i]
            low = old.minimum - (side is Bound.MINIMUM)
            high = old.maximum + (side is Bound.MAXIMUM)
            if low < 0:
                continue
            changed = Target(old.feature, old.value, low, high)
            yield from spread(left - 1, position, (*targets[:i], changed, *targets[i + 1 :]))

    for targets in spread(seats, 0, problem.targets):
        yield Problem(
            problem.features,
            targets,
            problem.people,
            problem.size,
            problem.per_address,
            problem.include,
            problem.exclude,
        )


@settings(max_examples=40, deadline=None)
@given(problems())
def test_no_smaller_change_of_targets_cures(problem: Problem) -> None:
    least = min((c.seats for c in check(problem).cures if c.least), default=0)
    for seats in range(min(least, 3)):
        assert not any(next(panels(other), None) for other in changes(problem, seats))


def pool(*values: str, **addresses: str) -> tuple[Person, ...]:
    return tuple(Person(f"p{i}", (value,), addresses.get(f"p{i}")) for i, value in enumerate(values))


def only(problem: Problem) -> Cure:
    return check(problem).cures[0]


def test_a_pool_short_of_a_minimum_is_told_with_its_numbers() -> None:
    problem = Problem(("f",), (Target("f", "a", 3, 3), Target("f", "b", 0, 1)), pool("a", "b", "b"), 3)
    answer = check(problem)
    assert not answer.feasible
    assert [(c.value, c.minimum, c.pool, c.short_by) for c in answer.short] == [("a", 3, 1, 2)]
    (cure,) = answer.cures
    assert [(c.value, c.bound, c.old, c.new) for c in cure.bounds] == [
        ("a", Bound.MINIMUM, 3, 1),
        ("b", Bound.MAXIMUM, 1, 2),
    ]
    assert (cure.seats, cure.frees, cure.least) == (3, 3, True)


def test_maxima_under_the_size_are_named_and_a_smaller_panel_is_offered() -> None:
    problem = Problem(("f",), (Target("f", "a", 0, 1), Target("f", "b", 0, 1)), pool("a", "a", "b", "b"), 3)
    answer = check(problem)
    assert [(s.feature, s.maxima) for s in answer.clashing] == [("f", 2)]
    assert [cure.size for cure in answer.cures if cure.size] == [2]
    assert sorted(c.bounds[0].value for c in answer.cures if c.bounds) == ["a", "b"]


def test_flex_bounds_the_cures_and_is_left_only_when_nothing_within_it_helps() -> None:
    people = pool("a", "b", "b", "b")
    within = Problem(("f",), (Target("f", "a", 2, 2, 2, 2), Target("f", "b", 1, 1, 0, 3)), people, 3)
    assert all(c.beyond_flex for c in check(within).cures if c.bounds)
    open_side = Problem(("f",), (Target("f", "a", 2, 2, 1, 2), Target("f", "b", 1, 1, 0, 3)), people, 3)
    (cure,) = (c for c in check(open_side).cures if c.bounds)
    assert not cure.beyond_flex
    assert [(c.value, c.new) for c in cure.bounds] == [("a", 1), ("b", 2)]


def test_raising_the_limit_per_address_is_offered_when_it_cures() -> None:
    people = pool("a", "a", "b", p0="h", p1="h")
    problem = Problem(("f",), (Target("f", "a", 2, 2), Target("f", "b", 0, 1)), people, 2, per_address=1)
    assert [cure.per_address for cure in check(problem).cures if cure.per_address] == [2]


def test_the_fewest_people_are_released_from_having_to_be_drawn() -> None:
    problem = Problem(
        ("f",),
        (Target("f", "a", 0, 1), Target("f", "b", 1, 2)),
        pool("a", "a", "a", "b"),
        2,
        include=frozenset({"p0", "p1"}),
    )
    released = [cure.released for cure in check(problem).cures if cure.released]
    assert len(released) == 1
    assert len(released[0]) == 1


def test_two_who_must_be_drawn_from_one_address_can_only_be_cured_by_address_or_release() -> None:
    problem = Problem(
        ("f",),
        (Target("f", "a", 0, 3),),
        pool("a", "a", "a", p0="h", p1="h"),
        2,
        per_address=1,
        include=frozenset({"p0", "p1"}),
    )
    answer = check(problem)
    assert not answer.feasible
    assert {(cure.per_address, len(cure.released)) for cure in answer.cures} == {(2, 0), (None, 1)}


def test_who_fits_no_panel_is_told_with_the_fewest_quotas_that_keep_them_off() -> None:
    targets = (
        Target("f", "a", 2, 2),
        Target("f", "b", 0, 2),
        Target("g", "x", 2, 2),
        Target("g", "y", 0, 1),
    )
    people = (
        Person("1", ("a", "x")),
        Person("2", ("a", "x")),
        Person("3", ("a", "x")),
        Person("4", ("b", "x")),
        Person("5", ("b", "y")),
    )
    answer = check(Problem(("f", "g"), targets, people, 3))
    (kind,) = answer.blocked
    assert kind.members == ("4",)
    assert len(kind.quotas) == 1
    # Any one of the two lets them in; which of them is told must not depend on the order of people.
    again = check(Problem(("f", "g"), targets[::-1], people[::-1], 3))
    assert again.blocked[0].quotas == kind.quotas


def test_who_is_kept_off_by_their_address_is_told_without_a_quota() -> None:
    people = pool("a", "a", "a", p0="h", p1="h")
    problem = Problem(("f",), (Target("f", "a", 0, 3),), people, 2, per_address=1, include=frozenset({"p0"}))
    (kind,) = check(problem).blocked
    assert (kind.members, kind.quotas) == (("p1",), ())


@settings(max_examples=80, deadline=None)
@given(problems())
def test_no_panel_lies_outside_the_room_told_while_typing(problem: Problem) -> None:
    rooms = quick_check(problem)
    assert [room.count.value for room in rooms] == [target.value for target in problem.targets]
    for i, room in enumerate(rooms):
        if room.given is not Given.TARGETS:
            assert not list(panels(problem))
            continue
        old = problem.targets[i]
        lifted = Target(old.feature, old.value, 0, problem.size)
        open_problem = Problem(
            problem.features,
            (*problem.targets[:i], lifted, *problem.targets[i + 1 :]),
            problem.people,
            problem.size,
            problem.per_address,
            problem.include,
            problem.exclude,
        )
        f = problem.features.index(old.feature)
        counts = {sum(p.values[f] == old.value for p in panel) for panel in panels(open_problem)}
        assert all(room.lowest <= count <= room.highest for count in counts)
    if list(panels(problem)):
        assert all(room.fits for room in rooms)


def test_the_room_falls_back_to_what_is_feasible_and_says_so() -> None:
    targets = (
        Target("f", "a", 3, 3),
        Target("f", "b", 0, 0),
        Target("g", "x", 0, 1),
        Target("g", "y", 0, 3),
    )
    people = (
        Person("1", ("a", "x")),
        Person("2", ("b", "x")),
        Person("3", ("b", "y")),
        Person("4", ("b", "y")),
    )
    rooms = quick_check(Problem(("f", "g"), targets, people, 3))
    assert [(room.lowest, room.highest, room.given) for room in rooms] == [
        (0, 1, Given.OTHER_FEATURES),
        (2, 3, Given.OTHER_FEATURES),
        (0, 2, Given.POOL),
        (0, 2, Given.POOL),
    ]
    assert not any(room.fits for room in rooms)


@pytest.mark.parametrize("cures", [True, False])
def test_cures_can_be_left_out_where_only_the_verdict_counts(cures: bool) -> None:
    problem = Problem(("f",), (Target("f", "a", 2, 2),), pool("a"), 1)
    assert bool(check(problem, with_cures=cures).cures) is cures
    assert only(problem).frees == 1
