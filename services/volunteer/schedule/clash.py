"""A person's shifts against each other: overlaps, and rest between stretches of work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

from services.volunteer.schedule.errors import BadInput, Parameter, Reason
from services.volunteer.schedule.types import Shift


@dataclass(frozen=True, slots=True)
class Stretch:
    """Work without a gap: shifts that overlap or follow each other back to back. UTC."""

    start: datetime
    end: datetime
    first: str
    last: str


def in_order(shifts: Iterable[Shift]) -> tuple[Shift, ...]:
    """The shifts in UTC, by start. Raises BadInput with every fault: a doubled id, no offset, no length,
    a pause that is negative or as long as the shift."""
    faults: list[Reason] = []
    seen: set[str] = set()
    made = []
    for shift in shifts:
        name: dict[str, Parameter] = {"shift": shift.id}
        if shift.id in seen:
            faults.append(Reason("DUPLICATE_SHIFT", name))
        seen.add(shift.id)
        if shift.start.utcoffset() is None or shift.end.utcoffset() is None:
            faults.append(Reason("INSTANT_WITHOUT_OFFSET", name))
            continue
        start, end = shift.start.astimezone(UTC), shift.end.astimezone(UTC)
        if end <= start:
            faults.append(Reason("ENDS_BEFORE_START", name))
        elif not timedelta(0) <= shift.pause < end - start:
            faults.append(Reason("BAD_PAUSE", name))
        made.append(Shift(shift.id, start, end, shift.pause))
    if faults:
        raise BadInput(faults)
    return tuple(sorted(made, key=lambda shift: (shift.start, shift.end, shift.id)))


def clashes(shifts: Iterable[Shift]) -> tuple[tuple[str, str], ...]:
    """Every pair of shifts that overlap, the earlier first. Back to back is no clash."""
    found = []
    running: list[tuple[datetime, int, str]] = []
    for number, shift in enumerate(in_order(shifts)):
        while running and running[0][0] <= shift.start:
            heappop(running)
        found += [(other, shift.id) for _, _, other in sorted(running, key=lambda each: each[1])]
        heappush(running, (shift.end, number, shift.id))
    return tuple(found)


def stretches(shifts: Iterable[Shift]) -> tuple[Stretch, ...]:
    """The shifts joined where nothing lies between them, by start."""
    made: list[Stretch] = []
    for shift in in_order(shifts):
        if made and shift.start <= made[-1].end:
            before = made[-1]
            if shift.end > before.end:
                made[-1] = Stretch(before.start, shift.end, before.first, shift.id)
        else:
            made.append(Stretch(shift.start, shift.end, shift.id, shift.id))
    return tuple(made)


def short_rests(shifts: Iterable[Shift], rest: timedelta) -> tuple[tuple[str, str, timedelta], ...]:
    """Where less than `rest` lies between two stretches of work: (last shift before, first after, gap).

    Back to back is one stretch of work, so no rest is asked for in it.
    """
    made = stretches(shifts)
    return tuple(
        (before.last, after.first, after.start - before.end)
        for before, after in pairwise(made)
        if after.start - before.end < rest
    )
