"""The hour rules for the young, each at its limit and past it, and against a count by quarters of an hour."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteer.schedule.errors import BadInput, Infeasible
from services.volunteer.schedule.types import Shift
from services.volunteer.schedule.young import Broken, Youth, check
from services.volunteer.schedule.young_rules import DANISH, Band, RuleSet
from tests.unit.schedule import oracle

ZONE = ZoneInfo("Europe/Copenhagen")
FOURTEEN = Youth(date(2012, 5, 1))
PUPIL = Youth(date(2010, 5, 1))
LEFT_SCHOOL = Youth(date(2010, 5, 1), date(2026, 6, 30))
# Monday 12 to Sunday 18 October 2026 is free of school (the autumn holiday).
HOLIDAY = range(date(2026, 10, 12).toordinal(), date(2026, 10, 19).toordinal())


def school(day: date) -> bool:
    return day.weekday() < 5 and day.toordinal() not in HOLIDAY


def shift(day: str, begin: str, end: str, pause: int = 0) -> Shift:
    start, stop = (oracle.instant_of(datetime.fromisoformat(f"{day}T{each}")) for each in (begin, end))
    return Shift(f"{day} {begin}", start, stop, timedelta(minutes=pause))


def found(youth: Youth, *shifts: Shift) -> list[str]:
    return [broken.reason.code for broken in check(shifts, youth, ZONE, school)]


@pytest.mark.parametrize(
    ("youth", "shifts", "codes"),
    [
        (FOURTEEN, [], []),
        (Youth(date(2013, 10, 6)), [shift("2026-10-05", "15:00", "16:00")], ["TOO_YOUNG"]),
        (Youth(date(2013, 10, 5)), [shift("2026-10-05", "15:00", "16:00")], []),
        (FOURTEEN, [shift("2026-10-05", "15:00", "17:00")], []),
        (FOURTEEN, [shift("2026-10-05", "15:00", "17:01")], ["SCHOOL_DAY_TOO_LONG"]),
        (FOURTEEN, [shift("2026-10-10", "09:00", "16:30", 30)], []),
        (FOURTEEN, [shift("2026-10-10", "09:00", "16:31", 30)], ["DAY_TOO_LONG"]),
        (PUPIL, [shift("2026-10-10", "09:00", "17:30", 30)], []),
        (PUPIL, [shift("2026-10-10", "09:00", "17:31", 30)], ["DAY_TOO_LONG"]),
        (PUPIL, [shift("2026-10-05", "15:00", "17:01")], ["SCHOOL_DAY_TOO_LONG"]),
        (LEFT_SCHOOL, [shift("2026-10-05", "09:00", "17:30", 30)], []),
        (LEFT_SCHOOL, [shift("2026-10-05", "09:00", "17:31", 30)], ["DAY_TOO_LONG"]),
        (FOURTEEN, [shift("2026-10-10", "10:00", "14:30")], []),
        (FOURTEEN, [shift("2026-10-10", "10:00", "14:31")], ["BREAK_MISSING"]),
        (FOURTEEN, [shift("2026-10-10", "10:00", "15:00", 29)], ["BREAK_MISSING"]),
        (FOURTEEN, [shift("2026-10-10", "10:00", "12:00"), shift("2026-10-10", "12:30", "15:30")], []),
        (FOURTEEN, [shift("2026-10-10", "18:00", "20:00")], []),
        (FOURTEEN, [shift("2026-10-10", "18:01", "20:01")], ["AT_NIGHT"]),
        (FOURTEEN, [shift("2026-10-10", "05:59", "07:00")], ["AT_NIGHT"]),
        (FOURTEEN, [shift("2026-10-10", "06:00", "07:00")], []),
        (FOURTEEN, [shift("2026-10-10", "18:00", "20:00"), shift("2026-10-11", "10:00", "11:00")], []),
        (
            FOURTEEN,
            [shift("2026-10-10", "18:00", "20:00"), shift("2026-10-11", "09:59", "11:00")],
            ["REST_TOO_SHORT"],
        ),
        (LEFT_SCHOOL, [shift("2026-10-10", "18:00", "20:00"), shift("2026-10-11", "08:00", "09:00")], []),
        (
            FOURTEEN,
            [shift("2026-10-10", "08:00", "09:00"), shift("2026-10-10", "18:30", "19:30")],
            ["REST_TOO_SHORT"],
        ),
    ],
)
def test_each_rule_at_its_limit(youth: Youth, shifts: list[Shift], codes: list[str]) -> None:
    assert found(youth, *shifts) == codes


def _week(hours: list[float], monday: date = date(2026, 10, 5)) -> list[Shift]:
    made = []
    for n, each in enumerate(hours):
        if each:
            day = (monday + n * oracle.DAY).isoformat()
            end = datetime(2026, 1, 1, 10) + timedelta(hours=each)  # noqa: DTZ001 - a time on the wall
            made.append(shift(day, "10:00", end.strftime("%H:%M"), 30 if each > 4.5 else 0))
    return made


def test_weeks() -> None:
    assert found(FOURTEEN, *_week([2, 2, 0, 0, 1, 7.5])) == []
    assert found(FOURTEEN, *_week([2, 2, 0, 0, 1.25, 7.5])) == ["SCHOOL_WEEK_TOO_LONG"]
    holiday = HOLIDAY[0]
    assert found(FOURTEEN, *_week([7.5] * 5, date.fromordinal(holiday))) == []
    assert found(FOURTEEN, *_week([7.5, 7.5, 7.5, 7.5, 7.75], date.fromordinal(holiday))) == [
        "DAY_TOO_LONG",
        "WEEK_TOO_LONG",
    ]
    assert found(PUPIL, *_week([8.5] * 5, date.fromordinal(holiday))) == []
    assert found(LEFT_SCHOOL, *_week([8.5] * 5)) == []


def test_two_free_days_in_a_row() -> None:
    assert found(FOURTEEN, *_week([1, 1, 1, 1, 1, 0, 0, 1])) == []
    assert found(FOURTEEN, *_week([1, 1, 1, 1, 0, 1, 0, 1])) == ["FREE_DAYS_MISSING"]
    assert found(FOURTEEN, *_week([1, 0, 1, 0, 1, 0, 1])) == ["FREE_DAYS_MISSING"]
    broken = check(_week([0.5] * 21), FOURTEEN, ZONE, school)
    assert [each.reason.params["date"] for each in broken] == [date(2026, 10, d) for d in (5, 12, 19)]


def test_the_week_of_a_birthday_keeps_the_stricter_limit() -> None:
    turning = Youth(date(2011, 10, 15))
    assert "WEEK_TOO_LONG" in found(turning, *_week([7.5, 7.5, 7.5, 8.5, 8.5], date.fromordinal(HOLIDAY[0])))


def test_from_18_on_nothing_is_asked() -> None:
    grown = Youth(date(2008, 10, 10))
    assert found(grown, shift("2026-10-10", "22:00", "23:59")) == []
    assert found(grown, shift("2026-10-09", "22:00", "23:59")) == ["AT_NIGHT"]


def test_change_nights_have_true_hours_of_rest() -> None:
    # Saturday 19-20, Sunday 10-11 in local time: 14 hours in most nights, 13 when clocks go forward.
    for day, next_day, codes in (
        ("2026-03-28", "2026-03-29", ["REST_TOO_SHORT"]),
        ("2026-03-21", "2026-03-22", []),
        ("2026-10-24", "2026-10-25", []),
    ):
        assert found(FOURTEEN, shift(day, "19:00", "20:00"), shift(next_day, "10:00", "11:00")) == codes


def test_each_date_keeps_its_own_rules_and_source() -> None:
    (old,) = check([shift("2024-12-30", "19:30", "20:30")], FOURTEEN_THEN, ZONE, lambda _: False)
    (new,) = check([shift("2025-01-02", "19:30", "20:30")], FOURTEEN_THEN, ZONE, lambda _: False)
    assert ("nr. 239" in old.source, "2025" in new.source) == (True, True)
    strict = dataclasses.replace(DANISH[1], bands=(Band(13, 17, None, 0, 60, 60, 60, 600),))
    own = (DANISH[0], strict)
    assert check([shift("2024-12-30", "10:00", "12:00")], FOURTEEN_THEN, ZONE, lambda _: False, own) == ()
    codes = [
        each.reason.code
        for each in check([shift("2025-01-02", "10:00", "12:00")], FOURTEEN_THEN, ZONE, lambda _: False, own)
    ]
    assert codes == ["DAY_TOO_LONG", "WEEK_TOO_LONG"]


FOURTEEN_THEN = Youth(date(2010, 5, 1))


def test_dates_without_rules_and_people_not_yet_born() -> None:
    with pytest.raises(Infeasible) as missing:
        check([shift("2005-04-15", "10:00", "11:00")], Youth(date(1990, 1, 1)), ZONE, school)
    assert missing.value.reasons[0].params == {"date": date(2005, 4, 15)}
    with pytest.raises(Infeasible):
        check([shift("2026-01-01", "10:00", "11:00")], FOURTEEN, ZONE, school, ())
    with pytest.raises(BadInput) as unborn:
        check([shift("2026-01-01", "10:00", "11:00")], Youth(date(2027, 1, 1)), ZONE, school)
    assert unborn.value.reasons[0].code == "BORN_AFTER_SHIFT"


def test_the_sets_of_rules_leave_no_date_out() -> None:
    for before, after in pairwise(DANISH):
        assert before.last is not None
        assert after.first == before.last + oracle.DAY
    assert DANISH[-1].last is None
    assert all(rules.source for rules in DANISH)


def test_a_leap_day_birthday() -> None:
    youth = Youth(date(2012, 2, 29))
    assert [youth.age_on(day) for day in (date(2025, 2, 28), date(2025, 3, 1), date(2028, 2, 29))] == [
        12,
        13,
        16,
    ]


BASE = datetime(2026, 10, 19, 22, tzinfo=UTC)
some = st.lists(st.tuples(st.integers(0, 14 * 96), st.integers(1, 40)), max_size=14)


@given(some, st.sampled_from([FOURTEEN, PUPIL, LEFT_SCHOOL]))
def test_a_fortnight_around_a_change_night_by_quarters(pairs: list[tuple[int, int]], youth: Youth) -> None:
    step = oracle.QUARTER
    shifts = [Shift(f"s{n}", BASE + a * step, BASE + (a + b) * step) for n, (a, b) in enumerate(pairs)]
    band = {id(FOURTEEN): DANISH[1].bands[0], id(PUPIL): DANISH[1].bands[1]}.get(
        id(youth), DANISH[1].bands[2]
    )
    assert _summary(check(shifts, youth, ZONE, school)) == _expected(pairs, band)


def _summary(broken: tuple[Broken, ...]) -> Counter[str]:
    summary: Counter[str] = Counter()
    for each in broken:
        code = each.reason.code.replace("SCHOOL_", "")
        if code == "FREE_DAYS_MISSING":
            summary[code] = 1
        elif code in ("AT_NIGHT", "REST_TOO_SHORT"):
            summary[code] += 1
        else:
            summary[f"{code} {each.reason.params['date']} {each.reason.params['minutes']}"] += 1
    return summary


def _expected(pairs: list[tuple[int, int]], band: Band) -> Counter[str]:
    expected: Counter[str] = Counter()
    busy = {n for a, b in pairs for n in range(a, a + b)}
    worked: Counter[date] = Counter()
    quarters: defaultdict[date, set[int]] = defaultdict(set)
    for a, b in pairs:
        nights = set()
        for n in range(a, a + b):
            wall = oracle.local(BASE + n * oracle.QUARTER)
            worked[wall.date()] += 15
            quarters[wall.date()].add(n)
            if not 6 <= wall.hour < 20:
                nights.add(wall.date())
        expected["AT_NIGHT"] += len(nights)
    weeks: Counter[date] = Counter()
    for day, minutes in worked.items():
        weeks[day - day.weekday() * oracle.DAY] += minutes
        if minutes > (band.school_day if school(day) else band.other_day):
            expected[f"DAY_TOO_LONG {day} {minutes}"] += 1
        own = sorted(quarters[day])
        # A gap within the day's own shifts; those run on over midnight, so gaps lie between their ends.
        mine = [(a, a + b) for a, b in pairs if any(a <= n < a + b for n in own)]
        covered = {n for a, b in mine for n in range(a, b)}
        gap = max((len(run) for run in _runs(set(range(min(covered), max(covered))) - covered)), default=0)
        if minutes > 270 and gap < 2:
            expected[f"BREAK_MISSING {day} {minutes}"] += 1
        window = [day + n * oracle.DAY for n in range(7)]
        if not any(a not in worked and b not in worked for a, b in pairwise(window)):
            expected["FREE_DAYS_MISSING"] = 1
    for monday, minutes in weeks.items():
        if minutes > (
            band.school_week if any(school(monday + n * oracle.DAY) for n in range(7)) else band.other_week
        ):
            expected[f"WEEK_TOO_LONG {monday} {minutes}"] += 1
    for run in _runs(busy):
        free = _runs(set(range(run[0], run[0] + 96)) - busy)
        if max((len(each) for each in free), default=0) * 15 < band.rest:
            expected["REST_TOO_SHORT"] += 1
    return +expected


def _runs(numbers: set[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for n in sorted(numbers):
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs


def test_rules_may_be_given() -> None:
    nobody = (RuleSet(date(2000, 1, 1), None, "house rule", ()),)
    (broken,) = check([shift("2026-10-10", "10:00", "11:00")], PUPIL, ZONE, school, nobody)
    assert (broken.reason.code, broken.source, broken.shifts) == (
        "TOO_YOUNG",
        "house rule",
        ("2026-10-10 10:00",),
    )


def test_the_last_day_of_school_is_still_one() -> None:
    leaving = Youth(date(2010, 5, 1), date(2026, 10, 5))
    assert found(leaving, shift("2026-10-05", "15:00", "17:01")) == ["SCHOOL_DAY_TOO_LONG"]
    assert found(leaving, shift("2026-10-06", "15:00", "17:01")) == []


def test_a_pause_counts_once_in_a_shift_over_midnight() -> None:
    nothing = (RuleSet(date(2000, 1, 1), None, "none", (Band(13, 17, None, 0, 0, 0, 0, 0),)),)
    start, end = (datetime(2026, 10, day, 10, tzinfo=UTC) + timedelta(hours=9) for day in (9, 10))
    over = Shift("a", start, end - timedelta(hours=18), timedelta(minutes=200))
    # Local time 21:00 to 03:00: three hours on each date, of which the pause takes 180 and then 20 minutes.
    broken = check([over], PUPIL, ZONE, school, nothing)
    assert [
        (each.reason.code, each.reason.params.get("minutes"))
        for each in broken
        if each.reason.code.endswith("_LONG")
    ] == [("DAY_TOO_LONG", 160), ("SCHOOL_WEEK_TOO_LONG", 160)]
