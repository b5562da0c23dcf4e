"""When rotations are: dates, terms and cooling-off. Legal dates without a time of day.

Rotation 0 founds the body. Rotation n falls n intervals after it, counted from the founding so that a
month that is too short shortens that one date only (31 August, 28 February, 31 August). At rotation n >= 1
the cohort 1 + (n - 1) mod C is renewed, so that a full term is C intervals and the first terms are 1, …, C
of them: one cohort leaves at every rotation. That is the Bürgerrat of Ostbelgien (24 seats, 18 months, about
a third renewed at a time) with C = 3; with C = 1 the whole body changes, as the Assemblée citoyenne of Paris.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from .errors import BadInput, Reason

# Far beyond any plan; bounds what a slip of the keyboard can ask for.
MOST_ROTATIONS = 200
MOST_MONTHS = 1200


@dataclass(frozen=True, slots=True)
class Rotation:
    """One rotation: its number from the founding (0), when it is, and its date before any election moved it.

    `since_election` is the whole months since the last election given, None before the first.
    """

    number: int
    day: date
    nominal: date
    since_election: int | None = None

    @property
    def moved(self) -> bool:
        return self.day != self.nominal


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """How long who has left may not be drawn again: both limits hold; `forever` is once in a lifetime.

    `rotations` = 1 skips the rotation at which the person leaves; 0 and 0 months is no cooling-off.
    """

    months: int = 0
    rotations: int = 0
    forever: bool = False


def rotations(
    founding: date,
    every: int,
    count: int,
    elections: Sequence[date] = (),
    quiet_before: int = 0,
    quiet_after: int = 0,
) -> tuple[Rotation, ...]:
    """Rotations 0 … count - 1. `every`: months. Quiet days lie before and after each election, its day too.

    A date in a quiet time moves to the first day after it. Raises BadInput: an interval or count that is none
    (INTERVAL_RANGE, COUNT_RANGE), negative quiet days (QUIET_RANGE), a date that would reach the next
    rotation's (ROTATIONS_COLLIDE), or years that no calendar has (DATE_RANGE).
    """
    faults = []
    if not 1 <= every <= MOST_MONTHS:
        faults.append(Reason("INTERVAL_RANGE", {"months": every, "most": MOST_MONTHS}))
    if not 1 <= count <= MOST_ROTATIONS + 1:
        faults.append(Reason("COUNT_RANGE", {"rotations": count - 1, "most": MOST_ROTATIONS}))
    if min(quiet_before, quiet_after) < 0 or max(quiet_before, quiet_after) > 3660:
        faults.append(Reason("QUIET_RANGE", {"before": quiet_before, "after": quiet_after}))
    if faults:
        raise BadInput(faults)
    days = sorted(set(elections))
    made: list[Rotation] = []
    try:
        for number in range(count):
            nominal = founding + relativedelta(months=every * number)
            day = _outside(nominal, days, quiet_before, quiet_after)
            last = max((e for e in days if e <= day), default=None)
            gap = None if last is None else relativedelta(day, last)
            since = None if gap is None else 12 * gap.years + gap.months
            if made and day <= made[-1].day:
                raise BadInput([Reason("ROTATIONS_COLLIDE", {"rotation": number, "date": day.isoformat()})])
            made.append(Rotation(number, day, nominal, since))
    except (OverflowError, ValueError) as error:
        raise BadInput([Reason("DATE_RANGE", {"date": founding.isoformat()})]) from error
    return tuple(made)


def _outside(day: date, elections: Sequence[date], before: int, after: int) -> date:
    """The day itself, or the first after every quiet time that it falls into."""
    for election in elections:
        if -before <= (day - election).days <= after and (before or after):
            day = election + timedelta(days=after + 1)
    return day


def renewed(number: int, cohorts: int) -> int:
    """The cohort (1 … cohorts) whose seats are drawn at rotation `number` >= 1."""
    return 1 + (number - 1) % cohorts


def term_end(cohort: int, number: int, cohorts: int) -> int:
    """The rotation at which somebody who takes a seat of `cohort` at rotation `number` leaves."""
    return number + 1 + (cohort - 1 - number) % cohorts


def free_again(
    left: date, cooling: CoolingOff, dates: Sequence[Rotation], number: int | None = None
) -> int | None:
    """The first rotation of `dates` at which somebody who left may be drawn again; None for none of them.

    `left` is the day they left; `number` the rotation, where it was one (else the first on or after `left`).
    """
    if cooling.forever:
        return None
    if number is None:
        number = next((r.number for r in dates if r.day >= left), MOST_ROTATIONS + len(dates))
    try:
        day = left + relativedelta(months=cooling.months)
    except (OverflowError, ValueError):
        return None
    return next((r.number for r in dates if r.number >= number + cooling.rotations and r.day >= day), None)
