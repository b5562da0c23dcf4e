"""Series against an independent expansion: local time holds, hours are true, identity survives changes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteer.schedule.errors import BadInput
from services.volunteer.schedule.expand import MAX_SLOTS, expand
from services.volunteer.schedule.types import Change, Series, Slot
from tests.unit.schedule import oracle

ZONE = ZoneInfo("Europe/Copenhagen")
# Series speak local time: datetimes without an offset are what they take.
# ruff: noqa: DTZ001
START = datetime(2026, 3, 3, 16)
FAR = date(2040, 12, 31)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def _series(rule: str = "", start: datetime = START, hours: float = 2, **change: Any) -> Series:
    return Series("reading", start, start + timedelta(hours=hours), ZONE, rule, **change)


def _slots(series: Series, first: date = date(2000, 1, 1), last: date = FAR) -> tuple[Slot, ...]:
    return expand(series, first, last)


def _codes(series: Series) -> list[str]:
    with pytest.raises(BadInput) as caught:
        _slots(series)
    return sorted(reason.code for reason in caught.value.reasons)


starts = st.builds(
    lambda day, quarter: datetime(2016, 1, 1) + timedelta(days=day, minutes=15 * quarter),
    st.integers(0, 20 * 365),
    st.integers(0, 95),
)


@given(starts, st.integers(1, 3), st.sets(st.sampled_from(range(7))), st.integers(1, 60), st.integers(1, 96))
def test_weekly_series_agree_with_the_oracle(
    start: datetime, interval: int, days: set[int], count: int, quarters: int
) -> None:
    days = days | {start.weekday()}
    names = ",".join(WEEKDAYS[day] for day in sorted(days))
    series = _series(f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={names};COUNT={count}", start, quarters / 4)
    expected: list[tuple[datetime, datetime]] = []
    monday, day = start.date() - start.weekday() * oracle.DAY, start.date()
    while len(expected) < count:
        if day.weekday() in days and ((day - monday).days // 7) % interval == 0:
            begin = datetime.combine(day, start.time())
            expected.append(
                (oracle.instant_of(begin), oracle.instant_of(begin + timedelta(hours=quarters / 4)))
            )
        day += oracle.DAY
    if all(begin < end for begin, end in expected):
        made = _slots(series)
        assert [(slot.start, slot.end) for slot in made] == expected
        assert len({slot.id for slot in made}) == count
    else:
        assert set(_codes(series)) == {"SLOT_WITHOUT_TIME"}


@given(starts, st.integers(0, 400), st.integers(0, 400))
def test_a_window_shows_what_the_whole_series_has_there(start: datetime, before: int, length: int) -> None:
    series = _series("FREQ=DAILY;INTERVAL=3;COUNT=50", start, 12)
    first = start.date() + timedelta(days=before - 50)
    last = first + timedelta(days=length)
    assert _slots(series, first, last) == tuple(s for s in _slots(series) if first <= s.on <= last)


def test_a_weekly_afternoon_stays_in_the_afternoon() -> None:
    made = _slots(_series("FREQ=WEEKLY;COUNT=4", datetime(2026, 10, 13, 16)))
    assert [slot.start.hour for slot in made] == [14, 14, 15, 15]
    assert {oracle.local(slot.start).hour for slot in made} == {16}


@pytest.mark.parametrize(
    ("evening", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-10-25", 8), ("2026-06-01", 8)]
)
def test_a_night_shift_has_true_hours(evening: str, hours: int) -> None:
    start = datetime.fromisoformat(f"{evening}T22:00")
    assert _slots(_series("", start, 8))[0].length == timedelta(hours=hours)


def test_skipped_and_doubled_times_are_noted() -> None:
    (spring,) = _slots(_series("", datetime(2026, 3, 29, 2, 30)))
    assert spring.start == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert (spring.notes[0].code, spring.notes[0].params["instead"]) == ("TIME_SKIPPED", "03:30")
    (autumn,) = _slots(_series("", datetime(2026, 10, 25, 2, 30)))
    assert (autumn.start, autumn.length) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), timedelta(hours=3))
    assert [note.code for note in autumn.notes] == ["TIME_TWICE"]


def test_a_slot_that_a_change_night_swallows_is_refused_or_cancelled() -> None:
    series = _series("FREQ=DAILY;COUNT=3", datetime(2026, 3, 28, 2, 30), 0.5)
    assert _codes(series) == ["SLOT_WITHOUT_TIME"]
    kept = dataclasses.replace(series, changes={date(2026, 3, 29): Change(cancelled=True)})
    assert [(slot.cancelled, slot.length) for slot in _slots(kept)] == [
        (False, timedelta(minutes=30)),
        (True, timedelta(0)),
        (False, timedelta(minutes=30)),
    ]


def test_changes_keep_the_identity_and_raise_the_sequence() -> None:
    day = date(2026, 3, 10)
    plain = _slots(_series("FREQ=WEEKLY;COUNT=3"))
    moved = Change(start=datetime(2026, 3, 11, 18), capacity=5, sequence=2)
    made = _slots(_series("FREQ=WEEKLY;COUNT=3", changes={day: moved}, sequence=4, capacity=2))
    assert [slot.id for slot in made] == [slot.id for slot in plain]
    assert [slot.sequence for slot in made] == [4, 6, 4]
    assert [slot.capacity for slot in made] == [2, 5, 2]
    assert (made[1].on, made[1].start, made[1].length) == (
        day,
        datetime(2026, 3, 11, 17, tzinfo=UTC),
        timedelta(hours=2),
    )
    cancelled = _slots(_series("FREQ=WEEKLY;COUNT=3", changes={day: Change(cancelled=True)}))
    assert [slot.cancelled for slot in cancelled] == [False, True, False]
    longer = _slots(_series("FREQ=WEEKLY;COUNT=3", changes={day: Change(end=datetime(2026, 3, 10, 20))}))
    assert longer[1].length == timedelta(hours=4)


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("20260317", 3),
        ("20260317T160000", 3),
        ("20260317T155959", 2),
        ("20260317T150000Z", 3),
        ("20260317T145959Z", 2),
    ],
)
def test_until_means_local_time_or_utc(until: str, count: int) -> None:
    assert len(_slots(_series(f"FREQ=WEEKLY;UNTIL={until}"))) == count


def test_an_endless_series_ends_with_the_window() -> None:
    assert len(_slots(_series("FREQ=WEEKLY"), last=date(2026, 3, 31))) == 5
    assert _slots(_series("FREQ=WEEKLY"), last=date(2026, 3, 2)) == ()
    assert _slots(_series(), last=date(2026, 3, 2)) == ()
    assert len(_slots(_series())) == 1
    leap = _series("FREQ=YEARLY", datetime(2024, 2, 29, 9))
    assert [slot.on.year for slot in _slots(leap)] == [2024, 2028, 2032, 2036, 2040]


@pytest.mark.parametrize(
    ("series", "codes"),
    [
        (dataclasses.replace(_series(), id=""), ["BAD_SERIES_ID"]),
        (dataclasses.replace(_series(), id="a b"), ["BAD_SERIES_ID"]),
        (_series(capacity=-1), ["NEGATIVE_CAPACITY"]),
        (_series(sequence=-1), ["BAD_SEQUENCE"]),
        (_series(changes={START.date(): Change(sequence=0)}), ["BAD_SEQUENCE"]),
        (_series(changes={START.date(): Change(capacity=-1)}), ["NEGATIVE_CAPACITY"]),
        (_series(start=datetime(2026, 3, 3, tzinfo=UTC)), ["LOCAL_TIME_EXPECTED"]),
        (_series(hours=0), ["BAD_LENGTH"]),
        (_series(hours=24.25), ["BAD_LENGTH"]),
        (_series(changes={START.date(): Change(end=START)}), ["BAD_LENGTH"]),
        (_series("FREQ=HOURLY"), ["BAD_FREQUENCY"]),
        (_series("COUNT=3"), ["BAD_FREQUENCY"]),
        (_series("FREQ=DAILY;BYHOUR=9,17"), ["BAD_RULE_PART"]),
        (_series("FREQ=DAILY;COUNT=1;COUNT=2"), ["BAD_RULE_PART"]),
        (_series("FREQ=DAILY;COUNT=0"), ["BAD_RULE"]),
        (_series("FREQ=DAILY;INTERVAL=-1"), ["BAD_RULE"]),
        (_series("FREQ=DAILY;BYDAY=XX"), ["BAD_RULE"]),
        (_series("FREQ=DAILY;COUNT=²"), ["BAD_RULE"]),
        (_series("FREQ=WEEKLY;BYDAY=2TU"), ["BAD_RULE"]),
        (_series("FREQ=WEEKLY;WKST=XX"), ["BAD_RULE"]),
        (_series("FREQ=MONTHLY;BYMONTHDAY=3,99"), ["BAD_RULE"]),
        (_series("FREQ=MONTHLY;BYMONTHDAY=0"), ["BAD_RULE"]),
        (_series("FREQ=YEARLY;BYMONTH=-3"), ["BAD_RULE"]),
        (_series("FREQ=WEEKLY;INTERVAL=1,2"), ["BAD_RULE"]),
        (_series("FREQ=WEEKLY;BYMONTHDAY=3"), ["BAD_RULE_PART"]),
        (_series("FREQ=DAILY;BYSETPOS=2"), ["BAD_RULE_PART"]),
        (_series("FREQ=MONTHLY;BYWEEKNO=3"), ["BAD_RULE_PART"]),
        (_series("FREQ=WEEKLY;;COUNT=2"), ["BAD_RULE_PART"]),
        (_series("RRULE:FREQ=WEEKLY"), ["BAD_FREQUENCY", "BAD_RULE_PART"]),
        (_series("FREQ=DAILY;UNTIL=20260302"), ["START_NOT_IN_RULE"]),
        (_series("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"), ["START_NOT_IN_RULE"]),
        (_series("FREQ=DAILY;UNTIL=soon"), ["BAD_RULE"]),
        (_series("FREQ=DAILY;COUNT=2;UNTIL=20270101"), ["COUNT_AND_UNTIL"]),
        (_series("FREQ=WEEKLY;BYDAY=WE"), ["START_NOT_IN_RULE"]),
        (_series("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2"), ["START_NOT_IN_RULE"]),
        (_series("FREQ=WEEKLY;COUNT=2", changes={date(2026, 3, 4): Change()}), ["CHANGE_WITHOUT_SLOT"]),
        (_series("FREQ=DAILY"), ["TOO_MANY_SLOTS"]),
        (
            _series("FREQ=HOURLY;BYHOUR=1", hours=0, capacity=-1),
            ["BAD_FREQUENCY", "BAD_LENGTH", "BAD_RULE_PART", "NEGATIVE_CAPACITY"],
        ),
    ],
)
def test_each_fault(series: Series, codes: list[str]) -> None:
    assert _codes(series) == codes


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("FREQ=MONTHLY;BYDAY=1TU;COUNT=3", [(3, 3), (4, 7), (5, 5)]),
        ("FREQ=MONTHLY;BYMONTHDAY=3,-1;COUNT=3", [(3, 3), (3, 31), (4, 3)]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2;COUNT=3", [(3, 3), (4, 2), (5, 4)]),
        ("freq=weekly;interval=2;count=2", [(3, 3), (3, 17)]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=3", [(3, 3), (3, 15), (3, 17)]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=3", [(3, 3), (3, 8), (3, 17)]),
    ],
)
def test_rules_by_hand(rule: str, dates: list[tuple[int, int]]) -> None:
    assert [(slot.on.month, slot.on.day) for slot in _slots(_series(rule))] == dates


def test_the_most_slots_there_may_be() -> None:
    assert len(_slots(_series(f"FREQ=DAILY;COUNT={MAX_SLOTS}"))) == MAX_SLOTS
