"""Dates against an independent calendar, over 30 years; the reference case; what explains a date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.followup.deadlines.calendar import DanishCalendar, DayOff
from services.followup.deadlines.dates import deadlines, local_date, moved_date, nominal_date
from services.followup.deadlines.errors import BadInput, Infeasible
from services.followup.deadlines.types import Checkpoint, Deadline, Extension, Kind, WorkingDayRule
from tests.unit.deadlines import oracle

ZONE = ZoneInfo("Europe/Copenhagen")
CALENDAR = DanishCalendar()
FIRST, LAST = date(2010, 1, 1), date(2039, 12, 31)
STEP = {WorkingDayRule.FORWARD: 1, WorkingDayRule.BACK: -1, WorkingDayRule.NONE: 0}

days = st.dates(FIRST, LAST)
# Ends of months, leap days and the weeks with many days off, where counting goes wrong first.
hard_days = st.one_of(
    days,
    st.builds(lambda y, m: date(y, m, 1) - oracle.DAY, st.integers(2011, 2039), st.integers(1, 12)),
    st.sampled_from([2012, 2016, 2020, 2024, 2028, 2032, 2036]).map(lambda year: date(year, 2, 29)),
    st.builds(lambda y, n: oracle.easter(y) + n * oracle.DAY, st.integers(2010, 2039), st.integers(-7, 52)),
)
rules = st.sampled_from(list(WorkingDayRule))
months = st.one_of(st.sampled_from([1, 3, 10, 12, 24]), st.integers(1, 600))


def _one(handover: date, checkpoint: Checkpoint, *extensions: Extension) -> Deadline:
    (made,) = deadlines(handover, [checkpoint], CALENDAR, ZONE, extensions)
    return made


def _codes(deadline: Deadline) -> list[str]:
    return [reason.code for reason in deadline.reasons]


def test_every_day_of_thirty_years_is_a_working_day_or_not() -> None:
    wrong = [
        day
        for n in range((LAST - FIRST).days + 1)
        if (CALENDAR.day_off(day := FIRST + timedelta(days=n)) is None) is not oracle.works(day)
    ]
    assert wrong == []


def test_every_day_of_thirty_years_a_month_later() -> None:
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        assert nominal_date(day, 1) == oracle.months_later(day, 1)


@given(hard_days, months, rules, st.sampled_from(list(Kind)))
def test_dates_agree_with_the_oracle(handover: date, count: int, rule: WorkingDayRule, kind: Kind) -> None:
    made = _one(handover, Checkpoint("c", kind, count, rule))
    assert made.nominal == oracle.months_later(handover, count)
    assert made.due == oracle.moved(made.nominal, STEP[rule])
    assert made.overdue_from == made.due + oracle.DAY
    assert made.opens == (handover if kind is Kind.WITHIN else min(made.nominal, made.due))
    assert handover <= made.opens <= made.due


@given(hard_days, months, rules)
def test_the_explanation_names_every_day_passed_over(
    handover: date, count: int, rule: WorkingDayRule
) -> None:
    made = _one(handover, Checkpoint("c", Kind.WITHIN, count, rule))
    passed = [reason.params["date"] for reason in made.reasons if reason.code == "NOT_A_WORKING_DAY"]
    step = STEP[rule] or 1
    expected = []
    day = made.nominal
    while not oracle.works(day):
        expected.append(day)
        day += step * oracle.DAY
    assert passed == (expected[:1] if rule is WorkingDayRule.NONE else expected)
    assert ("MONTH_CLIPPED" in _codes(made)) is (made.nominal.day != handover.day)
    assert ("LATER_THAN_PROMISED" in _codes(made)) is (made.due > made.nominal)
    assert _codes(made)[0] == "DAY_ZERO"
    assert _codes(made)[-1] == "OVERDUE_FROM"


@given(hard_days, hard_days, st.integers(1, 60))
def test_a_later_handover_never_makes_an_earlier_date(one: date, other: date, count: int) -> None:
    first, last = sorted((one, other))
    for rule in WorkingDayRule:
        checkpoint = Checkpoint("c", Kind.AFTER, count, rule)
        assert _one(first, checkpoint).due <= _one(last, checkpoint).due


@given(st.integers(0, 30 * 365 * 86400))
def test_the_local_date_of_any_instant(seconds: int) -> None:
    instant = datetime(2010, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)
    assert local_date(instant, ZONE) == oracle.copenhagen_date(instant)


@pytest.mark.parametrize("year", range(2010, 2040))
@pytest.mark.parametrize("month", [3, 10])
def test_the_local_date_around_change_nights(year: int, month: int) -> None:
    start = datetime(year, month, 24, 12, tzinfo=UTC)
    for minutes in range(0, 8 * 24 * 60, 15):
        instant = start + timedelta(minutes=minutes)
        assert local_date(instant, ZONE) == oracle.copenhagen_date(instant)


def test_the_reference_case() -> None:
    made = deadlines(
        date(2025, 8, 28),
        [
            Checkpoint("3", Kind.WITHIN, 3),
            Checkpoint("10", Kind.AFTER, 10),
            Checkpoint("24", Kind.WITHIN, 24),
        ],
        CALENDAR,
        ZONE,
    )
    assert [(each.nominal, each.due) for each in made] == [
        (date(2025, 11, 28), date(2025, 11, 28)),
        (date(2026, 6, 28), date(2026, 6, 29)),
        (date(2027, 8, 28), date(2027, 8, 30)),
    ]
    assert [each.opens for each in made] == [date(2025, 8, 28), date(2026, 6, 28), date(2025, 8, 28)]
    assert _codes(made[1]) == [
        "DAY_ZERO",
        "COUNTED",
        "NOT_A_WORKING_DAY",
        "MOVED_FORWARD",
        "COUNTS_AFTER",
        "OVERDUE_FROM",
    ]
    assert made[1].reasons[2].params == {"date": date(2026, 6, 28), "why": "SUNDAY"}
    assert "LATER_THAN_PROMISED" in _codes(made[2])


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 1, 1), DayOff.NEW_YEARS_DAY),
        (date(2026, 4, 2), DayOff.MAUNDY_THURSDAY),
        (date(2026, 4, 3), DayOff.GOOD_FRIDAY),
        (date(2026, 4, 4), DayOff.SATURDAY),
        (date(2026, 4, 5), DayOff.SUNDAY),
        (date(2026, 4, 6), DayOff.EASTER_MONDAY),
        (date(2023, 5, 5), DayOff.GREAT_PRAYER_DAY),
        (date(2024, 4, 26), None),
        (date(2026, 5, 1), None),
        (date(2026, 5, 14), DayOff.ASCENSION_DAY),
        (date(2026, 5, 15), None),
        (date(2026, 5, 25), DayOff.WHIT_MONDAY),
        (date(2026, 6, 5), DayOff.CONSTITUTION_DAY),
        (date(2026, 12, 24), DayOff.CHRISTMAS_EVE),
        (date(2026, 12, 25), DayOff.CHRISTMAS_DAY),
        (date(2025, 12, 26), DayOff.SECOND_DAY_OF_CHRISTMAS),
        (date(2026, 12, 31), DayOff.NEW_YEARS_EVE),
        # 1 May stays a working day where the library lists it, and Constitution Day where it is Whit Monday.
        (date(2017, 6, 5), DayOff.WHIT_MONDAY),
    ],
)
def test_days_off_by_name(day: date, why: DayOff | None) -> None:
    assert CALENDAR.day_off(day) == why


def test_every_holiday_of_the_library_has_a_name_of_ours() -> None:
    first, last = DanishCalendar.FIRST, DanishCalendar.LAST
    every = {CALENDAR.day_off(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    assert every == {None, *DayOff} - {DayOff.OTHER_HOLIDAY}


def test_the_calendar_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "uk")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    assert DanishCalendar().day_off(date(2026, 4, 3)) is DayOff.GOOD_FRIDAY


def test_christmas_back_and_forward() -> None:
    # 24 to 27 December 2026 are off, from Thursday to Sunday.
    for rule, due in (
        (WorkingDayRule.BACK, date(2026, 12, 23)),
        (WorkingDayRule.FORWARD, date(2026, 12, 28)),
    ):
        assert moved_date(date(2026, 12, 25), rule, CALENDAR)[0] == due


def test_after_moved_back_says_that_it_comes_early() -> None:
    made = _one(date(2025, 8, 28), Checkpoint("c", Kind.AFTER, 10, WorkingDayRule.BACK))
    assert (made.due, made.opens) == (date(2026, 6, 26), date(2026, 6, 26))
    assert "EARLIER_THAN_PROMISED" in _codes(made)


@pytest.mark.parametrize(
    ("handover", "count", "nominal"),
    [
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2025, 8, 31), 3, date(2025, 11, 30)),
        # Counted from the handover, not from the month before: 31 January leads back to a 31st.
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
    ],
)
def test_clipping(handover: date, count: int, nominal: date) -> None:
    assert nominal_date(handover, count) == nominal


def test_the_calendars_end_is_refused() -> None:
    for handover, count in ((date(2100, 12, 1), 1), (date(2007, 11, 1), 1), (date(2100, 11, 30), 1)):
        if (handover, count) == (date(2100, 11, 30), 1):
            assert _one(handover, Checkpoint("c", Kind.WITHIN, count)).due == date(2100, 12, 30)
            continue
        with pytest.raises(Infeasible) as caught:
            _one(handover, Checkpoint("c", Kind.WITHIN, count))
        assert caught.value.reasons[0].code == "CALENDAR_ENDS"
    # 31 December 2100 is off, and the next working day is beyond.
    with pytest.raises(Infeasible):
        _one(date(2100, 10, 31), Checkpoint("c", Kind.WITHIN, 2))


def test_past_the_last_year_there_is() -> None:
    with pytest.raises(Infeasible) as caught:
        nominal_date(date(9999, 12, 1), 1)
    assert caught.value.reasons[0].code == "DATE_TOO_FAR"


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        local_date(datetime(2026, 1, 1), ZONE)  # noqa: DTZ001 - the fault under test
    assert caught.value.reasons[0].code == "INSTANT_WITHOUT_OFFSET"
