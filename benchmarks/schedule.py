"""Slots and shifts beside python-dateutil alone and comparing every pair, in one run, one core.

10,000 invented series over five years, published by their generator below. The peer's rule is worked out by
`rrulestr` as a caller would write it: once in local time with the peer's own time zones, once in UTC, which
is how a weekly 16:00 comes to be at 15:00 after October. Equal results are a goal; seconds have none.
Prints Markdown tables and the goals; exits 1 when one is missed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import combinations
from typing import TypeVar
from zoneinfo import ZoneInfo

from dateutil import tz
from dateutil.rrule import rrulestr

from benchmarks.matching_cases import Dice
from services.volunteer.schedule.clash import clashes, short_rests
from services.volunteer.schedule.expand import expand
from services.volunteer.schedule.types import Series, Shift

Result = TypeVar("Result")
Span = tuple[datetime, datetime]

SERIES = 10_000
PEOPLE, SHIFTS = 2_000, 100
FIRST, LAST = date(2026, 1, 1), date(2030, 12, 31)
ZONE = ZoneInfo("Europe/Copenhagen")
REST = timedelta(hours=11)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def series(seed: int, count: int) -> list[Series]:
    """Daily, weekly (two of three), monthly by weekday or date, and yearly; half end by COUNT, half by
    UNTIL. Starts at every hour and half hour, in the night of a change too."""
    dice = Dice(seed)
    made = []
    for number in range(count):
        day = FIRST + timedelta(days=dice.between(0, 365))
        start = datetime.combine(day, datetime.min.time()) + timedelta(minutes=30 * dice.between(0, 47))
        weekday = _DAYS[day.weekday()]
        kinds = (
            f"FREQ=DAILY;INTERVAL={dice.between(1, 9)}",
            *[f"FREQ=WEEKLY;INTERVAL={dice.between(1, 4)};BYDAY={weekday},{dice.pick(_DAYS)}"] * 6,
            f"FREQ=MONTHLY;BYDAY={(day.day - 1) // 7 + 1}{weekday}",
            f"FREQ=MONTHLY;BYMONTHDAY={day.day}",
            "FREQ=YEARLY",
        )
        until = date(dice.between(2027, 2030), dice.between(1, 12), dice.between(1, 28))
        end = f"COUNT={dice.between(1, 200)}" if dice.random() < 0.5 else f"UNTIL={until:%Y%m%d}T235959"
        length = timedelta(minutes=15 * dice.between(1, 40))
        made.append(Series(f"s{number:05}", start, start + length, ZONE, f"{dice.pick(kinds)};{end}"))
    return made


def ours(given: Sequence[Series]) -> list[list[Span]]:
    return [[(slot.start, slot.end) for slot in expand(each, FIRST, LAST)] for each in given]


def rules_alone(given: Sequence[Series]) -> list[list[datetime]]:
    """What python-dateutil gives, to which time zones are still to be added."""
    end = datetime.combine(LAST, datetime.max.time())
    return [rrulestr(each.rule, dtstart=each.start).between(each.start, end, inc=True) for each in given]


def dateutil_alone(given: Sequence[Series]) -> list[list[Span]]:
    zone = tz.gettz("Europe/Copenhagen")
    found = []
    for each, starts in zip(given, rules_alone(given), strict=True):
        length = each.end - each.start
        found.append([(_instant(start, zone), _instant(start + length, zone)) for start in starts])
    return found


def _instant(local: datetime, zone: object) -> datetime:
    aware = local.replace(tzinfo=zone)  # type: ignore[arg-type]
    return tz.resolve_imaginary(aware).astimezone(tz.UTC).replace(tzinfo=UTC)


def expanded_in_utc(given: Sequence[Series]) -> list[list[Span]]:
    """The first occurrence taken to UTC, the rule worked out there."""
    end = datetime.combine(LAST, datetime.max.time())
    found = []
    for each in given:
        start = each.start.replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None)
        length = each.end.replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None) - start
        starts = rrulestr(each.rule, dtstart=start).between(start, end, inc=True)
        found.append([(at.replace(tzinfo=UTC), (at + length).replace(tzinfo=UTC)) for at in starts])
    return found


def shifts(seed: int) -> list[list[Shift]]:
    """For each person so many shifts in a year, in quarters of an hour."""
    dice = Dice(seed)
    base = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for _ in range(PEOPLE):
        own = []
        for number in range(SHIFTS):
            start = base + timedelta(minutes=15 * dice.between(0, 35_000))
            own.append(Shift(f"s{number}", start, start + timedelta(minutes=15 * dice.between(4, 40))))
        made.append(own)
    return made


def _pairs(each: Sequence[Shift]) -> set[frozenset[str]]:
    return {frozenset((a.id, b.id)) for a, b in combinations(each, 2) if a.start < b.end and b.start < a.end}


def _gaps(each: Sequence[Shift]) -> int:
    """Ends of work with no work at that moment and a next start sooner than the rest."""
    ends = {s.end for s in each if not any(o.start <= s.end < o.end for o in each)}
    starts = sorted(s.start for s in each)
    return sum(any(end < start < end + REST for start in starts) for end in ends)


def timed(run: Callable[[], Result]) -> tuple[Result, float]:
    started = time.process_time()
    made = run()
    return made, time.process_time() - started


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    given = series(1, SERIES)
    mine, my_seconds = timed(partial(ours, given))
    rules, rule_seconds = timed(partial(rules_alone, given))
    theirs, their_seconds = timed(partial(dateutil_alone, given))
    drifted, drift_seconds = timed(partial(expanded_in_utc, given))
    count = sum(map(len, mine))
    wrong = sum(len(set(a) - set(b)) for a, b in zip(mine, drifted, strict=True))
    print(f"{SERIES} series, {count} slots, {FIRST} to {LAST}.\n")
    print("| | slots | at another time than ours | seconds | per slot |\n|---|---|---|---|---|")
    for name, slots, other, seconds in (
        ("ours: checked, with notes on change nights", count, 0, my_seconds),
        ("python-dateutil, rules alone (no instants)", sum(map(len, rules)), None, rule_seconds),
        (
            "python-dateutil, rules and its time zones",
            sum(map(len, theirs)),
            sum(len(set(a) ^ set(b)) for a, b in zip(mine, theirs, strict=True)),
            their_seconds,
        ),
        ("python-dateutil, expanded in UTC", sum(map(len, drifted)), wrong, drift_seconds),
    ):
        shown = "–" if other is None else f"{other} ({100 * other / count:.1f} %)"
        print(f"| {name} | {slots} | {shown} | {seconds:.2f} s | {1e6 * seconds / slots:.1f} µs |")
    people = shifts(1)
    found, seconds = timed(lambda: [{frozenset(pair) for pair in clashes(each)} for each in people])
    every, every_seconds = timed(lambda: [_pairs(each) for each in people])
    rests, rest_seconds = timed(lambda: [len(short_rests(each, REST)) for each in people])
    counted, counted_seconds = timed(lambda: [_gaps(each) for each in people])
    print(f"\n{PEOPLE} people with {SHIFTS} shifts each.\n")
    print("| | found | ours | every pair |\n|---|---|---|---|")
    print(f"| clashes | {sum(map(len, found))} | {seconds:.2f} s | {every_seconds:.2f} s |")
    print(f"| rests under 11 h | {sum(rests)} | {rest_seconds:.2f} s | {counted_seconds:.2f} s |\n")
    goals = [
        ("slots equal to python-dateutil's rules with its own time zones", mine == theirs),
        ("clashes equal to every pair compared", found == every),
        ("short rests equal to every pair compared", rests == counted),
    ]
    for text, met in goals:
        print(f"{'met   ' if met else 'MISSED'} {text}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
