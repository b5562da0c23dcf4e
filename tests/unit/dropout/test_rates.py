"""Participation rates, given and estimated."""

from __future__ import annotations

import pytest

from services.sortition.dropout.errors import BadInput
from services.sortition.dropout.rates import Earlier, Rates, estimate
from tests.unit.dropout.pools import FEATURES, person

OLD, YOUNG = person(0, ("old", "f", "own")), person(1, ("young", "m", "rent"))


def test_rates_go_by_the_features_named() -> None:
    rates = Rates(("tenure", "age"), {("own", "old"): 0.9}, default=0.5)
    assert rates.per_person(FEATURES, [OLD, YOUNG]) == {"p00": 0.9, "p01": 0.5}


def test_a_type_without_a_rate_is_named_not_guessed() -> None:
    with pytest.raises(BadInput) as caught:
        Rates(("age",), {("old",): 0.9}).per_person(FEATURES, [OLD, YOUNG])
    (reason,) = caught.value.reasons
    assert (reason.code, dict(reason.params)) == ("RATE_MISSING", {"place": "young"})


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(BadInput, match="RATE_FEATURE_UNKNOWN"):
        Rates(("shoes",), {("big",): 0.9}).per_person(FEATURES, [OLD])


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_share(rate: float) -> None:
    with pytest.raises(BadInput, match="RATE_OUT_OF_RANGE"):
        Rates((), {(): rate})


def test_estimates_are_drawn_to_the_whole_where_few_were_seen() -> None:
    rates = estimate(("age",), [Earlier(("old",), 200, 190), Earlier(("young",), 2, 0)])
    assert rates.default == pytest.approx(191 / 204)
    assert rates.table[("old",)] == pytest.approx((190 + 10 * 191 / 204) / 210)
    assert 0.7 < rates.table[("young",)] < 191 / 204


def test_assemblies_of_one_type_are_added_up() -> None:
    twice = estimate(("age",), [Earlier(("old",), 10, 8), Earlier(("old",), 10, 6)])
    assert twice == estimate(("age",), [Earlier(("old",), 20, 14)])


def test_nothing_seen_is_an_even_chance() -> None:
    assert estimate(("age",), []).default == 0.5
    assert estimate(("age",), [Earlier(("old",), 0, 0)], strength=0.0).table[("old",)] == 0.5


def test_more_cannot_stay_than_started() -> None:
    with pytest.raises(BadInput, match="STAYED_OVER_STARTED"):
        estimate(("age",), [Earlier(("old",), 3, 4)])
