"""Appointments as an iCalendar file, by the schedule engine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.volunteer.app.calendar import Appointment

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def calendar_of(appointments: Sequence[Appointment], host: str, stamp: datetime) -> bytes:
    """`host` makes the events' ids unique in the world; where it is no name, a constant does."""
    # An engine is imported when it is first used: icalendar takes long to load.
    from services.volunteer.schedule import ics
    from services.volunteer.schedule.types import Slot

    slots = [
        Slot(
            series=str(each.slot.id),
            on=each.slot.start.astimezone(ZoneInfo(each.slot.time_zone)).date(),
            start=each.slot.start,
            end=each.slot.end,
            zone=ZoneInfo(each.slot.time_zone),
            capacity=each.slot.capacity,
            sequence=each.sequence,
            cancelled=each.cancelled,
        )
        for each in appointments
    ]
    titles = {str(each.slot.id): each.title for each in appointments}
    domain = host.lower() if _DOMAIN.fullmatch(host.lower()) else "borgerting.invalid"
    return ics.feed(slots, domain=domain, stamp=stamp, titles=titles)
