"""The shifts of one person under 18 against the hour rules of their dates.

Hours are true hours, counted in UTC, and belong to the local date on which they are worked; weeks run from
Monday to Sunday. Rest: the 24 hours from the start of each stretch of work hold the rest in one piece.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from services.volunteer.schedule.clash import in_order, stretches
from services.volunteer.schedule.errors import BadInput, Infeasible, Parameter, Reason
from services.volunteer.schedule.expand import to_utc
from services.volunteer.schedule.types import Shift
from services.volunteer.schedule.young_rules import DANISH, Band, RuleSet

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
ADULT = 18


@dataclass(frozen=True, slots=True)
class Youth:
    """`born` is read, never kept or named. `school_until`: the last day of compulsory schooling; None =
    still in school on every date asked about."""

    born: date
    school_until: date | None = None

    def age_on(self, day: date) -> int:
        """Full years on `day`; who is born on 29 February is a year older on 1 March of other years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that is not kept: why, by which shifts, and where the rule stands."""

    reason: Reason
    shifts: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class _Day:
    """What holds on a date: `band` is None for who may not work at all."""

    band: Band | None
    source: str


def check(
    shifts: Iterable[Shift],
    youth: Youth,
    zone: tzinfo,
    is_school_day: Callable[[date], bool],
    rules: Sequence[RuleSet] = DANISH,
) -> tuple[Broken, ...]:
    """Every rule that these shifts, all of one person, do not keep; dates from 18 on are free of them.

    Raises BadInput for faulty shifts or somebody born after their first shift, Infeasible for a date of
    which no rule set speaks.
    """
    ordered = in_order(shifts)
    if not ordered:
        return ()
    pieces = _pieces(ordered, zone)
    if min(pieces) < youth.born:
        raise BadInput([Reason("BORN_AFTER_SHIFT", {"shift": ordered[0].id})])
    days = {day: held for day in pieces if (held := _held(day, youth, rules)) is not None}
    found = [*_too_young(pieces, days), *_daily(pieces, days, is_school_day)]
    found += _weekly(pieces, days, is_school_day)
    found += _night(ordered, days, zone)
    found += _rest(ordered, days, zone)
    found += _free_days(pieces, days)
    found += _breaks(ordered, pieces, days, zone)
    return tuple(found)


# -- what is worked when ------------------------------------------------------------------------------------

Pieces = Mapping[date, Mapping[str, timedelta]]


def _pieces(shifts: Sequence[Shift], zone: tzinfo) -> dict[date, dict[str, timedelta]]:
    """Local date → shift → time worked. A pause is taken from its shift's first date, then the next."""
    pieces: dict[date, dict[str, timedelta]] = defaultdict(dict)
    for shift in shifts:
        start, parts = shift.start, []
        while start < shift.end:
            day = start.astimezone(zone).date()
            end = min(to_utc(datetime.combine(day + _DAY, time()), zone), shift.end)
            parts.append((day, end - start))
            start = end
        pause = shift.pause
        for day, worked in parts:
            taken = min(pause, worked)
            pieces[day][shift.id] = worked - taken
            pause -= taken
    return dict(pieces)


def _held(day: date, youth: Youth, rules: Sequence[RuleSet]) -> _Day | None:
    age = youth.age_on(day)
    if age >= ADULT:
        return None
    in_school = youth.school_until is None or day <= youth.school_until
    for each in rules:
        if each.first <= day and (each.last is None or day <= each.last):
            for band in each.bands:
                if band.youngest <= age <= band.oldest and band.in_school in (None, in_school):
                    return _Day(band, each.source)
            return _Day(None, each.source)
    raise Infeasible([Reason("NO_RULES_FOR", {"date": day})])


def _bands(days: Mapping[date, _Day], among: Iterable[date]) -> Iterator[tuple[date, Band, str]]:
    for day in sorted(among):
        held = days.get(day)
        if held is not None and held.band is not None:
            yield day, held.band, held.source


def _minutes(length: timedelta) -> int:
    """Whole minutes, a started one counted: 120 minutes and a second are more than 2 hours."""
    return -(-length // _MINUTE) if length > timedelta(0) else 0


# -- the rules ----------------------------------------------------------------------------------------------


def _too_young(pieces: Pieces, days: Mapping[date, _Day]) -> Iterator[Broken]:
    for day, held in sorted(days.items()):
        if held.band is None:
            yield Broken(Reason("TOO_YOUNG", {"date": day}), tuple(pieces[day]), held.source)


def _daily(pieces: Pieces, days: Mapping[date, _Day], school: Callable[[date], bool]) -> Iterator[Broken]:
    for day, band, source in _bands(days, pieces):
        at_school = school(day)
        limit = band.school_day if at_school else band.other_day
        worked = _minutes(sum(pieces[day].values(), timedelta(0)))
        if worked > limit:
            code = "SCHOOL_DAY_TOO_LONG" if at_school and band.in_school is not False else "DAY_TOO_LONG"
            yield Broken(_over(code, day, worked, limit), tuple(pieces[day]), source)


def _weekly(pieces: Pieces, days: Mapping[date, _Day], school: Callable[[date], bool]) -> Iterator[Broken]:
    for monday in sorted({day - day.weekday() * _DAY for day in days}):
        week = [monday + n * _DAY for n in range(7)]
        worked_days = [day for day in week if day in days]
        bands = list(_bands(days, worked_days))
        if not bands:
            continue
        at_school = any(school(day) for day in week)
        # In the week of a birthday both bands hold: the stricter counts.
        limit, source, in_school = min(
            (band.school_week if at_school else band.other_week, source, band.in_school is not False)
            for _, band, source in bands
        )
        worked = _minutes(sum((sum(pieces[day].values(), timedelta(0)) for day in worked_days), timedelta(0)))
        if worked > limit:
            shifts = tuple(dict.fromkeys(shift for day in worked_days for shift in pieces[day]))
            code = "SCHOOL_WEEK_TOO_LONG" if at_school and in_school else "WEEK_TOO_LONG"
            yield Broken(_over(code, monday, worked, limit), shifts, source)


def _night(shifts: Sequence[Shift], days: Mapping[date, _Day], zone: tzinfo) -> Iterator[Broken]:
    for shift in shifts:
        first, last = shift.start.astimezone(zone).date(), shift.end.astimezone(zone).date()
        every = [first + n * _DAY for n in range((last - first).days + 1)]
        for day, band, source in _bands(days, every):
            midnight, next_midnight = (
                to_utc(datetime.combine(each, time()), zone) for each in (day, day + _DAY)
            )
            morning = to_utc(datetime.combine(day, band.earliest), zone)
            evening = to_utc(datetime.combine(day, band.latest), zone)
            if _meet(shift, midnight, morning) or _meet(shift, evening, next_midnight):
                params: dict[str, Parameter] = {
                    "date": day,
                    "earliest": band.earliest.strftime("%H:%M"),
                    "latest": band.latest.strftime("%H:%M"),
                }
                yield Broken(Reason("AT_NIGHT", params), (shift.id,), source)


def _meet(shift: Shift, start: datetime, end: datetime) -> bool:
    return shift.start < end and start < shift.end


def _rest(shifts: Sequence[Shift], days: Mapping[date, _Day], zone: tzinfo) -> Iterator[Broken]:
    made = stretches(shifts)
    for number, stretch in enumerate(made):
        day = stretch.start.astimezone(zone).date()
        window = stretch.start + _DAY
        for _, band, source in _bands(days, [day]):
            following = [each for each in made[number:] if each.start < window]
            gaps = [after.start - before.end for before, after in pairwise(following)]
            rest = max([*gaps, window - following[-1].end])
            if rest < band.rest * _MINUTE:
                # Rounded down: 13 h 59 min 59 s are not 14 hours.
                params: dict[str, Parameter] = {
                    "date": day,
                    "minutes": max(rest // _MINUTE, 0),
                    "limit": band.rest,
                }
                names = tuple(dict.fromkeys(name for each in following for name in (each.first, each.last)))
                yield Broken(Reason("REST_TOO_SHORT", params), names, source)


def _free_days(pieces: Pieces, days: Mapping[date, _Day]) -> Iterator[Broken]:
    """Every 7 days in a row that begin with a day of work, said once for windows that follow each other."""
    reported: date | None = None
    for day, band, source in _bands(days, pieces):
        window = [day + n * _DAY for n in range(7)]
        longest = run = 0
        for each in window:
            run = 0 if each in pieces else run + 1
            longest = max(longest, run)
        if longest < band.free_days and (reported is None or day >= reported + 7 * _DAY):
            reported = day
            names = tuple(dict.fromkeys(shift for each in window for shift in pieces.get(each, ())))
            params: dict[str, Parameter] = {"date": day, "days": longest, "limit": band.free_days}
            yield Broken(Reason("FREE_DAYS_MISSING", params), names, source)


def _breaks(
    shifts: Sequence[Shift], pieces: Pieces, days: Mapping[date, _Day], zone: tzinfo
) -> Iterator[Broken]:
    for day, band, source in _bands(days, pieces):
        worked = _minutes(sum(pieces[day].values(), timedelta(0)))
        own = [shift for shift in shifts if shift.id in pieces[day]]
        gaps = [after.start - before.end for before, after in pairwise(stretches(own))]
        longest = max([*gaps, *(shift.pause for shift in own)], default=timedelta(0))
        if worked > band.break_after and longest < band.break_minutes * _MINUTE:
            params: dict[str, Parameter] = {
                "date": day,
                "minutes": worked,
                "after": band.break_after,
                "limit": band.break_minutes,
            }
            yield Broken(Reason("BREAK_MISSING", params), tuple(pieces[day]), source)


def _over(code: str, day: date, worked: int, limit: int) -> Reason:
    return Reason(code, {"date": day, "minutes": worked, "limit": limit})
