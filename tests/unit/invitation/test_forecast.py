"""The pool: whether it holds a panel, chances end to end, and the forecast against exact answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from services.sortition.invitation.chances import NoChance, end_to_end
from services.sortition.invitation.errors import BadInput
from services.sortition.invitation.forecast import BEFORE, CLOSED, FLAT, Arrived, forecast, wilson
from services.sortition.invitation.types import Rates
from services.sortition.lottery.feasibility import check
from services.sortition.lottery.problem import Person, Problem
from tests.unit.invitation.cases import CELLS, FEATURES, flat, panels, question

LETTERS = np.array([40, 30, 40, 30], dtype=np.int64)
NONE = np.zeros(4, dtype=np.int64)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=6), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_a_panel_exists_just_when_the_lottery_says_so(pools: list[tuple[int, ...]], young: int) -> None:
    asked = question(young=young)
    found = panels(asked)
    for counts in pools:
        people = tuple(
            Person(f"{cell}-{i}", cell) for cell, n in zip(CELLS, counts, strict=True) for i in range(n)
        )
        expected = (
            bool(people)
            and check(Problem(FEATURES, asked.targets, people, asked.size), with_cures=False).feasible
        )
        assert found.exists(np.array(counts)) == expected


def test_covered_by_volunteers_per_seat() -> None:
    asked = panels(question(young=2, per_seat=1.5))
    assert asked.covered(np.array([1, 2, 0, 3])).tolist() == [True, True, True, True]
    assert asked.covered(np.array([9, 2, 2, 0])).tolist() == [True, False, True, False]


def test_chances_end_to_end_and_who_has_none() -> None:
    register = np.array([100, 50, 100, 50], dtype=np.int64)
    rates = np.array([0.2, 0.2, 0.2, 0.2])
    made = end_to_end(panels(), register, np.full(4, 0.5), rates)
    assert made.seats is not None
    # Four seats: two for women, two for men, two or more for the young.
    assert made.seats @ register == pytest.approx(4)
    assert made.seats.min() > 0
    assert made.why == (None,) * 4
    made = end_to_end(panels(), register, np.array([0.5, 0.5, 0.5, 0.0]), np.array([0.0, 0.2, 0.2, 0.2]))
    assert made.why == (NoChance.NO_REPLY, None, None, NoChance.NO_LETTER)
    # All seats are for the young: the old have none.
    made = end_to_end(panels(question(young=4)), register, np.full(4, 0.5), rates)
    assert made.why == (NoChance.NO_SEAT, None, NoChance.NO_SEAT, None)
    for letters, expected in ((np.zeros(4), None), (np.full(4, 0.001), None)):
        assert end_to_end(panels(), register, letters, rates).seats is expected


def test_the_chance_on_the_expected_pool_is_near_that_of_simulated_pools() -> None:
    """Simulated pools, each with its own leximin: seats per value of the register, on the average."""
    asked = panels(question(size=6, young=2))
    register = np.array([400, 200, 500, 150], dtype=np.int64)
    letters, rates = np.full(4, 0.4), np.array([0.2, 0.1, 0.1, 0.1])
    told = end_to_end(asked, register, letters, rates)
    rng = np.random.default_rng(1)
    seats = np.zeros(4)
    times = 60
    for _ in range(times):
        pool = rng.binomial(register, letters * rates)
        found = end_to_end(asked, pool, np.ones(4), np.ones(4))
        assert found.seats is not None
        seats += found.seats * pool
    assert told.seats is not None
    assert told.seats * register == pytest.approx(seats / times, abs=0.25)


def test_before_any_reply_it_is_the_prior_predictive() -> None:
    """With level 1 a type's count is beta-binomial, which SciPy knows exactly."""
    rates = flat(0.1, 30)
    made = forecast(panels(), rates, LETTERS, NONE, "s", level=1.0, simulations=3000)
    for t, told in enumerate(made.types):
        exact = betabinom(int(LETTERS[t]), 3.0, 27.0)
        assert told.mean == pytest.approx(exact.mean(), rel=0.08)
        assert abs(told.low - exact.ppf(0.05)) <= 1
        assert abs(told.high - exact.ppf(0.95)) <= 1


def test_with_all_replies_in_there_is_nothing_left_to_forecast() -> None:
    replies = np.array([3, 2, 2, 2], dtype=np.int64)
    made = forecast(panels(), flat(0.1), LETTERS, replies, "s", arrived=CLOSED, simulations=50)
    assert (made.pool.low, made.pool.high, made.replies) == (9, 9, 9)
    assert made.meets.share == made.panel.share == 1.0
    assert made.arrived == 1.0


def test_the_posterior_against_enumeration() -> None:
    """One type answers, half of its replies in: every final count weighed by Bayes' rule, summed exactly."""
    letters = np.array([20, 0, 0, 0], dtype=np.int64)
    replies = np.array([3, 0, 0, 0], dtype=np.int64)
    rates = Rates(np.array([2.0, 1, 1, 1]), np.array([8.0, 1, 1, 1]))
    half = Arrived(0.5, 1e8)
    made = forecast(panels(), rates, letters, replies, "s", arrived=half, level=1.0, simulations=4000)
    from scipy.stats import binom

    totals = np.arange(3, 21)
    weights = betabinom(20, 2, 8).pmf(totals) * binom(totals, 0.5).pmf(3)
    weights /= weights.sum()
    assert made.types[0].mean == pytest.approx(float(totals @ weights), rel=0.03)
    cumulative = np.cumsum(weights)
    assert abs(made.types[0].low - totals[np.searchsorted(cumulative, 0.05)]) <= 1
    assert abs(made.types[0].high - totals[np.searchsorted(cumulative, 0.95)]) <= 1


def test_intervals_hold_what_they_promise() -> None:
    """Assemblies made by the model itself: about nine in ten final pools lie in the 90 % interval."""
    rng = np.random.default_rng(7)
    rates = flat(0.1, 60)
    letters = np.array([200, 100, 200, 100], dtype=np.int64)
    inside, times = 0, 80
    for _ in range(times):
        theta = np.exp(np.log(1.3) * rng.standard_normal()) / np.exp(np.log(1.3) ** 2 / 2)
        q = np.minimum(theta * rng.beta(rates.alpha, rates.beta), 1)
        final = rng.binomial(letters, q)
        arrived = rng.beta(20, 20)
        replies = rng.binomial(final, arrived)
        made = forecast(
            panels(), rates, letters, replies, str(theta), level=1.3, arrived=Arrived(0.5, 40),
            simulations=200,
        )  # fmt: skip
        inside += made.pool.low <= final.sum() <= made.pool.high
    # Within three standard errors of 90 % of 80, the interval being discrete and so a little wide.
    assert 0.9 - 3 * np.sqrt(0.09 / times) <= inside / times


def test_replies_teach() -> None:
    few = forecast(panels(), flat(0.1), LETTERS, np.array([1, 0, 0, 0]), "s", arrived=Arrived(0.5, 50))
    many = forecast(panels(), flat(0.1), LETTERS, np.array([6, 4, 6, 4]), "s", arrived=Arrived(0.5, 50))
    assert few.factor < 1 < many.factor
    assert few.pool.mean < many.pool.mean
    assert few.meets.share < many.meets.share
    assert 0.3 < few.arrived < many.arrived < 0.7


def test_nobody_answers_everybody_does_and_no_letters() -> None:
    nobody = Rates(np.zeros(4), np.ones(4))
    made = forecast(panels(), nobody, LETTERS, NONE, "s", simulations=20)
    assert (made.pool.high, made.panel.share, made.meets.share) == (0, 0.0, 0.0)
    everybody = Rates(np.ones(4), np.zeros(4))
    made = forecast(panels(), everybody, LETTERS, NONE, "s", level=1.0, simulations=20)
    assert (made.pool.low, made.meets.share) == (140, 1.0)
    made = forecast(panels(), flat(0.5), NONE, NONE, "s", arrived=FLAT, simulations=20)
    assert (made.letters, made.pool.high) == (0, 0)


def test_the_same_seed_gives_the_same_forecast() -> None:
    one, two, other = (
        forecast(panels(), flat(0.1), LETTERS, NONE, seed, arrived=BEFORE, simulations=30)
        for seed in ("a", "a", "b")
    )
    assert one == two
    assert one != other


def test_figures_out_of_range() -> None:
    with pytest.raises(BadInput) as caught:
        forecast(
            panels(), flat(0.1), LETTERS, LETTERS + 1, "s", level=0.5, simulations=0, interval=1.0,
            arrived=Arrived(2.0, 0.0),
        )  # fmt: skip
    assert {reason.code for reason in caught.value.reasons} == {
        "REPLIES_OVER_LETTERS_OF_TYPE", "LEVEL_OUT_OF_RANGE", "SIMULATIONS_OUT_OF_RANGE",
        "INTERVAL_OUT_OF_RANGE", "ARRIVED_OUT_OF_RANGE",
    }  # fmt: skip
    with pytest.raises(BadInput, match="REPLIES_IMPOSSIBLE"):
        forecast(panels(), Rates(np.zeros(4), np.ones(4)), LETTERS, np.array([1, 0, 0, 0]), "s", arrived=FLAT)


def test_wilsons_interval() -> None:
    # Wilson's interval for 81 of 263, as in Newcombe, Statistics in Medicine 1998, table I.
    found = wilson(81, 263)
    assert (found.low, found.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert (wilson(0, 20).low, wilson(20, 20).high) == (0.0, 1.0)
