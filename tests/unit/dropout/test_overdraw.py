"""Over-draws against every panel there is, and their outlook against every way to drop out."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.dropout.errors import BadInput, Infeasible
from services.sortition.dropout.estimates import wilson
from services.sortition.dropout.outlook import outlook
from services.sortition.dropout.overdraw import Overdraw, overdraw
from services.sortition.dropout.rates import Rates
from services.sortition.lottery.draw import solve
from services.sortition.lottery.feasibility import check
from services.sortition.lottery.problem import Person, Problem, Target

FEATURES = ("age", "gender")


def pool(rng: random.Random, people: int = 11) -> tuple[Problem, Rates]:
    """A pool of 11 of whom 4 are wanted at the end, by two features."""
    made = tuple(
        Person(f"p{i:02}", (rng.choice(("old", "young")), rng.choice(("f", "m")))) for i in range(people)
    )
    targets = []
    for feature, values in (("age", ("old", "young")), ("gender", ("f", "m"))):
        first = rng.randint(1, 3)
        for value, count in zip(values, (first, 4 - first), strict=True):
            targets.append(Target(feature, value, count - rng.randint(0, 1), count + rng.randint(0, 1)))
    rates = Rates(("age",), {("old",): rng.choice((0.7, 0.9, 1.0)), ("young",): rng.choice((0.5, 0.8))})
    return Problem(FEATURES, tuple(targets), made, 4), rates


def smallest(problem: Problem, chances: dict[str, float], over: float) -> int | None:
    """The smallest number of people whose expectation is enough, trying all of them."""
    for size in range(1, len(problem.people) + 1):
        for chosen in itertools.combinations(problem.people, size):
            if sum(chances[p.id] for p in chosen) < problem.size - 1e-6:
                continue
            fits = True
            for target in problem.targets:
                place = FEATURES.index(target.feature)
                expected = sum(chances[p.id] for p in chosen if p.values[place] == target.value)
                fits = fits and target.minimum - 1e-6 <= expected <= target.maximum + over
            if fits:
                return size
    return None


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_no_smaller_panel_is_enough_and_the_lottery_meets_the_targets_in_expectation(seed: int) -> None:
    problem, rates = pool(random.Random(seed))
    chances = rates.per_person(FEATURES, problem.people)
    oracle = smallest(problem, chances, 1.0 - 1e-6)
    if oracle is None:
        oracle = smallest(problem, chances, 99.0)
    try:
        made = overdraw(problem, rates, str(seed), trials=20)
    except Infeasible:
        assert oracle is None
        return
    assert oracle is not None
    assert made.size >= oracle
    assert check(made.problem).feasible
    missed = [
        v for v in made.values
        if v.expected < v.target.minimum - 1e-6 or v.expected > v.target.maximum + 1.0 - 1e-6
    ]  # fmt: skip
    told = [notice.code for notice in made.notices]
    assert len(missed) == told.count("EXPECTED_MISSES")
    assert ("SIZE_MISSES" in told) == (made.enlarged.expected_size < problem.size - 1e-6)
    # Larger than the smallest panel only where the lottery's mixtures need more than one panel does.
    assert made.size <= oracle + 3
    for v in made.values:
        assert v.lowest - 1e-6 <= v.expected <= v.highest + 1e-6


def uniform_pool(each: int = 10) -> Problem:
    people = tuple(
        Person(f"p{i:02}", (("old", "young")[i % 2], ("f", "m")[i // 2 % 2])) for i in range(4 * each)
    )
    targets = tuple(
        Target(f, v, 4, 6)
        for f, values in (("age", ("old", "young")), ("gender", ("f", "m")))
        for v in values
    )
    return Problem(FEATURES, targets, people, 10)


def made_at(rate: float, **more: int) -> Overdraw:
    return overdraw(uniform_pool(), Rates((), {(): rate}), "s", trials=200, reason="because", **more)


def test_one_rate_for_all_asks_for_the_size_divided_by_it() -> None:
    assert made_at(0.8).size == 13
    assert made_at(0.5).size == 20


def test_everybody_stays() -> None:
    made = made_at(1.0)
    assert made.size == 10
    assert [(v.minimum, v.maximum) for v in made.values] == [(4, 6)] * 4
    assert made.enlarged.chance_all == 1.0
    assert made.enlarged.expected_loss.mean == 0.0
    assert all(v.chance == pytest.approx(1.0) for v in made.values)


def test_everybody_absent() -> None:
    with pytest.raises(Infeasible) as caught:
        made_at(0.0)
    assert {reason.code for reason in caught.value.reasons} == {"SIZE_UNREACHABLE", "MINIMUM_UNREACHABLE"}


def test_a_pool_too_small_says_what_it_would_give() -> None:
    problem = replace(uniform_pool(), people=uniform_pool().people[:8])
    with pytest.raises(Infeasible) as caught:
        overdraw(problem, Rates((), {(): 0.5}), "s")
    size = next(reason for reason in caught.value.reasons if reason.code == "SIZE_UNREACHABLE")
    assert size.params == {"size": 10, "expected": "4.0"}


def test_an_empty_pool_is_infeasible() -> None:
    with pytest.raises(Infeasible, match="SIZE_UNREACHABLE"):
        overdraw(replace(uniform_pool(), people=()), Rates((), {(): 0.5}), "s")


def test_one_person() -> None:
    problem = Problem(("age",), (Target("age", "old", 1, 1),), (Person("p", ("old",)),), 1)
    assert overdraw(problem, Rates((), {(): 1.0}), "s", trials=5).size == 1


def test_the_reason_is_recorded_where_a_value_is_drawn_above_its_share() -> None:
    problem = replace(
        uniform_pool(), targets=tuple(replace(t, minimum=5, maximum=5) for t in uniform_pool().targets)
    )
    rates = Rates(("age",), {("old",): 1.0, ("young",): 0.5})
    made = overdraw(problem, rates, "s", trials=50, reason="because")
    reasons = {(t.feature, t.value): t.reason for t in made.problem.targets}
    assert reasons[("age", "young")] == "because"
    assert reasons[("age", "old")] == ""


def test_the_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    problem, rates = pool(random.Random(4))
    turned = replace(problem, people=problem.people[::-1])
    first = overdraw(problem, rates, "s", trials=50)
    assert overdraw(turned, rates, "s", trials=50).values == first.values
    assert overdraw(turned, rates, "s", trials=50).enlarged.chances == first.enlarged.chances


def test_chances_are_those_of_every_way_to_drop_out() -> None:
    problem, rates = pool(random.Random(2), people=5)
    problem = replace(
        problem, size=5, targets=tuple(replace(t, minimum=1, maximum=3) for t in problem.targets)
    )
    chances = rates.per_person(FEATURES, problem.people)
    wide = replace(problem, targets=tuple(replace(t, minimum=0, maximum=5) for t in problem.targets))
    lottery, uniform = solve(wide, seed="s", panels=3)
    seen = outlook(problem, lottery, uniform, chances, "s", 50)
    for v, target in enumerate(problem.targets):
        place = FEATURES.index(target.feature)
        oracle = 0.0
        for stays in itertools.product((0, 1), repeat=5):
            who = list(zip(problem.people, stays, strict=True))
            p = np.prod([chances[q.id] if s else 1 - chances[q.id] for q, s in who])
            count = sum(s for q, s in who if q.values[place] == target.value)
            oracle += float(p) if target.minimum <= count <= target.maximum else 0.0
        assert seen.chances[v] == pytest.approx(oracle)


def test_an_interval_holds_its_share() -> None:
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)
    low, high = wilson(5, 10)
    assert low < 0.5 < high


def test_too_few_trials_are_refused() -> None:
    with pytest.raises(BadInput, match="TRIALS_NOT_POSITIVE"):
        overdraw(uniform_pool(), Rates((), {(): 0.5}), "s", trials=0)
