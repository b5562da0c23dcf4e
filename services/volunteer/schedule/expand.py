"""A series becomes slots: expanded in local time, stored in UTC.

A weekly 16:00 stays at 16:00 on the wall after clocks change (RFC 5545, section 3.3.10; the rule is worked
out by python-dateutil on local times). A local time that a change night skips or repeats means what RFC 5545,
section 3.3.5, says: the offset before the change, so 02:30 is 03:30 in March and the first 02:30 in October.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, takewhile

from services.volunteer.schedule.errors import BadInput, Parameter, Reason
from services.volunteer.schedule.recurrence import faults as rule_faults
from services.volunteer.schedule.recurrence import recurrence
from services.volunteer.schedule.types import Change, Series, Slot

MAX_SLOTS = 5_000
_DAY = timedelta(days=1)


def expand(series: Series, first: date, last: date) -> tuple[Slot, ...]:
    """The slots that the rule places on the dates `first` … `last`, both included, cancelled ones too.

    A changed slot counts where the rule has it, wherever it was moved. Raises BadInput with every fault of
    the series, or when there are more than MAX_SLOTS.
    """
    _check(series)
    dates = _dates(series, last)
    unknown = sorted(set(series.changes) - set(dates)) if series.changes else []
    faults = [
        Reason("CHANGE_WITHOUT_SLOT", {"series": series.id, "date": day}) for day in unknown if day <= last
    ]
    shown = [day for day in dates if day >= first]
    slots = []
    for day in shown:
        slot = _slot(series, day)
        if slot.length <= timedelta(0) and slot.cancelled:
            slot = replace(slot, end=slot.start)
        elif slot.length <= timedelta(0):
            faults.append(Reason("SLOT_WITHOUT_TIME", {"series": series.id, "date": day}))
        slots.append(slot)
    if faults:
        raise BadInput(faults)
    return tuple(slots)


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """A local time without offset as the instant that RFC 5545 means by it."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _slot(series: Series, day: date) -> Slot:
    shift = day - series.start.date()
    change = series.changes.get(day)
    # Without a change a slot has the series' sequence; either number only ever grows, so the sum does too.
    changed = change or Change(sequence=0)
    start = changed.start or series.start + shift
    end = changed.end or (
        series.end + shift if changed.start is None else start + (series.end - series.start)
    )
    capacity = series.capacity if changed.capacity is None else changed.capacity
    notes = [note for local in (start, end) for note in _notes(local, series.zone)]
    return Slot(
        series.id,
        day,
        to_utc(start, series.zone),
        to_utc(end, series.zone),
        series.zone,
        capacity,
        series.sequence + changed.sequence,
        changed.cancelled,
        tuple(notes),
    )


def _notes(local: datetime, zone: tzinfo) -> list[Reason]:
    instant = to_utc(local, zone)
    params: dict[str, Parameter] = {"date": local.date(), "time": local.strftime("%H:%M")}
    shown = instant.astimezone(zone)
    if shown.replace(tzinfo=None) != local:
        return [Reason("TIME_SKIPPED", {**params, "instead": shown.strftime("%H:%M")})]
    if local.replace(tzinfo=zone, fold=1).astimezone(UTC) != instant:
        return [Reason("TIME_TWICE", params)]
    return []


def _dates(series: Series, last: date) -> list[date]:
    """The dates on which the rule places occurrences, up to `last`."""
    end = datetime.combine(last, time.max)
    if not series.rule:
        return [series.start.date()] if series.start <= end else []
    rule = recurrence(series.id, series.start, series.rule, series.zone)
    until_last = takewhile(lambda each: each <= end, rule)
    within = [each.date() for each in islice(until_last, MAX_SLOTS + 1)]
    if len(within) > MAX_SLOTS:
        raise BadInput([Reason("TOO_MANY_SLOTS", {"series": series.id, "most": MAX_SLOTS})])
    return within


def _check(series: Series) -> None:
    faults = []
    name: dict[str, Parameter] = {"series": series.id}
    if not series.id or not all(
        letter.isascii() and (letter.isalnum() or letter in "._-") for letter in series.id
    ):
        faults.append(Reason("BAD_SERIES_ID", name))
    if series.capacity < 0 or any((change.capacity or 0) < 0 for change in series.changes.values()):
        faults.append(Reason("NEGATIVE_CAPACITY", name))
    if series.sequence < 0 or any(change.sequence < 1 for change in series.changes.values()):
        faults.append(Reason("BAD_SEQUENCE", name))
    times = [series.start, series.end]
    times += [each for change in series.changes.values() for each in (change.start, change.end) if each]
    if any(each.tzinfo is not None for each in times):
        faults.append(Reason("LOCAL_TIME_EXPECTED", name))
        raise BadInput(faults)
    if not timedelta(0) < series.end - series.start <= _DAY:
        faults.append(Reason("BAD_LENGTH", {**name, "date": series.start.date()}))
    for day, change in series.changes.items():
        if change.start is None and change.end is None:
            continue
        start = change.start or datetime.combine(day, series.start.time())
        end = change.end or start + (series.end - series.start)
        if not timedelta(0) < end - start <= _DAY:
            faults.append(Reason("BAD_LENGTH", {**name, "date": day}))
    if series.rule:
        faults += rule_faults(series.id, series.rule)
    if faults:
        raise BadInput(faults)
