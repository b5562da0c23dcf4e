"""What `match rank`, `match assign` and `match cover` are given, as the engine takes it.

Each takes CSV files or one JSON file with a list of objects in the place of each table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from services.volunteer.commands.tables import Faults, Row, lists, table
from services.volunteer.matching.acceptance_types import Applicant, Host
from services.volunteer.matching.cover_types import Able, CoverPerson, CoverProblem, CoverSlot, Earlier
from services.volunteer.matching.search_types import Contact, Seeker, Task

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
Columns = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

# Table → its columns, and those that must be there.
RANK: Columns = {
    "tasks": (
        (
            *("task", "organisation", "places", "left", "age", "children", "declared", "closes", "skills"),
            *("wished", "causes", "languages", "times", "x", "y", "access", "beginners"),
        ),
        ("task", "organisation"),
    ),
    "people": (
        (
            *("person", "born", "guardian", "newcomer", "x", "y", "reach", "languages", "skills", "causes"),
            *("free", "needs", "clearances"),
        ),
        ("person",),
    ),
}
ASSIGN: Columns = {
    "wishes": (("applicant", "host", "rank"), ("applicant", "host", "rank")),
    "choices": (("host", "applicant", "rank"), ("host", "applicant", "rank")),
    "hosts": (("host", "capacity", "least"), ("host",)),
    "applicants": (("applicant", "school"), ("applicant",)),
    "quotas": (("host", "school", "most", "least"), ("host", "school")),
}
COVER: Columns = {
    "slots": (("slot", "start", "end", "capacity", "critical", "guarded"), ("slot", "start", "end")),
    "people": (("person", "most", "rest", "last_served"), ("person",)),
    "able": (("person", "slot", "rank"), ("person", "slot")),
    # A plan that `match cover` wrote can be given back as it is.
    "last": (("slot", "start", "end", "person", "rank", "status"), ("slot", "person")),
}
STATUSES = ("proposed", "needs_coordinator", "confirmed")


def _tables(known: Columns, files: Mapping[str, Path | None], faults: Faults) -> dict[str, list[Row]]:
    """The rows of each table. The first file may be JSON, with all the tables in it."""
    found: dict[str, list[Row]] = {name: [] for name in known}
    for name, file in files.items():
        if file is None:
            continue
        if file.suffix.lower() == ".json":
            for key, rows in lists(
                file, {key: columns for key, (columns, _) in known.items()}, faults
            ).items():
                found[key] += rows
        else:
            found[name] += table(file, *known[name], faults)
    return found


# -- rank ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    people: tuple[Seeker, ...]
    tasks: tuple[Task, ...]


def read_search(tasks: Path, people: Path | None) -> Search:
    """Raises BadInput with every fault of the files."""
    faults = Faults()
    found = _tables(RANK, {"tasks": tasks, "people": people}, faults)
    made = Search(
        tuple(_seeker(row, faults) for row in found["people"]), tuple(_task(row) for row in found["tasks"])
    )
    faults.raise_any()
    return made


def _seeker(row: Row, faults: Faults) -> Seeker:
    return Seeker(
        row.name("person"),
        _day(row, "born"),
        row.yes("guardian"),
        row.yes("newcomer"),
        _place(row, faults),
        _metres(row, "reach"),
        row.several("languages"),
        row.several("skills"),
        row.several("causes"),
        row.several("free"),
        row.several("needs"),
        dict(_clearances(row, faults)),
    )


def _clearances(row: Row, faults: Faults) -> list[tuple[str, date]]:
    """organisation=date; organisation=date"""
    found = []
    for part in sorted(row.several("clearances")):
        organisation, _, day = part.rpartition("=")
        try:
            found.append((organisation.strip(), date.fromisoformat(day.strip())))
        except ValueError:
            organisation = ""
        if not organisation:
            faults.add("CLEARANCE_EXPECTED", file=row.file, row=row.number, column="clearances")
    return found


def _task(row: Row) -> Task:
    places = row.number_of("places", 1)
    return Task(
        row.name("task"),
        row.name("organisation"),
        places,
        row.number_of("left", places),
        row.number_of("age", 0),
        Contact(row.one_of("children", tuple(each.value for each in Contact))),
        row.several("skills"),
        row.several("wished"),
        row.several("languages"),
        row.several("causes"),
        row.several("times"),
        _place(row, row.faults),
        row.several("access"),
        _day(row, "closes"),
        _day(row, "declared"),
        row.yes("beginners"),
    )


def _day(row: Row, column: str) -> date | None:
    return row.day(column) if row.text(column) else None


def _metres(row: Row, column: str) -> int | None:
    return row.number_of(column, 0) if row.text(column) else None


def _place(row: Row, faults: Faults) -> tuple[int, int] | None:
    x, y = row.metres("x"), row.metres("y")
    if bool(row.text("x")) != bool(row.text("y")):
        faults.add("HALF_A_PLACE", file=row.file, row=row.number)
    return None if x is None or y is None else (x, y)


# -- assign -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sides:
    applicants: tuple[Applicant, ...]
    hosts: tuple[Host, ...]


def read_sides(files: Mapping[str, Path | None]) -> Sides:
    """`files`: by the names of `ASSIGN`. Applicants need no file when none has a school or is without wishes.

    Raises BadInput with every fault of the files.
    """
    faults = Faults()
    found = _tables(ASSIGN, files, faults)
    schools: dict[str, str | None] = {}
    for row in found["applicants"]:
        name = row.name("applicant")
        if name in schools:
            faults.add("ROW_TWICE", file=row.file, row=row.number, name=name)
        schools[name] = row.text("school") or None
    if not found["applicants"]:
        schools = dict.fromkeys((row.text("applicant") for row in found["wishes"]), None)
    wishes = _ranks(found["wishes"], "applicant", "host", faults)
    choices = _ranks(found["choices"], "host", "applicant", faults)
    for name in sorted(wishes.keys() - schools.keys()):
        faults.add("APPLICANT_WITHOUT_ROW", applicant=name)
    most: dict[str, dict[str, int]] = {}
    least: dict[str, dict[str, int]] = {}
    for row in found["quotas"]:
        host, school = row.name("host"), row.name("school")
        if school in most.get(host, {}) or school in least.get(host, {}):
            faults.add("ROW_TWICE", file=row.file, row=row.number, name=school)
        if row.text("most"):
            most.setdefault(host, {})[school] = row.number_of("most", 0)
        if row.text("least"):
            least.setdefault(host, {})[school] = row.number_of("least", 0)
    hosts: dict[str, Host] = {}
    for row in found["hosts"]:
        name = row.name("host")
        if name in hosts:
            faults.add("ROW_TWICE", file=row.file, row=row.number, name=name)
        hosts[name] = Host(
            name,
            choices.get(name, {}),
            row.number_of("capacity", 1),
            most.get(name, {}),
            row.number_of("least", 0),
            least.get(name, {}),
        )
    for name in sorted((choices.keys() | most.keys() | least.keys()) - hosts.keys()):
        faults.add("HOST_WITHOUT_ROW", host=name)
    faults.raise_any()
    applicants = tuple(Applicant(name, wishes.get(name, {}), school) for name, school in schools.items())
    return Sides(applicants, tuple(hosts.values()))


def _ranks(rows: list[Row], who: str, whom: str, faults: Faults) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        own = found.setdefault(row.name(who), {})
        other = row.name(whom)
        if other in own:
            faults.add("ROW_TWICE", file=row.file, row=row.number, name=other)
        own[other] = _rank(row)
    return found


def _rank(row: Row) -> int:
    """A rank of nothing is a fault of its own: 0, which the engine refuses too."""
    if not row.text("rank"):
        row.faults.add("NUMBER_EXPECTED", file=row.file, row=row.number, column="rank", value="")
    return row.number_of("rank", 0)


# -- cover --------------------------------------------------------------------------------------------------


def read_cover(files: Mapping[str, Path | None]) -> CoverProblem:
    """`files`: by the names of `COVER`. Raises BadInput with every fault of the files."""
    faults = Faults()
    found = _tables(COVER, files, faults)
    slots = [
        CoverSlot(
            row.name("slot"),
            row.instant("start") or _NEVER,
            row.instant("end") or _NEVER,
            row.number_of("capacity", 1),
            row.number_of("critical", 0),
            row.yes("guarded"),
        )
        for row in found["slots"]
    ]
    people = [
        CoverPerson(
            row.name("person"),
            row.number_of("most", 1),
            timedelta(hours=row.number_of("rest", 0)),
            _day(row, "last_served"),
        )
        for row in found["people"]
    ]
    able = [Able(row.name("person"), row.name("slot"), row.number_of("rank", 1)) for row in found["able"]]
    last = [
        Earlier(row.name("person"), row.name("slot"), row.one_of("status", STATUSES) == "confirmed")
        for row in found["last"]
    ]
    faults.raise_any()
    return CoverProblem(slots, people, able, last)
