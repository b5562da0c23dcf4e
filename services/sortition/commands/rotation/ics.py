"""The rotations as an iCalendar file (RFC 5545), by the library `icalendar`: a day each, nobody's name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from icalendar import Calendar, Event

from services.sortition.rotation.calendar import Rotation, renewed
from services.sortition.words import Words


def calendar_ics(
    words: Words, dates: Iterable[Rotation], founding: date, cohorts: int, stamp: datetime
) -> bytes:
    """A VCALENDAR whose events keep their UID when a rotation is moved. `stamp`: when it was made, in UTC."""
    made = Calendar()
    made.add("prodid", "-//Borgerting//Rotation//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    for rotation in dates:
        event = Event()
        event.add("uid", f"rotation-{founding:%Y%m%d}-{rotation.number}@borgerting")
        event.add("dtstamp", stamp)
        event.add("dtstart", rotation.day)
        key = "rotation.event" if rotation.number else "rotation.event.founding"
        cohort = renewed(rotation.number, cohorts) if rotation.number else 0
        event.add("summary", words(key, rotation=rotation.number, cohort=cohort))
        event.add("transp", "TRANSPARENT")
        made.add_component(event)
    return bytes(made.to_ical())
