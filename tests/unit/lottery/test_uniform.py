"""Equally likely panels: near the exact chances, repeatable, and in an order that tells nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from services.sortition.lottery.draw import solve
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.lottery import ExactLottery, Method
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.types import reduce
from services.sortition.lottery.uniform import counts_of, uniform
from tests.unit.lottery.pools import municipality


@pytest.fixture(scope="module")
def exact() -> ExactLottery:
    return leximin(reduce(municipality()))


def optimal(lottery: ExactLottery) -> dict[str, Fraction]:
    return {m: c for kind, c in zip(lottery.types, lottery.chances, strict=True) for m in kind.members}


@pytest.mark.parametrize(("panels", "seats"), [(1000, 1.5), (100, 2.0), (1, 1.0)])
def test_everyones_share_is_near_their_chance(exact: ExactLottery, panels: int, seats: float) -> None:
    within = Fraction(seats) / panels
    drawn = uniform(exact, panels, "seed")
    assert len(drawn.panels) == panels
    assert max(abs(drawn.chances[p] - chance) for p, chance in optimal(exact).items()) <= within


def test_every_panel_meets_the_targets(exact: ExactLottery) -> None:
    polytope = Polytope.of(exact.types, exact.rows)
    kind_of = {person: t for t, kind in enumerate(exact.types) for person in kind.members}
    for panel in uniform(exact, 200, "seed").panels:
        assert list(panel) == sorted(set(panel))
        counts = Counter(kind_of[person] for person in panel)
        assert polytope.holds(polytope.lower * 0 + [counts[t] for t in range(len(exact.types))])


def test_chances_are_the_shares_of_the_panels(exact: ExactLottery) -> None:
    drawn = uniform(exact, 150, "seed")
    held = Counter(person for panel in drawn.panels for person in panel)
    assert drawn.chances == {person: Fraction(held[person], 150) for person in optimal(exact)}


def test_people_of_one_type_take_turns(exact: ExactLottery) -> None:
    drawn = uniform(exact, 500, "seed")
    for kind in exact.types:
        shares = [drawn.chances[person] * 500 for person in kind.members]
        assert max(shares) - min(shares) <= 1


def test_the_seed_decides_all_of_it(exact: ExactLottery) -> None:
    assert uniform(exact, 100, "a") == uniform(exact, 100, "a")
    assert uniform(exact, 100, "a").panels != uniform(exact, 100, "b").panels


def test_the_order_does_not_follow_the_construction(exact: ExactLottery) -> None:
    """Panels with weight stand first and repeated as they are made; among those drawn they are scattered."""
    made = counts_of(exact, 1000)
    assert len(set(made[:3])) < 3
    kind_of = {person: t for t, kind in enumerate(exact.types) for person in kind.members}

    def counts(panel: tuple[str, ...]) -> tuple[int, ...]:
        held = Counter(kind_of[person] for person in panel)
        return tuple(held[t] for t in range(len(exact.types)))

    drawn = [counts(panel) for panel in uniform(exact, 1000, "seed").panels]
    assert Counter(drawn) == Counter(made)
    repeats = sum(a == b for a, b in pairwise(drawn))
    assert repeats < sum(a == b for a, b in pairwise(made)) / 4


def test_excluded_people_have_no_chance() -> None:
    problem = municipality(people=60, size=10)
    problem = replace(problem, exclude=frozenset({"p00003"}), include=frozenset({"p00004"}))
    _, drawn = solve(problem, seed="s", panels=50)
    assert drawn.chances["p00003"] == 0
    assert drawn.chances["p00004"] == 1
    assert set(drawn.chances) == {person.id for person in problem.people}


@pytest.mark.parametrize("method", list(Method))
def test_at_least_one_panel(method: Method) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        solve(municipality(people=60, size=10), method, panels=0)
