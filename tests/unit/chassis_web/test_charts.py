"""Where marks stand: always within the chart, every person in exactly one bar."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.web.charts import RangeRow, histogram, position, round_up

SHARES = st.floats(0, 1, allow_nan=False)


def percent(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-10, 10), st.floats(-10, 10))
def test_a_position_is_on_the_axis(value: float, low: float, high: float) -> None:
    assert 0 <= percent(position(value, low, high)) <= 100


def test_positions() -> None:
    assert [position(value) for value in (0, 0.5, 1, 2, -1)] == ["0%", "50%", "100%", "100%", "0%"]
    assert position(0.12345678) == "12.346%"
    assert position(3, 5, 5) == "0%"


@given(st.lists(st.tuples(SHARES, st.integers(0, 1000)), min_size=1), st.integers(1, 60))
@example([(5e-324, 1)], 2)  # half of which is 0
def test_a_histogram_loses_nobody(values: list[tuple[float, int]], bins: int) -> None:
    chart = histogram(values, bins=bins)
    assert chart.total == sum(count for _, count in values)
    assert len(chart.bars) == bins
    assert chart.high >= max(value for value, _ in values)
    for bar in chart.bars:
        held = [count for value, count in values if bar.start - 1e-6 <= value <= bar.end + 1e-6 and bar.count]
        assert bar.count <= sum(held)
        assert percent(bar.y) + percent(bar.height) == pytest.approx(100, abs=0.01)


def test_a_value_on_an_edge_belongs_to_the_bar_that_starts_there() -> None:
    chart = histogram([(0.3, 7)], high=1.0, bins=10)
    assert [bar.count for bar in chart.bars].index(7) == 3
    assert histogram([(1.0, 2)], high=1.0, bins=10).bars[-1].count == 2


def test_a_value_beyond_the_axis_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        histogram([(0.5, 1)], high=0.4)
    with pytest.raises(ValueError, match="outside"):
        histogram([(0.1, 1)], low=0.2, high=0.4)


def test_marks() -> None:
    chart = histogram([(0.1, 1)], high=0.4, marks={"optimum": 0.1})
    assert chart.marks == (("optimum", 0.1, "25%"),)


@given(st.floats(1e-9, 1))
def test_an_axis_ends_at_or_above_what_it_shows_and_not_far_off(value: float) -> None:
    end = round_up(value)
    assert value <= end <= 2.01 * value


def test_round_ends() -> None:
    assert [round_up(v) for v in (0.31, 0.096, 0.7, 1.0, 0.0, 0.02)] == [0.4, 0.1, 0.8, 1.0, 1.0, 0.02]


@given(SHARES, SHARES, SHARES)
def test_a_target_is_seen_even_when_it_is_one_number(low: float, high: float, dot: float) -> None:
    row = RangeRow("a", min(low, high), max(low, high), {"pool": dot}, "…")
    assert percent(row.width) > 0
    assert row.at("pool") == position(dot)
    assert row.at("panel") is None
