"""Slots as an iCalendar file (RFC 5545), by the library `icalendar`.

An event keeps its UID through every change, SEQUENCE grows with each, and a cancelled slot stays with
STATUS:CANCELLED, since calendars that subscribe never notice what has vanished. Nobody's name is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

from services.volunteer.schedule.errors import BadInput, Reason
from services.volunteer.schedule.types import Slot

_YEAR = timedelta(days=366)
PRODUCT = "-//Borgerting//Schedule//EN"


def feed(slots: Iterable[Slot], *, domain: str, stamp: datetime, titles: Mapping[str, str]) -> bytes:
    """The slots as one VCALENDAR: CRLF, lines of at most 75 octets, VTIMEZONE for every zone used.

    `domain` (example.org) makes UIDs worldwide unique; `stamp`: when the feed was made; `titles`: series
    id → public title (the id where there is none). Raises BadInput for a domain that is none, a stamp
    without an offset, or a zone that has no IANA name (`ZoneInfo.key`).
    """
    if not domain.isascii() or not all(part.replace("-", "").isalnum() for part in domain.split(".")):
        raise BadInput([Reason("BAD_DOMAIN", {"domain": domain})])
    if stamp.utcoffset() is None:
        raise BadInput([Reason("INSTANT_WITHOUT_OFFSET", {"shift": "DTSTAMP"})])
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    listed = sorted(slots, key=lambda slot: (slot.start, slot.series, slot.on))
    zones: dict[str, tzinfo] = {}
    for slot in listed:
        name = str(getattr(slot.zone, "key", ""))
        if not name:
            raise BadInput([Reason("ZONE_WITHOUT_NAME", {"slot": slot.id})])
        if name != "UTC":
            zones[name] = slot.zone
        event = Event()
        event.add("uid", f"{slot.series}-{slot.on:%Y%m%d}@{domain}")
        event.add("sequence", slot.sequence)
        event.add("dtstamp", stamp.astimezone(UTC))
        event.add("dtstart", slot.start.astimezone(slot.zone))
        event.add("dtend", slot.end.astimezone(slot.zone))
        event.add("summary", titles.get(slot.series, slot.series))
        event.add("status", "CANCELLED" if slot.cancelled else "CONFIRMED")
        calendar.add_component(event)
    for name, zone in sorted(zones.items()):
        calendar.add_component(_timezone(name, zone, listed))
    return bytes(calendar.to_ical())


def _timezone(name: str, zone: tzinfo, slots: Sequence[Slot]) -> Timezone:
    """A VTIMEZONE with every change of the clock from a year before the slots to a year after.

    Made here: the library's own (7.3) writes the onset of summer time in the new offset where RFC 5545,
    section 3.6.5, has the old one (TZOFFSETFROM), so that a strict reader begins it an hour late.
    """
    begin = min(slot.start for slot in slots) - _YEAR
    end = max(slot.end for slot in slots) + _YEAR
    made = Timezone()
    made.add("tzid", name)
    made.add_component(_observance(begin, zone, begin))
    for onset in _changes(begin, end, zone):
        made.add_component(_observance(onset, zone, onset - timedelta(seconds=1)))
    return made


def _changes(begin: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The instants at which the zone's offset changes, to the second."""
    before = begin
    while before < end:
        after = before + timedelta(days=1)
        if _offset(before, zone) != _offset(after, zone):
            low, high = before, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (
                    (middle, high) if _offset(middle, zone) == _offset(before, zone) else (low, middle)
                )
            yield high
        before = after


def _observance(onset: datetime, zone: tzinfo, before: datetime) -> TimezoneStandard | TimezoneDaylight:
    local = onset.astimezone(zone)
    made = TimezoneDaylight() if local.dst() else TimezoneStandard()
    made.add("dtstart", (onset + _offset(before, zone)).replace(tzinfo=None))
    made.add("tzname", local.tzname() or "")
    made.add("tzoffsetfrom", _offset(before, zone))
    made.add("tzoffsetto", _offset(onset, zone))
    return made


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)
