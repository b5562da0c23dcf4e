"""Independent of the engine and its libraries: summer time by the European Union's rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def _last_sunday(year: int, month: int) -> date:
    return max(d for n in range(25, 32) if (d := date(year, month, n)).isoweekday() == 7)


def offset(instant: datetime) -> timedelta:
    """Denmark's: two hours from the last Sunday of March 01:00 UTC to October's, else one."""
    start, end = (
        datetime(instant.year, m, _last_sunday(instant.year, m).day, 1, tzinfo=UTC) for m in (3, 10)
    )
    return timedelta(hours=2 if start <= instant < end else 1)


def local(instant: datetime) -> datetime:
    """The time on the wall, without an offset."""
    moment = instant.astimezone(UTC)
    return (moment + offset(moment)).replace(tzinfo=None)


def instant_of(wall: datetime) -> datetime:
    """The first instant at which the wall shows this time; for a skipped one the offset before the change."""
    for hours in (2, 1):
        instant = (wall - timedelta(hours=hours)).replace(tzinfo=UTC)
        if local(instant) == wall:
            return instant
    return (wall - timedelta(hours=1)).replace(tzinfo=UTC)
