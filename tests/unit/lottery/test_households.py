"""Limits per address: types keep them exactly, and seats are handed out within them, evenly."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import InfeasibleTargets
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.lottery import RowKind
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.types import reduce
from services.sortition.lottery.uniform import uniform
from tests.unit.lottery.pools import municipality, tight

ANY = (Target("a", "v", 0, 99), Target("a", "w", 0, 99))


def street(*homes: str, limit: int = 1, size: int = 2, **marks: frozenset[str]) -> Problem:
    """One household per argument; each letter is a member with that value. Ids are home.member."""
    people = tuple(
        Person(f"{h}.{m}", (value,), f"home {h}")
        for h, home in enumerate(homes)
        for m, value in enumerate(home)
    )
    return Problem(("a",), ANY, people, size, limit, **marks)


def test_households_within_the_limit_have_no_pattern() -> None:
    reduction = reduce(street("vw", "v", limit=2))
    assert all(kind.household == () for kind in reduction.types)
    assert not any(row.kind is RowKind.HOUSEHOLD for row in reduction.rows)


def test_alike_households_share_a_row_and_their_types_an_upper_bound() -> None:
    reduction = reduce(street("vvw", "vvw", "v", limit=1))
    assert [(kind.values, len(kind.members), kind.upper) for kind in reduction.types] == [
        (("v",), 1, 1),
        (("v",), 4, 2),
        (("w",), 2, 2),
    ]
    (row,) = (row for row in reduction.rows if row.kind is RowKind.HOUSEHOLD)
    assert (row.coefficients, row.lower, row.upper) == (((1, 1), (2, 1)), None, 2)


def test_two_per_address() -> None:
    reduction = reduce(street("vvv", "vww", limit=2))
    assert [(kind.values, kind.upper) for kind in reduction.types] == [(("v",), 2), (("v",), 1), (("w",), 2)]


def test_excluded_people_leave_before_households_are_looked_at() -> None:
    reduction = reduce(street("vw", "vw", exclude=frozenset({"0.1"})))
    assert reduction.excluded == ("0.1",)
    assert sorted((kind.members, bool(kind.household)) for kind in reduction.types) == [
        (("0.0",), False),
        (("1.0",), True),
        (("1.1",), True),
    ]


def test_nobody_without_an_address_is_a_neighbour() -> None:
    people = tuple(Person(f"p{i}", ("v",), address) for i, address in enumerate([None, None, "", ""]))
    reduction = reduce(Problem(("a",), ANY, people, 2, 1))
    assert len(reduction.types) == 1
    assert reduction.types[0].household == ()


def test_someone_who_must_be_drawn_keeps_the_household_off() -> None:
    problem = street("vw", "vw", "v", size=2, include=frozenset({"0.0"}))
    exact, drawn = solve(problem, seed="s", panels=50)
    assert drawn.chances["0.0"] == 1
    assert drawn.chances["0.1"] == 0
    assert {m for t in exact.unreachable for m in exact.types[t].members} == {"0.1"}


def test_two_who_must_be_drawn_at_one_address_are_infeasible() -> None:
    with pytest.raises(InfeasibleTargets, match="share an address"):
        reduce(street("vv", "w", include=frozenset({"0.0", "0.1"})))
    # Unlike neighbours are of two types, which only the household's row forbids.
    with pytest.raises(InfeasibleTargets):
        leximin(reduce(street("vw", "w", include=frozenset({"0.0", "0.1"}))))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_panels_of_people_keep_every_limit_and_target(seed: int) -> None:
    rng = random.Random(seed)
    problem = None
    while problem is None:
        problem = tight(rng, (10, 18), (3, 8), (2, 3), 0.5, households=True, marks=True)
    exact, drawn = solve(problem, seed=str(seed), panels=120)
    people = {person.id: person for person in problem.people}
    for panel in drawn.panels:
        assert len(set(panel)) == problem.size
        assert problem.include <= set(panel)
        assert not problem.exclude & set(panel)
        homes = Counter(people[p].address for p in panel if people[p].address)
        assert problem.per_address is not None
        assert max(homes.values(), default=0) <= problem.per_address
        for target in problem.targets:
            f = problem.features.index(target.feature)
            assert target.minimum <= sum(people[p].values[f] == target.value for p in panel) <= target.maximum
    optimal = {m: c for kind, c in zip(exact.types, exact.chances, strict=True) for m in kind.members}
    for person, chance in optimal.items():
        assert abs(drawn.chances[person] - chance) <= Fraction(3, 120)


def test_neighbours_in_a_town_are_drawn_as_often_as_they_should() -> None:
    problem = municipality(3, people=200, size=30, households=120)
    exact, drawn = solve(problem, seed="town", panels=1000)
    assert sum(bool(kind.household) for kind in exact.types) > 20
    optimal = {m: c for kind, c in zip(exact.types, exact.chances, strict=True) for m in kind.members}
    assert max(abs(drawn.chances[p] - chance) for p, chance in optimal.items()) <= Fraction(2, 1000)


def test_many_alike_households_are_even_too() -> None:
    problem = street(*["vw"] * 40, *["vvw"] * 30, limit=1, size=20)
    exact, drawn = solve(problem, seed="street", panels=400)
    optimal = {m: c for kind, c in zip(exact.types, exact.chances, strict=True) for m in kind.members}
    assert max(abs(drawn.chances[p] - chance) for p, chance in optimal.items()) <= Fraction(2, 400)


def test_missing_addresses_are_refused() -> None:
    exact = leximin(reduce(street("vw", "vw")))
    with pytest.raises(ValueError, match="addresses are missing"):
        uniform(exact, 10, "s", {"0.0": "home 0"})
