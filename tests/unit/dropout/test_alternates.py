"""Alternates against every set there is, and every replacement in every scenario."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.dropout import extensive
from services.sortition.dropout.alternates import Alternates, choose, people_of
from services.sortition.dropout.case import Case, Scenarios, of
from services.sortition.dropout.errors import BadInput
from services.sortition.dropout.rates import Rates
from services.sortition.dropout.recourse import worth
from services.sortition.lottery.problem import Person, Problem, Target
from tests.unit.dropout.pools import FEATURES, drawn, loss, person

SEEDS = st.integers(0, 10**6)
ALL_STAY = Rates((), {(): 1.0})
NOBODY_STAYS = Rates((), {(): 0.0})


def counts_of(case: Case, ids: tuple[str, ...]) -> np.ndarray:
    return np.array([sum(member in kind.members for member in ids) for kind in case.types], dtype=float)


def best_loss(case: Case, alternates: list[Person], present: np.ndarray, gone: int) -> float:
    """The least loss over every subset of at most `gone` alternates."""
    best = np.inf
    values = {(t.feature, t.value): i for i, t in enumerate(case.targets)}
    for size in range(min(gone, len(alternates)) + 1):
        for chosen in itertools.combinations(alternates, size):
            counts = present.copy()
            for alternate in chosen:
                for feature, value in zip(FEATURES, alternate.values, strict=True):
                    counts[values[(feature, value)]] += 1
            off = np.maximum(case.minimum - counts, 0) + np.maximum(counts - case.maximum, 0)
            best = min(best, float(off @ case.weight))
    return best


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_replacements_are_the_best_there_are(seed: int) -> None:
    rng = random.Random(seed)
    problem, panel, rates = drawn(rng)
    case = of(problem, panel, 3)
    scenarios = case.draw(rates.per_person(FEATURES, case.panel), 6, str(seed), "test")
    others = [p for p in problem.people if p.id not in panel]
    chosen = rng.sample(others, 3)
    found = worth(case, counts_of(case, tuple(p.id for p in chosen)), scenarios)
    for j in range(len(scenarios)):
        oracle = best_loss(case, chosen, scenarios.present[j], int(scenarios.gone[j]))
        assert found.losses[j] == pytest.approx(oracle, abs=1e-7)


@settings(max_examples=12, deadline=None)
@given(SEEDS)
def test_the_set_lies_between_the_bound_and_every_other_set(seed: int) -> None:
    rng = random.Random(seed)
    problem, panel, rates = drawn(rng)
    found = choose(problem, panel, rates, 2, str(seed), samples=8, fresh=10, nodes=500)
    case = of(problem, panel, 2)
    scenarios = case.draw(rates.per_person(FEATURES, case.panel), 8, str(seed), "dropout samples")
    others = [p for p in problem.people if p.id not in panel]
    best = min(
        sum(
            best_loss(case, list(pair), scenarios.present[j], int(scenarios.gone[j]))
            for j in range(len(scenarios))
        )
        / len(scenarios)
        for pair in itertools.combinations(others, 2)
    )
    assert found.trained == pytest.approx(best, abs=1e-4)
    assert found.bound <= best + 1e-7


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_bound_from_any_prices_is_a_bound(seed: int) -> None:
    rng = random.Random(seed)
    problem, panel, rates = drawn(rng)
    case = of(problem, panel, 2)
    scenarios = case.draw(rates.per_person(FEATURES, case.panel), 5, str(seed), "test")
    noise = np.random.default_rng(seed)
    slope = noise.normal(size=(5, len(case.targets)))
    wild = extensive.bound(case, scenarios, slope, noise.normal(size=5))
    _, solved = extensive.relax(case, scenarios)
    for t in range(len(case.types)):
        counts = np.zeros(len(case.types))
        counts[t] = min(2, case.types[t].upper)
        assert max(wild, solved) <= worth(case, counts, scenarios).mean + 1e-7


def sample(seed: str = "s", rates: Rates | None = None, count: int = 2, **more: int) -> Alternates:
    problem, panel, own = drawn(random.Random(7))
    return choose(problem, panel, rates or own, count, seed, samples=10, fresh=20, **more)


def test_neither_the_order_of_rows_nor_of_targets_matters() -> None:
    problem, panel, rates = drawn(random.Random(3))
    turned = replace(problem, people=problem.people[::-1], targets=problem.targets[::-1])
    first = choose(problem, panel, rates, 3, "s", samples=10, fresh=20)
    assert choose(turned, sorted(panel)[::-1], rates, 3, "s", samples=10, fresh=20) == first
    assert choose(problem, panel, rates, 3, "s", samples=10, fresh=20) == first


def test_another_seed_gives_other_scenarios() -> None:
    assert sample("a").optimal != sample("b").optimal


def test_nobody_drops_out() -> None:
    found = sample(rates=ALL_STAY)
    assert (found.trained, found.bound, found.gap, found.expected_dropouts) == (0.0, 0.0, 0.0, 0.0)
    assert found.optimal.loss.mean == found.naive.loss.mean == 0.0
    assert found.optimal.met.mean == 1.0
    assert len(found.ids) == 2


def test_everybody_drops_out() -> None:
    found = sample(rates=NOBODY_STAYS, nodes=200)
    assert found.expected_dropouts == 6.0
    # Every scenario is the same, so nothing is left to chance, and the set found is proven best.
    assert found.optimal.loss.low == pytest.approx(found.optimal.loss.high)
    assert found.optimal.loss.mean == pytest.approx(found.trained)
    assert found.gap < 0.02
    assert found.optimal.loss.mean <= found.naive.loss.mean < found.nobody.loss.mean


def test_no_alternates_at_all() -> None:
    found = sample(count=0)
    assert found.ids == found.naive_ids == ()
    assert found.optimal == found.nobody
    assert found.gap == 0.0


def test_all_alike_and_one_person() -> None:
    people = tuple(person(i, ("old", "f", "own")) for i in range(5))
    targets = tuple(Target(f, v, 1, 1) for f, v in (("age", "old"), ("gender", "f"), ("tenure", "own")))
    problem = Problem(FEATURES, targets, people, 1)
    found = choose(problem, {"p00"}, NOBODY_STAYS, 1, "s", samples=3, fresh=5)
    assert found.optimal.loss.mean == 0.0
    assert found.nobody.loss.mean == 3.0
    assert set(found.ids) < {"p01", "p02", "p03", "p04"}
    # A tie everywhere is decided by the seed alone.
    chosen = {choose(problem, {"p00"}, NOBODY_STAYS, 1, str(i), samples=3, fresh=5).ids for i in range(12)}
    assert len(chosen) > 1


def test_a_household_sends_no_more_than_it_may() -> None:
    people = tuple(person(i, ("old", "f", "own"), "home" if i in (1, 2, 3) else None) for i in range(5))
    targets = tuple(Target(f, v, 2, 2) for f, v in (("age", "old"), ("gender", "f"), ("tenure", "own")))
    problem = Problem(FEATURES, targets, people, 1, per_address=1)
    found = choose(problem, {"p00"}, NOBODY_STAYS, 2, "s", samples=3, fresh=5)
    assert "p04" in found.ids
    assert len({"p01", "p02", "p03"} & set(found.ids)) == 1
    # Nobody who lives with a member can be an alternate.
    with pytest.raises(BadInput) as caught:
        choose(problem, {"p01"}, NOBODY_STAYS, 3, "s", samples=3, fresh=5)
    assert [reason.code for reason in caught.value.reasons] == ["TOO_FEW_CANDIDATES"]


def test_counts_become_people_by_lot() -> None:
    problem, panel, _ = drawn(random.Random(5))
    case = of(problem, panel, 2)
    counts = np.zeros(len(case.types))
    counts[0] = 1
    assert people_of(case, counts, "s", "x")[0] in case.types[0].members


@pytest.mark.parametrize(
    ("panel", "count", "code"),
    [
        (set(), 1, "PANEL_EMPTY"),
        ({"nobody"}, 1, "PANEL_UNKNOWN"),
        ({"p00"}, -1, "COUNT_NEGATIVE"),
        ({"p00"}, 99, "TOO_FEW_CANDIDATES"),
    ],
)
def test_bad_input_is_named(panel: set[str], count: int, code: str) -> None:
    problem, _, rates = drawn(random.Random(1))
    with pytest.raises(BadInput) as caught:
        choose(problem, panel, rates, count, "s", samples=2, fresh=2)
    assert [reason.code for reason in caught.value.reasons] == [code]
    assert "nobody" not in str(caught.value.reasons)


def test_too_few_samples_are_refused() -> None:
    problem, panel, rates = drawn(random.Random(1))
    with pytest.raises(BadInput, match="SAMPLES_NOT_POSITIVE"):
        choose(problem, panel, rates, 1, "s", samples=0)


def test_the_loss_is_that_of_the_definition() -> None:
    problem, panel, _ = drawn(random.Random(9))
    case = of(problem, panel, 1)
    members = [p for p in problem.people if p.id in panel][:4]
    present = np.zeros((1, len(case.targets)))
    for i, target in enumerate(case.targets):
        place = FEATURES.index(target.feature)
        present[0, i] = sum(member.values[place] == target.value for member in members)
    left = case.losses_without(Scenarios(present, np.array([2.0])))
    assert left[0] == pytest.approx(loss(problem, members))
