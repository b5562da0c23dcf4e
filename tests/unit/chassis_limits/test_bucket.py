"""The token bucket: never more than it says in any stretch of time, and nothing lost of what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.limits.bucket import Bucket

RATES = st.floats(0.01, 1000)
BURSTS = st.integers(1, 50)
GAPS = st.lists(st.floats(0, 5), min_size=1, max_size=120)
PATIENCE = st.sampled_from((0.0, 0.1, 1.0))
ROUNDING = 1e-6


@given(RATES, BURSTS, GAPS, PATIENCE)
def test_no_stretch_of_time_has_more_turns_than_burst_and_rate_give(
    rate: float, burst: int, gaps: list[float], patience: float
) -> None:
    bucket, now, turns = Bucket(rate, burst), 1000.0, []
    for gap in gaps:
        now += gap
        wait = bucket.take(now, patience)
        if wait <= patience:
            turns.append(now + wait)
    assert turns == sorted(turns)
    for first, start in enumerate(turns):
        for count, end in enumerate(turns[first:], 1):
            assert count <= burst + rate * (end - start) + ROUNDING * rate + ROUNDING


@given(RATES, BURSTS, GAPS)
def test_who_is_told_to_wait_gets_a_turn_then_and_not_before(
    rate: float, burst: int, gaps: list[float]
) -> None:
    bucket, now = Bucket(rate, burst), 1000.0
    for gap in gaps:
        now += gap
        wait = bucket.take(now)
        if wait:
            assert wait <= 1 / rate + ROUNDING
            assert bucket.take(now + wait * 0.5) > 0
            now += wait + ROUNDING
            assert bucket.take(now) == 0.0


@given(RATES, BURSTS)
def test_after_a_rest_the_whole_burst_is_there_and_no_more(rate: float, burst: int) -> None:
    bucket = Bucket(rate, burst)
    for start in (1000.0, 1000.0 + 2 * burst / rate):
        assert [bucket.take(start) for _ in range(burst)] == [0.0] * burst
        assert bucket.take(start) > 0


def test_a_refusal_takes_nothing() -> None:
    bucket = Bucket(1, 1)
    assert bucket.take(10.0) == 0.0
    assert [bucket.take(10.0, 0.5) for _ in range(3)] == [1.0, 1.0, 1.0]
    assert bucket.take(10.5, 0.5) == 0.5
    assert bucket.take(10.5, 0.5) == pytest.approx(1.5)
