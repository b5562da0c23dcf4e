"""Finding panels: diving where it can, integer programmes where it cannot, and the truth without any."""

from __future__ import annotations

import random

import numpy as np
import pytest

from services.sortition.lottery import pricing
from services.sortition.lottery.coverage import unreachable
from services.sortition.lottery.decomposition import decompose, herd, weigh
from services.sortition.lottery.errors import InfeasibleTargets
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.pricing import PanelSearch, whole
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.relaxation import relaxed_leximin
from services.sortition.lottery.types import reduce
from tests.unit.lottery.pools import municipality, tight

NOBODY = np.array([], dtype=np.int32)


def polytope_of(problem: Problem) -> Polytope:
    reduction = reduce(problem)
    return Polytope.of(reduction.types, reduction.rows)


def odd_ring() -> Problem:
    """Exactly one x in each of three features, and everyone has two or none: half of three would fit."""
    values = [("x", "x", "y"), ("x", "y", "x"), ("y", "x", "x")] + [("y", "y", "y")] * 3
    people = tuple(Person(f"p{i}", triple) for i, triple in enumerate(values))
    targets = tuple(Target(f, v, 1 if v == "x" else 0, 1 if v == "x" else 3) for f in "abc" for v in "xy")
    return Problem(("a", "b", "c"), targets, people, 3)


def test_best_is_the_best_and_its_bound_holds() -> None:
    rng = np.random.default_rng(1)
    for seed in range(15):
        problem = tight(random.Random(seed), (10, 14), (3, 6), (2, 4), 0.4)
        if problem is None:
            continue
        polytope = polytope_of(problem)
        search = whole(polytope)
        for _ in range(5):
            costs = np.round(rng.normal(size=len(polytope.members)) * 10)
            panel, bound = search.best(costs)
            dived = search.dive(costs)
            assert panel is not None
            assert polytope.holds(panel)
            assert bound == pytest.approx(float(costs @ panel), abs=1e-5)
            if dived is not None:
                assert polytope.holds(dived)
                assert costs @ dived <= bound + 1e-6
            relaxed = search.relaxed_bound(costs)
            assert relaxed is not None
            assert relaxed >= bound - 1e-6
            again, same = search.best(costs, panel[None])
            assert again is not None
            assert same == pytest.approx(bound, abs=1e-5)


def test_a_lost_dive_hands_over_to_an_integer_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    polytope = polytope_of(municipality(people=120, size=18))
    search = whole(polytope)
    rng = np.random.default_rng(2)
    monkeypatch.setattr(pricing, "_DIVE_LIMIT", 0)
    costs = rng.normal(size=len(polytope.members))
    assert search.dive(costs) is None
    assert not search.empty
    panel = search.near(costs)
    assert panel is not None
    assert polytope.holds(panel)


def test_diving_over_the_undecided_counts_gives_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    polytope = polytope_of(municipality(people=240, size=36))
    monkeypatch.setattr(pricing, "_NEARBY", 30)
    rng = np.random.default_rng(3)
    search = whole(polytope)
    for _ in range(20):
        panel = search.dive(rng.normal(size=len(polytope.members)))
        assert panel is not None
        assert polytope.holds(panel)


def test_emptiness_is_found_and_remembered() -> None:
    polytope = polytope_of(odd_ring())
    search = whole(polytope)
    assert search.relaxed_bound(np.ones(len(polytope.members))) == pytest.approx(3)
    assert search.near(np.ones(len(polytope.members))) is None
    assert search.empty
    assert search.dive(np.ones(len(polytope.members))) is None
    assert search.best(np.ones(len(polytope.members)))[0] is None
    with pytest.raises(InfeasibleTargets):
        unreachable(polytope)


def test_an_empty_relaxation_has_no_bound() -> None:
    people = tuple(Person(f"p{i}", ("v",)) for i in range(3))
    polytope = polytope_of(Problem(("a",), (Target("a", "v", 0, 1),), people, 2))
    assert whole(polytope).relaxed_bound(np.ones(1)) is None
    with pytest.raises(InfeasibleTargets):
        relaxed_leximin(polytope, NOBODY)


def test_herding_follows_its_mean_and_falls_back_on_known_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    polytope = polytope_of(municipality(people=120, size=18))
    _, x = relaxed_leximin(polytope, NOBODY)
    row_lower, row_upper = polytope.face(x)
    low, high = polytope.box(x)
    found = herd(PanelSearch(polytope, low, high, row_lower, row_upper), x, polytope.members, 100)
    assert np.max(np.abs(np.mean(found, axis=0) - x) / polytope.members) <= 2 / 100
    monkeypatch.setattr(pricing, "_DIVE_LIMIT", 0)
    lost = PanelSearch(polytope, low, high, row_lower, row_upper)
    again = herd(lost, x, polytope.members, 50, np.array(found))
    known = {tuple(panel) for panel in found}
    assert len(again) == 50
    assert all(tuple(panel) in known for panel in again)


def test_weights_reach_their_mean_to_rounding_error() -> None:
    polytope = polytope_of(municipality(people=120, size=18))
    _, x = relaxed_leximin(polytope, NOBODY)
    found = decompose(polytope, x)
    assert found.attained
    weights, residual = weigh(found.panels, x)
    assert np.max(np.abs(residual)) <= 1e-11
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(weights >= 0)
