"""Overlaps and rests against every pair and every quarter of an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteer.schedule.clash import clashes, in_order, short_rests, stretches
from services.volunteer.schedule.errors import BadInput
from services.volunteer.schedule.types import Shift

BASE = datetime(2026, 10, 24, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def shifts_of(pairs: list[tuple[int, int]]) -> list[Shift]:
    return [Shift(f"s{n}", BASE + a * QUARTER, BASE + (a + b) * QUARTER) for n, (a, b) in enumerate(pairs)]


some = st.lists(st.tuples(st.integers(0, 120), st.integers(1, 30)), max_size=12).map(shifts_of)


@given(some)
def test_clashes_are_the_pairs_that_share_time(shifts: list[Shift]) -> None:
    expected = {
        frozenset((a.id, b.id))
        for a in shifts
        for b in shifts
        if a.id < b.id and max(a.start, b.start) < min(a.end, b.end)
    }
    found = clashes(shifts)
    assert {frozenset(pair) for pair in found} == expected
    assert len(found) == len(expected)


@given(some, st.integers(0, 60))
def test_stretches_and_rests_by_the_quarter(shifts: list[Shift], rest: int) -> None:
    busy = {n for n in range(160) for s in shifts if s.start <= BASE + n * QUARTER < s.end}
    runs: list[list[int]] = []
    for n in sorted(busy):
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    made = stretches(shifts)
    assert [(s.start, s.end) for s in made] == [
        (BASE + run[0] * QUARTER, BASE + (run[-1] + 1) * QUARTER) for run in runs
    ]
    gaps = [(b[0] - a[-1] - 1) * QUARTER for a, b in pairwise(runs)]
    short = short_rests(shifts, rest * QUARTER)
    assert [gap for _, _, gap in short] == [gap for gap in gaps if gap < rest * QUARTER]


def test_back_to_back_is_no_clash_and_needs_no_rest() -> None:
    two = shifts_of([(0, 8), (8, 8)])
    assert clashes(two) == ()
    assert short_rests(two, timedelta(hours=11)) == ()
    assert clashes([]) == ()
    assert stretches([]) == ()


def test_all_alike_all_clash() -> None:
    assert len(clashes(shifts_of([(0, 4)] * 5))) == 10


def test_another_offset_is_the_same_instant() -> None:
    other = Shift(
        "b",
        datetime.fromisoformat("2026-10-24T16:00+02:00"),
        datetime.fromisoformat("2026-10-24T17:00+02:00"),
    )
    assert clashes([*shifts_of([(0, 8)]), other]) == ()
    assert clashes([*shifts_of([(0, 9)]), other]) == (("s0", "b"),)


@pytest.mark.parametrize(
    ("shift", "code"),
    [
        (Shift("s0", BASE, BASE + QUARTER), "DUPLICATE_SHIFT"),
        (Shift("x", BASE.replace(tzinfo=None), BASE), "INSTANT_WITHOUT_OFFSET"),
        (Shift("x", BASE, BASE), "ENDS_BEFORE_START"),
        (Shift("x", BASE, BASE + QUARTER, QUARTER), "BAD_PAUSE"),
        (Shift("x", BASE, BASE + QUARTER, -QUARTER), "BAD_PAUSE"),
    ],
)
def test_each_fault(shift: Shift, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        in_order([*shifts_of([(0, 1)]), shift])
    assert [reason.code for reason in caught.value.reasons] == [code]
