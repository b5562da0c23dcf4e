"""The load model's own arithmetic, against figures worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks.load_model import Assembly, Costs, Organiser, Readers, highest_rate, year

ASSEMBLY = Assembly(
    volunteers=300,
    rows_per_volunteer=3,
    rows_besides=700,
    bytes_per_volunteer=1000,
    bytes_besides=50_000,
    events=80,
    files=4,
)
READERS = Readers(
    visitors=0.1, pages_a_visit=5, busiest_day=0.1, busiest_hour=0.5, busiest_minute=2, at_once=0.5
)


def test_a_year_of_two_towns() -> None:
    towns = Organiser("towns", 2, 36_000, 0.5, 100)
    found = year(towns, ASSEMBLY, READERS)
    assert found.pages == pytest.approx(2 * 3_600 * 5)
    assert found.files == pytest.approx(2 * 3_600 * 4)
    assert found.events == pytest.approx(80)
    assert found.rows == pytest.approx(700 + 100 * 3)
    assert found.bytes == pytest.approx(50_000 + 100 * 1000)
    # Of 7,200 visits 360 in the busiest hour: doubled in its busiest minute, half of the towns.
    assert found.peak_pages == pytest.approx(360 / 3600 * 2 * 0.5 * 5)
    assert found.peak_files == pytest.approx(360 / 3600 * 2 * 0.5 * 4)


def test_a_broadcast_is_the_nations_peak() -> None:
    readers = Readers(broadcast=0.03, broadcast_pages=2, broadcast_seconds=600)
    found = year(Organiser("nation", 1, 2_000_000, 1, 10_000, broadcast=True), ASSEMBLY, readers)
    assert found.peak_pages == pytest.approx(2_000_000 * 0.03 / 600 * 2)
    assert found.peak_files == pytest.approx(2_000_000 * 0.03 / 600 * 4)


@pytest.mark.parametrize(
    ("replicas", "rate", "full"),
    [
        # One interpreter of deliberation at 20 ms a request, four processors at 26 ms.
        (1, 50, "deliberation's interpreters"),
        (2, 100, "deliberation's interpreters"),
        (3, 3.9 / 0.026, "the machine"),
    ],
)
def test_what_is_full_first(replicas: int, rate: float, full: str) -> None:
    costs = Costs(
        parts={"deliberation": 0.020, "followup": 0.001, "postgresql": 0.002},
        client=0.002,
        besides=0.001,
        idle=0.1,
    )
    assert highest_rate(costs, frozenset({"deliberation", "followup"}), replicas, 4) == (
        pytest.approx(rate),
        full,
    )
