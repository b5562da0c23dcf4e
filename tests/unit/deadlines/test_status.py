"""Overdue from the day after, extensions beside the original, bad input with every fault named."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.followup.deadlines.calendar import DanishCalendar
from services.followup.deadlines.dates import deadlines
from services.followup.deadlines.errors import BadInput
from services.followup.deadlines.status import status
from services.followup.deadlines.types import Checkpoint, Deadline, Extension, Kind, State, WorkingDayRule

ZONE = ZoneInfo("Europe/Copenhagen")
CALENDAR = DanishCalendar()
HANDOVER = date(2025, 8, 28)
THREE = Checkpoint("3", Kind.WITHIN, 3)
TEN = Checkpoint("10", Kind.AFTER, 10)
MORE = Extension("3", date(2026, 1, 31), datetime(2025, 12, 10, 9, tzinfo=UTC), "council", "budget talks")


def _one(checkpoint: Checkpoint, *extensions: Extension) -> Deadline:
    (made,) = deadlines(HANDOVER, [checkpoint], CALENDAR, ZONE, extensions)
    return made


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "state", "days"),
    [
        ("2025-08-27T21:59:59Z", State.NOT_YET_OPEN, 93),
        ("2025-08-28T10:00:00Z", State.OPEN, 92),
        # Winter time: local midnight is 23:00 UTC.
        ("2025-11-27T22:59:59Z", State.OPEN, 1),
        ("2025-11-27T23:00:00Z", State.DUE_TODAY, 0),
        ("2025-11-28T22:59:59Z", State.DUE_TODAY, 0),
        ("2025-11-28T23:00:00Z", State.OVERDUE, 1),
        ("2025-11-29T00:30:00+02:00", State.DUE_TODAY, 0),
    ],
)
def test_overdue_begins_at_the_local_midnight_after(now: str, state: State, days: int) -> None:
    found = status(_one(THREE), _at(now), ZONE)
    assert (found.state, found.days) == (state, days)
    assert found.reasons[0].code == f"STATE_{state.value}"


def test_another_zone_has_other_midnights() -> None:
    nuuk = ZoneInfo("America/Nuuk")
    (made,) = deadlines(HANDOVER, [THREE], CALENDAR, nuuk)
    assert status(made, _at("2025-11-28T23:00:00Z"), nuuk).state is State.DUE_TODAY


def test_after_opens_with_the_nominal_day() -> None:
    made = _one(TEN)
    assert status(made, _at("2026-06-27T12:00Z"), ZONE).state is State.NOT_YET_OPEN
    assert status(made, _at("2026-06-28T12:00Z"), ZONE).state is State.OPEN
    early = status(made, _at("2026-06-30T12:00Z"), ZONE, _at("2026-06-27T12:00Z"))
    assert (early.state, early.reasons[0].code) == (State.OVERDUE, "ANSWER_TOO_EARLY")
    assert (
        status(made, _at("2026-07-30T12:00Z"), ZONE, _at("2026-06-28T12:00Z")).state is State.ANSWERED_IN_TIME
    )


def test_an_extension_stands_beside_the_original_and_does_not_reach_back() -> None:
    made = _one(THREE, MORE)
    assert (made.due, made.overdue_from) == (date(2025, 11, 28), date(2025, 11, 29))
    # 31 January 2026 is a Saturday.
    assert (made.extensions[0].until, made.extensions[0].due) == (date(2026, 1, 31), date(2026, 2, 2))
    before, on = (status(made, _at(f"2025-12-{day}T12:00Z"), ZONE) for day in ("09", "10"))
    assert (before.state, before.due, before.days) == (State.OVERDUE, date(2025, 11, 28), 11)
    assert (on.state, on.due) == (State.OPEN, date(2026, 2, 2))
    assert on.reasons[-1].code == "ORIGINAL_DUE"
    late = status(made, _at("2026-03-01T12:00Z"), ZONE, _at("2025-12-01T12:00Z"))
    assert (late.state, late.days, late.due) == (State.ANSWERED_LATE, 3, date(2025, 11, 28))
    in_time = status(made, _at("2026-03-01T12:00Z"), ZONE, _at("2026-02-02T22:59Z"))
    assert (in_time.state, in_time.due) == (State.ANSWERED_IN_TIME, date(2026, 2, 2))
    assert status(made, _at("2026-02-02T23:00Z"), ZONE).state is State.OVERDUE


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 30)), max_size=5), st.integers(-10, 600))
def test_extensions_never_change_the_original(steps: list[tuple[int, int]], after: int) -> None:
    until, granted, extensions = date(2025, 11, 28), datetime(2025, 9, 1, tzinfo=UTC), []
    for days, later in steps:
        # 8 days are more than any run of days off can move a date.
        until, granted = until + timedelta(days=days + 8), granted + timedelta(days=later)
        extensions.append(Extension("3", until, granted, "council", "time"))
    made = _one(THREE, *extensions)
    plain = _one(THREE)
    assert dataclasses.replace(made, extensions=()) == plain
    assert [each.extension for each in made.extensions] == extensions
    now = datetime(2025, 8, 28, 12, tzinfo=UTC) + timedelta(days=after)
    held = [each.due for each in made.extensions if each.extension.granted.date() <= now.date()]
    assert status(made, now, ZONE).due == max([plain.due, *held])


@pytest.mark.parametrize(
    ("checkpoints", "extensions", "codes"),
    [
        ([], [], ["NO_CHECKPOINTS"]),
        ([dataclasses.replace(THREE, id="")], [], ["BAD_CHECKPOINT_ID"]),
        ([dataclasses.replace(THREE, id="a\n")], [], ["BAD_CHECKPOINT_ID"]),
        ([THREE, THREE], [], ["DUPLICATE_CHECKPOINT"]),
        ([dataclasses.replace(THREE, months=0)], [], ["MONTHS_OUT_OF_RANGE"]),
        ([dataclasses.replace(THREE, months=601)], [], ["MONTHS_OUT_OF_RANGE"]),
        ([TEN], [MORE], ["UNKNOWN_CHECKPOINT"]),
        ([THREE], [dataclasses.replace(MORE, why=" ")], ["EXTENSION_UNEXPLAINED"]),
        ([THREE], [dataclasses.replace(MORE, by="")], ["EXTENSION_UNEXPLAINED"]),
        ([THREE], [dataclasses.replace(MORE, until=date(2025, 11, 28))], ["EXTENSION_NOT_LATER"]),
        (
            [THREE],
            [MORE, dataclasses.replace(MORE, granted=MORE.granted + timedelta(1))],
            ["EXTENSION_NOT_LATER"],
        ),
        (
            [THREE],
            [dataclasses.replace(MORE, granted=datetime(2025, 8, 27, 12, tzinfo=UTC))],
            ["EXTENSION_BEFORE_HANDOVER"],
        ),
        (
            [THREE],
            [dataclasses.replace(MORE, granted=datetime(2025, 12, 10))],  # noqa: DTZ001 - the fault under test
            ["INSTANT_WITHOUT_OFFSET"],
        ),
        (
            [dataclasses.replace(THREE, months=0), TEN, TEN],
            [dataclasses.replace(MORE, checkpoint="x")],
            ["DUPLICATE_CHECKPOINT", "MONTHS_OUT_OF_RANGE", "UNKNOWN_CHECKPOINT"],
        ),
    ],
)
def test_each_fault_and_all_at_once(
    checkpoints: list[Checkpoint], extensions: list[Extension], codes: list[str]
) -> None:
    with pytest.raises(BadInput) as caught:
        deadlines(HANDOVER, checkpoints, CALENDAR, ZONE, extensions)
    assert sorted(reason.code for reason in caught.value.reasons) == codes


def test_an_answer_from_the_future_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        status(_one(THREE), _at("2025-10-01T12:00Z"), ZONE, _at("2025-10-02T12:00Z"))
    assert caught.value.reasons[0].code == "ANSWER_IN_FUTURE"


def test_a_rule_of_none_keeps_an_extensions_date_too() -> None:
    made = _one(dataclasses.replace(THREE, rule=WorkingDayRule.NONE), MORE)
    assert made.extensions[0].due == date(2026, 1, 31)
