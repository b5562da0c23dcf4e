"""Explaining 100,000 checkpoints beside a calendar that walks day by day and beside the libraries alone, in
one run.

The walking calendar is the tests' oracle: Easter and the months by rules of its own, no code of the engine
and no library. The libraries alone (python-dateutil for months, `holidays` for days off) are what a caller
would write in five lines: without explanations, and without the three days that are public holidays in no
table. Equal dates are a goal; seconds have none. Prints a Markdown table and the goals; exits 1 when one is
missed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from holidays.countries.denmark import Denmark

from benchmarks.matching_cases import Dice
from services.followup.deadlines.calendar import DanishCalendar
from services.followup.deadlines.dates import deadlines
from services.followup.deadlines.types import Checkpoint, Deadline, Kind, WorkingDayRule
from tests.unit.deadlines import oracle

Result = TypeVar("Result")
Dates = tuple[date, date]

HANDOVERS, EACH = 20_000, 5
FIRST = date(2010, 1, 1)
DAYS = 10_957
MOST_MONTHS = 120
ZONE = ZoneInfo("Europe/Copenhagen")
_STEP = {WorkingDayRule.FORWARD: 1, WorkingDayRule.BACK: -1, WorkingDayRule.NONE: 0}
_RULES = tuple(WorkingDayRule)
_KINDS = tuple(Kind)

Case = tuple[date, tuple[Checkpoint, ...]]


def cases(seed: int) -> list[Case]:
    """Handovers over thirty years, every third on a month's last day; checkpoints of 1 … 120 months, all
    rules."""
    dice = Dice(seed)
    made = []
    for _ in range(HANDOVERS):
        day = FIRST + timedelta(days=dice.between(0, DAYS - 1))
        if dice.random() < 1 / 3:
            day = day.replace(day=1) + relativedelta(months=1, days=-1)
        made.append(
            (
                day,
                tuple(
                    Checkpoint(
                        f"c{number}", dice.pick(_KINDS), dice.between(1, MOST_MONTHS), dice.pick(_RULES)
                    )
                    for number in range(EACH)
                ),
            )
        )
    return made


def ours(given: Sequence[Case]) -> list[Deadline]:
    calendar = DanishCalendar()
    return [each for handover, own in given for each in deadlines(handover, own, calendar, ZONE)]


def walked(given: Sequence[Case]) -> list[Dates]:
    found = []
    for handover, own in given:
        for each in own:
            nominal = oracle.months_later(handover, each.months)
            found.append((nominal, oracle.moved(nominal, _STEP[each.rule])))
    return found


def libraries(given: Sequence[Case]) -> list[Dates]:
    public = Denmark(language="da")  # type: ignore[no-untyped-call]
    found = []
    for handover, own in given:
        for each in own:
            nominal = due = handover + relativedelta(months=each.months)
            step = timedelta(days=_STEP[each.rule])
            while step and (due.weekday() > 4 or due in public):
                due += step
            found.append((nominal, due))
    return found


def timed(run: Callable[[], Result]) -> tuple[Result, float]:
    started = time.process_time()
    made = run()
    return made, time.process_time() - started


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    given = cases(1)
    made, seconds = timed(partial(ours, given))
    truth, walk_seconds = timed(partial(walked, given))
    plain, plain_seconds = timed(partial(libraries, given))
    dates = [(each.nominal, each.due) for each in made]
    count = len(made)
    moved = sum(nominal != due for nominal, due in truth)
    reasons = sum(len(each.reasons) for each in made)
    print(f"{count} checkpoints of {HANDOVERS} handovers in thirty years; {moved} are moved.\n")
    print("| | wrong dates | reasons given | seconds | per checkpoint |\n|---|---|---|---|---|")
    for name, found, said, took in (
        ("ours", dates, reasons, seconds),
        ("walking day by day (the oracle)", truth, 0, walk_seconds),
        ("python-dateutil and holidays alone", plain, 0, plain_seconds),
    ):
        wrong = sum(a != b for a, b in zip(found, truth, strict=True))
        share = f"{wrong} ({100 * wrong / count:.2f} %)"
        print(f"| {name} | {share} | {said} | {took:.2f} s | {1e6 * took / count:.1f} µs |")
    late = all(each.overdue_from == each.due + timedelta(days=1) for each in made)
    goals = [
        ("every nominal and every moved date equal to the walking calendar's", dates == truth),
        ("every checkpoint explained, and overdue from the day after", late and reasons >= 4 * count),
    ]
    print()
    for text, met in goals:
        print(f"{'met   ' if met else 'MISSED'} {text}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
