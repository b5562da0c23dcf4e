"""The clock that BORGERTING_CLOCK asks for: a scenario's, or the machine's."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

from chassis.clock import Clock, FixedClock, SystemClock

_DURATION = re.compile(
    r"(?P<sign>[+-])P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def parse_clock(text: str, system: Clock) -> Clock:
    """The clock that BORGERTING_CLOCK asks for; "" is the machine's.

    An ISO 8601 instant with its offset ("2027-03-01T09:00:00Z") stands still; a signed ISO 8601 duration
    ("+P3M", "-P1Y2M10DT4H") shifts the machine's clock by as much as it is from now. Raises ValueError.
    """
    if not text:
        return system
    if text[0] in "+-":
        match = _DURATION.fullmatch(text)
        if match is None or not any(value for name, value in match.groupdict().items() if name != "sign"):
            raise ValueError(f"{text!r} is no duration like +P3M or -P1DT12H")
        part = {name: int(value or 0) for name, value in match.groupdict().items() if name != "sign"}
        sign = 1 if match["sign"] == "+" else -1
        now = system.now()
        try:
            moved = _add_months(now, sign * (12 * part["years"] + part["months"])) + sign * timedelta(
                weeks=part["weeks"],
                days=part["days"],
                hours=part["hours"],
                minutes=part["minutes"],
                seconds=part["seconds"],
            )
        except (OverflowError, ValueError):
            raise ValueError(f"{text!r} leads out of the calendar") from None
        return SystemClock(moved - now)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither an instant (2027-03-01T09:00:00Z) nor a shift (+P3M)"
        ) from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} needs its offset, as 2027-03-01T09:00:00Z")
    return FixedClock(instant.astimezone(UTC))


def _add_months(instant: datetime, months: int) -> datetime:
    """The same day of another month, or its last day where it has no such day."""
    index = instant.year * 12 + instant.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise ValueError("year out of range")
    day = min(instant.day, calendar.monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)
