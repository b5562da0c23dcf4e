"""The calendar file, read back by python-dateutil (time zones) and by RFC 5545's own rules for lines."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from services.volunteer.schedule.errors import BadInput
from services.volunteer.schedule.expand import expand
from services.volunteer.schedule.ics import feed
from services.volunteer.schedule.types import Change, Series, Slot

# Series speak local time: datetimes without an offset are what they take.
# ruff: noqa: DTZ001
STAMP = datetime(2026, 1, 1, tzinfo=UTC)


def _slots(zone: str, start: datetime, hours: float = 2) -> tuple[Slot, ...]:
    series = Series(
        "reading",
        start,
        start + timedelta(hours=hours),
        ZoneInfo(zone),
        "FREQ=WEEKLY;COUNT=40",
        changes={start.date() + timedelta(days=7): Change(cancelled=True, sequence=3)},
    )
    return expand(series, date(2000, 1, 1), date(2100, 1, 1))


def _feed(slots: tuple[Slot, ...], summary: str = "Reading") -> bytes:
    return feed(slots, domain="example.org", stamp=STAMP, titles={"reading": summary})


def _events(content: bytes) -> list[dict[str, str]]:
    """Unfolded and split by the RFC's grammar, without the library that wrote it."""
    text = re.sub(r"\r\n[ \t]", "", content.decode())
    return [
        dict(line.split(":", 1) for line in block.split("\r\n") if line)
        for block in re.findall(r"BEGIN:VEVENT\r\n(.*?)END:VEVENT", text, re.S)
    ]


def _instant(event: dict[str, str], name: str, content: bytes) -> datetime:
    ((key, value),) = [item for item in event.items() if item[0].startswith(name)]
    if value.endswith("Z"):
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    text = re.sub(r"\r\n[ \t]", "", content.decode())
    zone = tzical(io.StringIO(text)).get(key.partition("TZID=")[2])
    return datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC)


starts = st.builds(
    lambda day, quarter: datetime(2024, 1, 1) + timedelta(days=day, minutes=15 * quarter),
    st.integers(0, 1500),
    st.integers(0, 95),
)


@settings(max_examples=30)
@given(
    starts, st.sampled_from(["Europe/Copenhagen", "America/Nuuk", "Atlantic/Faroe", "UTC", "Asia/Kolkata"])
)
def test_a_second_library_reads_the_same_instants(start: datetime, zone: str) -> None:
    slots = _slots(zone, start)
    content = _feed(slots)
    events = _events(content)
    assert len(events) == len(slots) == 40
    for slot, event in zip(slots, events, strict=True):
        assert (_instant(event, "DTSTART", content), _instant(event, "DTEND", content)) == (
            slot.start,
            slot.end,
        )


def test_clocks_change_when_they_do_read_strictly() -> None:
    """Onsets are local times in the offset before the change (RFC 5545, section 3.6.5)."""
    text = _feed(_slots("Europe/Copenhagen", datetime(2026, 3, 29, 3, 15), 1)).decode()
    onsets = []
    for block in re.findall(r"BEGIN:(?:STANDARD|DAYLIGHT)\r\n(.*?)END:", text, re.S):
        values = dict(line.split(":", 1) for line in block.split("\r\n") if line)
        onset = datetime.strptime(values["DTSTART"] + values["TZOFFSETFROM"], "%Y%m%dT%H%M%S%z")
        onsets.append((onset.astimezone(UTC), values["TZOFFSETTO"]))
    changes = [each for each in onsets if date(2026, 1, 1) <= each[0].date() < date(2027, 9, 1)]
    assert changes == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), "+0200"),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), "+0100"),
        (datetime(2027, 3, 28, 1, tzinfo=UTC), "+0200"),
    ]


def test_identity_sequence_and_cancellation() -> None:
    slots = _slots("Europe/Copenhagen", datetime(2026, 3, 3, 16))
    events = _events(_feed(slots))
    assert [event["UID"] for event in events[:2]] == [
        "reading-20260303@example.org",
        "reading-20260310@example.org",
    ]
    assert [(event["STATUS"], event["SEQUENCE"]) for event in events[:3]] == [
        ("CONFIRMED", "0"),
        ("CANCELLED", "3"),
        ("CONFIRMED", "0"),
    ]
    assert _feed(slots) == _feed(tuple(reversed(slots)))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=200))
def test_lines_are_short_and_end_as_they_must(summary: str) -> None:
    content = _feed(_slots("Europe/Copenhagen", datetime(2026, 3, 3, 16))[:1], summary)
    assert content.endswith(b"END:VCALENDAR\r\n")
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    (event,) = _events(content)
    assert re.sub(r"\\([\\;,])", r"\1", event["SUMMARY"]) == summary


def test_a_title_cannot_write_lines_of_its_own() -> None:
    (event,) = _events(_feed(_slots("UTC", datetime(2026, 3, 3, 16))[:1], "a\r\nSTATUS:CANCELLED"))
    assert (event["STATUS"], event["SUMMARY"]) == ("CONFIRMED", r"a\nSTATUS:CANCELLED")


def test_an_empty_feed_is_a_calendar() -> None:
    assert _events(_feed(())) == []


def test_bad_input() -> None:
    slots = _slots("UTC", datetime(2026, 3, 3, 16))[:1]
    series = Series("x", datetime(2026, 3, 3, 16), datetime(2026, 3, 3, 17), timezone(timedelta(hours=1)))
    unnamed = expand(series, date(2026, 1, 1), date(2027, 1, 1))
    for given_slots, domain, stamp, code in (
        (slots, "not a domain", STAMP, "BAD_DOMAIN"),
        (slots, "", STAMP, "BAD_DOMAIN"),
        (slots, "example.org", STAMP.replace(tzinfo=None), "INSTANT_WITHOUT_OFFSET"),
        (unnamed, "example.org", STAMP, "ZONE_WITHOUT_NAME"),
    ):
        with pytest.raises(BadInput) as caught:
            feed(given_slots, domain=domain, stamp=stamp, titles={})
        assert [reason.code for reason in caught.value.reasons] == [code]
