"""Replacement draws against every replacement there is."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.dropout.errors import BadInput, Infeasible
from services.sortition.dropout.replacement import draw, plan
from services.sortition.lottery import certificate
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.receipt import optimal_chances
from tests.unit.dropout.pools import FEATURES, drawn, person
from tests.unit.lottery.brute import leximin

SEEDS = st.integers(0, 10**6)


def missed(problem: Problem, people: list[Person]) -> int:
    """Seats by which a panel misses its quotas."""
    total = 0
    for target in problem.targets:
        place = problem.features.index(target.feature)
        count = sum(member.values[place] == target.value for member in people)
        total += max(0, target.minimum - count, count - target.maximum)
    return total


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_lottery_is_leximin_over_the_least_violating_replacements(seed: int) -> None:
    rng = random.Random(seed)
    problem, panel, _ = drawn(rng)
    dropped = set(rng.sample(sorted(panel), rng.randint(1, 3)))
    others = [p for p in problem.people if p.id not in panel]
    candidates = rng.sample(others, rng.randint(0, 6))
    made = plan(problem, panel, dropped, {p.id for p in candidates})
    stay = [p for p in problem.people if p.id in panel - dropped]
    need = min(len(dropped), len(candidates))
    sets = list(itertools.combinations(candidates, need))
    misses = [missed(problem, [*stay, *chosen]) for chosen in sets]
    assert made.unfilled == len(dropped) - need
    assert sum(violation.seats for violation in made.violations) == min(misses)
    assert made.restores == (need == len(dropped) and min(misses) == 0)
    drawn_now = draw(made, str(seed), panels=20)
    final = [p for p in problem.people if p.id in drawn_now.uniform.panels[drawn_now.number]]
    assert {p.id for p in stay} <= {p.id for p in final}
    assert sorted(p.id for p in final if p not in stay) == sorted(drawn_now.chosen)
    assert missed(problem, final) == min(misses)
    assert certificate.check(drawn_now.exact).holds
    if not candidates:
        return
    # The oracle: leximin over every replacement within the quotas as they were accepted.
    allowed = [chosen for chosen in sets if missed(made.problem, [*stay, *chosen]) == 0]
    rows = np.array([[float(p in chosen) for p in candidates] for chosen in allowed])
    chances = optimal_chances(made.problem, drawn_now.exact)
    possible = rows.any(axis=0)
    for p, can in zip(candidates, possible, strict=True):
        assert can or chances[p.id] == 0
    if possible.any():
        oracle = leximin(rows[:, possible])
        ours = [float(chances[p.id]) for p, can in zip(candidates, possible, strict=True) if can]
        assert ours == pytest.approx(oracle.tolist(), abs=1e-5)


def small() -> Problem:
    """Two old and two young on the panel; one old and two young wait."""
    people = tuple(
        person(i, (age, "f", "own"))
        for i, age in enumerate(["old", "old", "young", "young", "old", "young", "young"])
    )
    targets = (
        Target("age", "old", 2, 2),
        Target("age", "young", 2, 2),
        Target("gender", "f", 0, 9),
        Target("tenure", "own", 0, 9),
    )
    return Problem(FEATURES, targets, people, 4)


PANEL = {"p00", "p01", "p02", "p03"}


def test_what_cannot_be_restored_is_named_with_its_cause() -> None:
    made = plan(small(), PANEL, {"p00", "p01"}, {"p04", "p05", "p06"})
    assert not made.restores
    codes = {reason.code: reason.params for reason in made.reasons}
    assert codes["QUOTA_SHORT"] == {
        "feature": "age", "value": "old", "bound": 2, "reached": 1, "n": 1,
        "staying": 0, "candidates": 1, "alone": "yes",
    }  # fmt: skip
    assert codes["QUOTA_OVER"]["alone"] == "no"
    assert "p0" not in str(made.reasons)
    assert draw(made, "s", panels=10).chosen[0] == "p04"


def test_too_few_candidates_leave_seats_empty() -> None:
    made = plan(small(), PANEL, {"p00", "p01"}, {"p04"})
    assert made.unfilled == 1
    assert made.reasons[0].code == "SEATS_UNFILLED"
    assert draw(made, "s", panels=10).chosen == ("p04",)


def test_no_candidates_at_all() -> None:
    made = plan(small(), PANEL, {"p00"}, set())
    assert (made.unfilled, [v.seats for v in made.violations]) == (1, [1])
    assert draw(made, "s", panels=3).chosen == ()


def test_everybody_dropped_out() -> None:
    made = plan(small(), PANEL, PANEL, {"p04", "p05", "p06"})
    assert made.unfilled == 1
    assert draw(made, "s", panels=10).chosen == ("p04", "p05", "p06")
    with pytest.raises(Infeasible, match="NOBODY_LEFT"):
        plan(small(), PANEL, PANEL, set())


def test_nobody_dropped_out() -> None:
    made = plan(small(), PANEL, set(), {"p04"})
    assert made.restores
    assert draw(made, "s", panels=3).chosen == ()


def test_a_tie_everywhere_shares_the_chance_and_the_seed_decides() -> None:
    made = plan(small(), PANEL, {"p02"}, {"p05", "p06"})
    results = {draw(made, str(seed), panels=10).chosen for seed in range(12)}
    assert results == {("p05",), ("p06",)}
    chances = optimal_chances(made.problem, draw(made, "s", panels=10).exact)
    assert chances["p05"] == chances["p06"] == Fraction(1, 2)


def test_the_order_of_people_does_not_matter() -> None:
    problem, panel, _ = drawn(random.Random(11))
    others = {p.id for p in problem.people} - panel
    gone = set(sorted(panel)[:2])
    turned = replace(problem, people=problem.people[::-1], targets=problem.targets[::-1])
    first, second = plan(problem, panel, gone, others), plan(turned, panel, gone, others)
    assert first.violations == second.violations
    assert draw(first, "s", panels=30).chosen == draw(second, "s", panels=30).chosen


def test_a_household_sends_no_more_than_it_may() -> None:
    problem = small()
    homes = {"p03": "h", "p05": "h"}
    people = tuple(replace(p, address=homes.get(p.id)) for p in problem.people)
    made = plan(replace(problem, people=people, per_address=1), PANEL, {"p02"}, {"p05", "p06"})
    assert draw(made, "s", panels=10).chosen == ("p06",)
    together = tuple(replace(p, address="h" if p.id in PANEL else None) for p in problem.people)
    with pytest.raises(BadInput, match="PANEL_OVER_ADDRESS"):
        plan(replace(problem, people=together, per_address=1), PANEL, {"p02"}, {"p05"})


@pytest.mark.parametrize(
    ("panel", "dropped", "candidates", "size", "code"),
    [
        (set(), set(), {"p04"}, 4, "PANEL_EMPTY"),
        (PANEL, {"p05"}, {"p04"}, 4, "DROPPED_NOT_ON_PANEL"),
        (PANEL, {"p00"}, {"p01"}, 4, "CANDIDATE_ON_PANEL"),
        (PANEL, {"ghost"}, {"p04"}, 4, "NOT_IN_POOL"),
        (PANEL, {"p00"}, {"p04"}, 2, "PANEL_OVER_SIZE"),
    ],
)
def test_bad_input_is_named(
    panel: set[str], dropped: set[str], candidates: set[str], size: int, code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        plan(replace(small(), size=size), panel, dropped, candidates)
    assert [reason.code for reason in caught.value.reasons] == [code]
    assert "ghost" not in str(caught.value.reasons)
