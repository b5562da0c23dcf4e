"""An independent calendar: days are walked one by one, Easter and summer time come from their own rules.

Shares no code and no library with the engine.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)


def easter(year: int) -> date:
    """The anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    step = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * step) // 451
    month, day = divmod(h + step - 7 * m + 114, 31)
    return date(year, month, day + 1)


def works(day: date) -> bool:
    """Does a Danish municipality work on this day?"""
    if day.isoweekday() > 5 or (day.month, day.day) in {
        (1, 1),
        (6, 5),
        (12, 24),
        (12, 25),
        (12, 26),
        (12, 31),
    }:
        return False
    after_easter = (day - easter(day.year)).days
    moving = {-3, -2, 0, 1, 39, 49, 50} | ({26} if day.year <= 2023 else set())
    return after_easter not in moving


def months_later(day: date, months: int) -> date:
    """Walks month by month to the wanted one, then back from its 31st until the day is no later than ours."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for number in range(31, 0, -1):
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if number <= day.day:
            return found
    raise AssertionError


def moved(day: date, step: int) -> date:
    """The nearest working day at or after (+1), or at or before (-1); 0 leaves the day."""
    while step and not works(day):
        day += step * DAY
    return day


def _last_sunday(year: int, month: int) -> date:
    return max(d for n in range(25, 32) if (d := date(year, month, n)).isoweekday() == 7)


def copenhagen_date(instant: datetime) -> date:
    """By the European Union's rule: +2 h from the last Sunday of March 01:00 UTC to October's, else +1 h."""
    moment = instant.astimezone(UTC)
    start, end = (
        datetime(moment.year, month, _last_sunday(moment.year, month).day, 1, tzinfo=UTC) for month in (3, 10)
    )
    return (moment + timedelta(hours=2 if start <= moment < end else 1)).date()
