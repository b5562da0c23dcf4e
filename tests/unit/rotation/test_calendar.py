"""Dates, terms and cooling-off, against counting by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sortition.rotation.calendar import (
    CoolingOff,
    free_again,
    renewed,
    rotations,
    term_end,
)
from services.sortition.rotation.errors import BadInput

FOUNDING = date(2026, 8, 31)


def test_a_short_month_shortens_its_own_date_only() -> None:
    days = [rotation.day for rotation in rotations(FOUNDING, 6, 4)]
    assert days == [date(2026, 8, 31), date(2027, 2, 28), date(2027, 8, 31), date(2028, 2, 29)]


def test_a_rotation_near_an_election_moves_behind_it() -> None:
    made = rotations(date(2025, 11, 1), 6, 3, [date(2025, 11, 18)], quiet_before=60, quiet_after=30)
    assert made[0].moved
    assert made[0].day == date(2025, 12, 19)
    assert made[0].since_election == 1
    assert not made[1].moved
    assert (made[1].day, made[1].since_election) == (date(2026, 5, 1), 5)


@given(
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    st.integers(3, 24),
    st.lists(st.dates(date(2000, 1, 1), date(2070, 1, 1)), max_size=4),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_no_rotation_is_in_a_quiet_time(
    founding: date, every: int, elections: list[date], before: int, after: int
) -> None:
    try:
        made = rotations(founding, every, 8, elections, before, after)
    except BadInput as error:
        assert [reason.code for reason in error.reasons] == ["ROTATIONS_COLLIDE"]  # noqa: PT017
        return
    quiet = {e + timedelta(days=d) for e in elections for d in range(-before, after + 1) if before or after}
    for rotation in made:
        assert rotation.day not in quiet
        between = (rotation.day - rotation.nominal).days
        assert all(rotation.nominal + timedelta(days=d) in quiet for d in range(min(between, 1)))
    assert [r.day for r in made] == sorted({r.day for r in made})


@given(st.integers(1, 6), st.integers(0, 20))
def test_a_term_ends_when_its_cohort_is_renewed_next(cohorts: int, number: int) -> None:
    for cohort in range(1, cohorts + 1):
        end = term_end(cohort, number, cohorts)
        assert renewed(end, cohorts) == cohort
        assert all(renewed(n, cohorts) != cohort for n in range(number + 1, end))
        if number and renewed(number, cohorts) == cohort:
            assert end == number + cohorts


def test_cooling_off_in_months_in_rotations_for_ever_and_not_at_all() -> None:
    dates = rotations(FOUNDING, 6, 6)
    left = dates[2].day
    assert free_again(left, CoolingOff(), dates, 2) == 2
    assert free_again(left, CoolingOff(rotations=2), dates, 2) == 4
    assert free_again(left, CoolingOff(months=12), dates, 2) == 4
    assert free_again(left, CoolingOff(months=13), dates) == 5
    assert free_again(left, CoolingOff(months=48), dates, 2) is None
    assert free_again(left, CoolingOff(forever=True), dates, 2) is None
    assert free_again(dates[5].day + timedelta(days=1), CoolingOff(), dates) is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"every": 0}, "INTERVAL_RANGE"),
        ({"count": 0}, "COUNT_RANGE"),
        ({"count": 500}, "COUNT_RANGE"),
        ({"quiet_before": -1}, "QUIET_RANGE"),
        ({"founding": date(9990, 1, 1), "every": 1200}, "DATE_RANGE"),
        ({"elections": [FOUNDING], "quiet_after": 300}, "ROTATIONS_COLLIDE"),
    ],
)
def test_what_is_no_calendar_is_refused(asked: dict[str, object], code: str) -> None:
    options: dict[str, object] = {"founding": FOUNDING, "every": 6, "count": 4, **asked}
    with pytest.raises(BadInput) as caught:
        rotations(**options)  # type: ignore[arg-type]
    assert [reason.code for reason in caught.value.reasons] == [code]
