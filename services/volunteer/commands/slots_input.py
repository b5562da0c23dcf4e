"""What `slots expand` and `slots check` are given, as the engine takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from services.volunteer.commands.tables import Faults, Row, lists, table, zone
from services.volunteer.schedule.types import Change, Series, Shift
from services.volunteer.schedule.young import Youth

SERIES = ("series", "title", "start", "end", "rule", "zone", "capacity", "sequence")
CHANGES = ("series", "on", "start", "end", "capacity", "cancelled", "sequence")
SHIFTS = ("person", "shift", "start", "end", "pause")
PEOPLE = ("person", "born", "school_until")
SCHOOL_FREE = ("first", "last")
_NEVER = datetime(2000, 1, 1)  # noqa: DTZ001 - stands beside a fault, never in a result


@dataclass(frozen=True, slots=True)
class Expandable:
    """Series and their public titles."""

    series: tuple[Series, ...]
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """Monday to Friday, but for the days that are free of school (first … last, both included)."""

    free: tuple[tuple[date, date], ...] = ()

    def __call__(self, day: date) -> bool:
        return day.weekday() < 5 and not any(first <= day <= last for first, last in self.free)


@dataclass(frozen=True, slots=True)
class Checkable:
    """Person → shifts, in the order of their first rows; person → who is known to be young."""

    shifts: Mapping[str, tuple[Shift, ...]]
    young: Mapping[str, Youth]
    school: SchoolDays
    zone: tzinfo


def read_series(file: Path, changes: Path | None, zone_name: str) -> Expandable:
    """Raises BadInput with every fault of the files."""
    faults = Faults()
    if file.suffix.lower() == ".json":
        found = lists(file, {"series": SERIES, "changes": CHANGES}, faults)
        rows, changed = found["series"], found["changes"]
    else:
        rows, changed = table(file, SERIES, ("series", "start", "end"), faults), []
    if changes is not None:
        changed += table(changes, CHANGES, ("series", "on"), faults)
    by_series: dict[str, dict[date, Change]] = {}
    for row in changed:
        own = by_series.setdefault(row.text("series"), {})
        day = row.day("on")
        if day in own:
            faults.add("CHANGED_TWICE", file=row.file, row=row.number, series=row.text("series"), date=day)
        own[day] = _change(row)
    made: dict[str, Series] = {}
    titles = {}
    for row in rows:
        name = row.name("series")
        if name in made:
            faults.add("DUPLICATE_SERIES", file=row.file, row=row.number, series=name)
        made[name] = Series(
            name,
            row.local("start") or _wanted(row, "start", faults),
            row.local("end") or _wanted(row, "end", faults),
            zone(row.text("zone") or zone_name, faults),
            row.text("rule"),
            row.number_of("capacity", 1),
            by_series.get(name, {}),
            row.number_of("sequence", 0),
        )
        titles[name] = row.text("title") or name
    for name in sorted(by_series.keys() - made.keys()):
        faults.add("UNKNOWN_SERIES", series=name)
    if not rows:
        faults.add("NO_SERIES", file=file.name)
    faults.raise_any()
    return Expandable(tuple(made.values()), titles)


def _wanted(row: Row, column: str, faults: Faults) -> datetime:
    if not row.text(column):
        faults.add("LOCAL_TIME_WANTED", file=row.file, row=row.number, column=column, value="")
    return _NEVER


def _change(row: Row) -> Change:
    return Change(
        row.local("start") if row.text("start") else None,
        row.local("end") if row.text("end") else None,
        row.number_of("capacity", 0) if row.text("capacity") else None,
        row.yes("cancelled"),
        row.number_of("sequence", 1),
    )


def read_shifts(file: Path, people: Path | None, school_free: Path | None, zone_name: str) -> Checkable:
    """Raises BadInput with every fault of the files."""
    faults = Faults()
    place = zone(zone_name, faults)
    young_rows: list[Row] = []
    free_rows: list[Row] = []
    if file.suffix.lower() == ".json":
        columns = {"shifts": SHIFTS, "people": PEOPLE, "school_free": SCHOOL_FREE}
        found = lists(file, columns, faults)
        rows, young_rows, free_rows = found["shifts"], found["people"], found["school_free"]
    else:
        rows = table(file, SHIFTS, ("person", "start", "end"), faults)
    if people is not None:
        young_rows += table(people, PEOPLE, ("person", "born"), faults)
    if school_free is not None:
        free_rows += table(school_free, SCHOOL_FREE, SCHOOL_FREE, faults)
    shifts: dict[str, list[Shift]] = {}
    for row in rows:
        shifts.setdefault(row.name("person"), []).append(_shift(row))
    young: dict[str, Youth] = {}
    for row in young_rows:
        person = row.name("person")
        if person in young:
            faults.add("DUPLICATE_PERSON", file=row.file, row=row.number, person=person)
        young[person] = Youth(row.day("born"), row.day("school_until") if row.text("school_until") else None)
    free = tuple(_free(free_rows, faults))
    faults.raise_any()
    return Checkable({person: tuple(own) for person, own in shifts.items()}, young, SchoolDays(free), place)


def _shift(row: Row) -> Shift:
    never = _NEVER.replace(tzinfo=UTC)
    name = row.name("shift") if row.text("shift") else f"row {row.number}"
    pause = timedelta(minutes=row.number_of("pause", 0))
    return Shift(name, row.instant("start") or never, row.instant("end") or never, pause)


def _free(rows: Iterable[Row], faults: Faults) -> Iterable[tuple[date, date]]:
    for row in rows:
        first, last = row.day("first"), row.day("last")
        if last < first:
            faults.add("LAST_BEFORE_FIRST", file=row.file, row=row.number)
        yield first, last
