"""Response rates: given by some features, or estimated with shrinkage to the margins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as holds
from hypothesis import settings
from hypothesis import strategies as st

from services.sortition.invitation.errors import BadInput
from services.sortition.invitation.rates import Experience, estimate, fitted, given
from tests.unit.invitation.cases import CELLS, FEATURES


def test_given_rates_by_some_features() -> None:
    rates = given(FEATURES, CELLS, ("age",), {("old",): 0.03, ("young",): 0.01}, 50)
    assert rates.mean.tolist() == pytest.approx([0.03, 0.01, 0.03, 0.01])
    assert (rates.alpha + rates.beta).tolist() == [50] * 4
    assert given(FEATURES, CELLS, (), {(): 0.0}).mean.tolist() == [0.0] * 4


@holds(
    st.lists(st.tuples(st.integers(1, 400), st.floats(0.01, 1)), min_size=4, max_size=4),
    st.floats(1, 1000),
)
@settings(max_examples=50, deadline=None)
def test_the_fit_has_the_margins_and_the_estimate_lies_between(
    rows: list[tuple[int, float]], weight: float
) -> None:
    letters = np.array([n for n, _ in rows], dtype=float)
    replies = np.ceil(letters * np.array([share for _, share in rows]))
    fit = fitted(CELLS, letters, replies)
    for axis in (0, 1):
        for value in {cell[axis] for cell in CELLS}:
            mine = np.array([cell[axis] == value for cell in CELLS])
            assert (letters * fit)[mine].sum() == pytest.approx(replies[mine].sum(), rel=1e-6)
    experience = [
        Experience(cell, int(n), int(y)) for cell, n, y in zip(CELLS, letters, replies, strict=True)
    ]
    made = estimate(FEATURES, CELLS, FEATURES, experience, weight, 1e-9)
    shrunk = np.minimum(fit, 1)
    low, high = np.minimum(shrunk, replies / letters), np.maximum(shrunk, replies / letters)
    assert ((made.mean >= low - 1e-6) & (made.mean <= high + 1e-6)).all()
    assert (made.alpha + made.beta).tolist() == pytest.approx((letters + weight).tolist())


def test_a_type_never_written_to_has_the_margins_rate() -> None:
    seen = [
        Experience(("f", "old"), 1000, 40),
        Experience(("f", "young"), 1000, 20),
        Experience(("m", "old"), 1000, 20),
    ]
    made = estimate(FEATURES, CELLS, FEATURES, seen, margin_weight=1e-9)
    # Men answer half as often as women, the young half as often as the old.
    assert made.mean[3] == pytest.approx(0.01, rel=1e-3)


def test_the_margin_prior_keeps_a_value_without_replies_from_zero() -> None:
    seen = [Experience(("old",), 1000, 40), Experience(("young",), 50, 0)]
    made = estimate(FEATURES, CELLS, ("age",), seen)
    assert 0.005 < made.mean[1] < 0.038
    assert made.mean[0] == pytest.approx(0.04, rel=0.1)
    assert made.mean.tolist()[:2] == made.mean.tolist()[2:]


def test_assemblies_add_up() -> None:
    twice = [Experience(("old",), 100, 4), Experience(("old",), 300, 8), Experience(("young",), 10, 1)]
    once = [Experience(("old",), 400, 12), Experience(("young",), 10, 1)]
    one, two = (estimate(FEATURES, CELLS, ("age",), rows) for rows in (once, twice))
    assert one.alpha.tolist() == two.alpha.tolist()
    assert one.beta.tolist() == two.beta.tolist()


def test_nobody_ever_answered() -> None:
    made = estimate(FEATURES, CELLS, (), [Experience((), 100, 0)], margin_weight=1e-9)
    assert made.mean.tolist() == [0.0] * 4


def test_every_fault_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        estimate(FEATURES, CELLS, (), [Experience((), 1, 2, 7), Experience((), -1, 0, 8)], weight=0)
    assert [reason.code for reason in caught.value.reasons] == [
        "PRIOR_OUT_OF_RANGE", "REPLIES_OVER_LETTERS", "REPLIES_OVER_LETTERS",
    ]  # fmt: skip
    with pytest.raises(BadInput, match="NO_EXPERIENCE"):
        estimate(FEATURES, CELLS, (), [])
    with pytest.raises(BadInput, match="RATE_MISSING, RATE_OUT_OF_RANGE"):
        given(FEATURES, CELLS, ("age",), {("old",): 1.5})
