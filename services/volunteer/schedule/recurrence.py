"""RRULE values: what RFC 5545, section 3.3.10, allows of them, and the rule that python-dateutil works out.

Narrower than the RFC by choice: a FREQ of DAILY to YEARLY and no times of day, so that a date names an
occurrence. What python-dateutil would pass over in silence (BYMONTHDAY=99, a second Tuesday of a week) is
refused.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo

from dateutil.rrule import rrule, rrulestr

from services.volunteer.schedule.errors import BadInput, Parameter, Reason

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
# Part → the frequencies that may have it, and the largest of its numbers (0: no numbers).
_PARTS: dict[str, tuple[tuple[str, ...], int]] = {
    "FREQ": (FREQUENCIES, 0),
    "INTERVAL": (FREQUENCIES, 9_999),
    "COUNT": (FREQUENCIES, 99_999),
    "UNTIL": (FREQUENCIES, 0),
    "WKST": (FREQUENCIES, 0),
    "BYDAY": (FREQUENCIES, 0),
    "BYMONTH": (FREQUENCIES, 12),
    "BYMONTHDAY": (("DAILY", "MONTHLY", "YEARLY"), 31),
    "BYSETPOS": (("WEEKLY", "MONTHLY", "YEARLY"), 366),
    "BYWEEKNO": (("YEARLY",), 53),
    "BYYEARDAY": (("YEARLY",), 366),
}
_FROM_THE_END = ("BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY")
_DAY = re.compile(r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def faults(series: str, text: str) -> list[Reason]:
    """What is wrong with an RRULE value by its form."""
    name: dict[str, Parameter] = {"series": series}
    found = []
    parts = [part.partition("=") for part in text.upper().split(";")]
    keys = [key for key, _, _ in parts]
    frequency = {key: value for key, _, value in parts}.get("FREQ", "")
    if frequency not in FREQUENCIES:
        found.append(Reason("BAD_FREQUENCY", {**name, "known": ", ".join(FREQUENCIES)}))
        frequency = "YEARLY"
    wrong = {key for key in keys if keys.count(key) > 1 or frequency not in _PARTS.get(key, ((), 0))[0]}
    found += [Reason("BAD_RULE_PART", {**name, "part": key}) for key in sorted(wrong)]
    if {"COUNT", "UNTIL"} <= set(keys):
        found.append(Reason("COUNT_AND_UNTIL", name))
    if any(key not in wrong and not _sound(key, value, frequency) for key, _, value in parts):
        found.append(Reason("BAD_RULE", {**name, "rule": text}))
    return found


def _sound(key: str, value: str, frequency: str) -> bool:
    most = _PARTS[key][1]
    if key == "BYDAY":
        days = [_DAY.fullmatch(day) for day in value.split(",")]
        counted = frequency in ("MONTHLY", "YEARLY")
        return all(day is not None and (counted or not day[1]) for day in days)
    if not most:
        return True
    sign = "-?" if key in _FROM_THE_END else ""
    several = key.startswith("BY")
    numbers = value.split(",")
    return (several or len(numbers) == 1) and all(
        re.fullmatch(rf"{sign}[1-9][0-9]{{0,4}}", number) is not None and abs(int(number)) <= most
        for number in numbers
    )


def recurrence(series: str, start: datetime, text: str, zone: tzinfo) -> rrule:
    """The rule, in local time from `start`, of a value without `faults`.

    Raises BadInput if it cannot be worked out after all, or if it places nothing at `start`: RFC 5545 leaves
    open what COUNT means then.
    """
    parts = [
        part if not part.upper().startswith("UNTIL=") else f"UNTIL={_until(part[6:], zone)}"
        for part in text.split(";")
    ]
    try:
        rule = rrulestr(";".join(parts), dtstart=start)
        assert isinstance(rule, rrule)  # noqa: S101 - one RRULE without RDATE or EXDATE is never a set
        begun = next(iter(rule), None) if _ever(text) else None
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        raise BadInput([Reason("BAD_RULE", {"series": series, "rule": text})]) from None
    if begun != start:
        first: Parameter = "-" if begun is None else begun.date()
        params: dict[str, Parameter] = {"series": series, "start": start.date(), "first": first}
        raise BadInput([Reason("START_NOT_IN_RULE", params)])
    return rule


def _ever(text: str) -> bool:
    """False for days that no month has (30 February), for which a search would go on to the year 9999."""
    parts = {key: value for key, _, value in (part.partition("=") for part in text.upper().split(";"))}
    months = [int(number) for number in parts.get("BYMONTH", "1").split(",")]
    days = [abs(int(number)) for number in parts.get("BYMONTHDAY", "1").split(",")]
    return any(day <= _LENGTHS[month - 1] for month in months for day in days)


def _until(text: str, zone: tzinfo) -> str:
    """UNTIL as a local time: a bare date includes that whole day, an instant in UTC becomes local."""
    try:
        if len(text) == 8:
            moment = datetime.combine(date.fromisoformat(text), time(23, 59, 59))
        elif text.upper().endswith("Z"):
            instant = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
            moment = instant.astimezone(zone).replace(tzinfo=None)
        else:
            moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return text
    return moment.strftime("%Y%m%dT%H%M%S")
