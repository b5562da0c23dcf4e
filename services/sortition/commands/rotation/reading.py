"""From files and options to the engine's question, or every error at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.sortition.commands.representation.said import refuse, stated
from services.sortition.commands.request import check_new
from services.sortition.commands.terminal import Terminal
from services.sortition.rotation.calendar import (
    CoolingOff,
    Rotation,
    free_again,
    renewed,
    rotations,
    term_end,
)
from services.sortition.rotation.errors import BadInput, Reason
from services.sortition.rotation.question import Candidate, Member, Question
from services.sortition.spreadsheet import normal
from services.sortition.spreadsheet.findings import File, Finding, UnreadableInputError
from services.sortition.spreadsheet.respondents import RespondentsTable, read_respondents
from services.sortition.spreadsheet.source import opened
from services.sortition.spreadsheet.targets import read_targets

from .said import refusal


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given."""

    respondents: Path
    targets: Path
    cohorts: str
    founding: str
    every: int
    ahead: int
    rotation: int
    members: Path | None
    served: Path | None
    cooling_off: int
    skip: int
    once: bool
    later: Path | None
    elections: tuple[str, ...]
    quiet_before: int
    quiet_after: int
    id_column: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """`calendar` reaches a full term beyond the last rotation planned; `left` maps who served to their day.

    `leaving` are the ids whose term ends at this rotation.
    """

    question: Question
    calendar: tuple[Rotation, ...]
    left: dict[str, date]
    leaving: tuple[str, ...]


def load(terminal: Terminal, request: Request, out: Path) -> Loaded:
    """Read every file and option. Ends the command with exit code 2 and all errors where there are any."""
    targets = read_targets(request.targets)
    respondents = read_respondents(request.respondents, targets, request.id_column)
    stated(terminal, File.RESPONDENTS, respondents.info)
    stated(terminal, File.TARGETS, targets.info)
    findings: list[Finding | tuple[str, Finding]] = [
        *check_new(out),
        *targets.findings,
        *respondents.findings,
    ]
    tables: dict[Path, RespondentsTable] = {}
    for path in (request.members, request.later):
        if path is not None:
            tables[path] = read_respondents(
                path, targets, request.id_column if path == request.later else None
            )
            findings += [(path.name, finding) for finding in tables[path].findings if not _nobody(finding)]
    faults: list[Reason] = []
    left: dict[str, date] = {}
    if request.served is not None:
        try:
            left = _served(request.served, faults)
        except UnreadableInputError as error:
            findings.append((request.served.name, error.finding))
    refuse(terminal, findings)
    cohorts = _cohorts(request.cohorts, faults)
    founding = _date(request.founding, faults)
    elections = [day for text in request.elections if (day := _date(text, faults)) is not None]
    seats = _members(tables[request.members], cohorts, faults) if request.members is not None else {}
    if request.rotation < 0 or request.ahead < 0:
        faults.append(Reason("AHEAD_RANGE"))
    if request.rotation and request.members is None:
        faults.append(Reason("MEMBERS_MISSING", {"rotation": request.rotation}))
    if faults or founding is None:
        raise refusal(terminal.words, BadInput(faults))
    last = request.rotation + request.ahead
    try:
        calendar = rotations(
            founding,
            request.every,
            last + len(cohorts) + 1,
            elections,
            request.quiet_before,
            request.quiet_after,
        )
    except BadInput as error:
        raise refusal(terminal.words, error) from None
    dates = calendar[: last + 1]
    cooling = CoolingOff(request.cooling_off, request.skip, request.once)
    now = request.rotation
    leaves = renewed(now, len(cohorts)) if now else 0
    free: dict[str, int | None] = {person: free_again(day, cooling, dates) for person, day in left.items()}
    members, leaving = [], []
    for person in tables[request.members].people if request.members is not None else ():
        cohort = seats[person.id]
        end = now if cohort == leaves else term_end(cohort, now, len(cohorts))
        free[person.id] = free_again(dates[end].day, cooling, dates, end) if end <= last else None
        if cohort == leaves:
            leaving.append(person.id)
        else:
            members.append(Member(person.id, person.values, cohort))
    later = None
    if request.later is not None:
        later = Counter(person.values for person in tables[request.later].people)
    question = Question(
        features=targets.features,
        targets=targets.targets,
        cohorts=cohorts,
        dates=dates,
        now=now,
        members=tuple(members),
        candidates=tuple(Candidate(p.id, p.values, free.get(p.id, 0)) for p in respondents.people),
        cooling=cooling,
        later=later,
    )
    return Loaded(question, calendar, left, tuple(leaving))


def _nobody(finding: Finding) -> bool:
    """A body of which nobody is left is no error: its file then has a header only."""
    return finding.reason.value == "NO_ROWS"


def _date(text: str, faults: list[Reason]) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        faults.append(Reason("NOT_A_DATE", {"found": text.strip()[:20]}))
        return None


def _cohorts(text: str, faults: list[Reason]) -> tuple[int, ...]:
    try:
        made = tuple(int(part) for part in text.split(","))
    except ValueError:
        made = ()
    if not made or min(made) < 1 or len(made) > 60 or max(made) > 10_000:
        faults.append(Reason("COHORTS_RANGE"))
        return ()
    return made


def _members(table: RespondentsTable, cohorts: tuple[int, ...], faults: list[Reason]) -> dict[str, int]:
    """The cohort of each member, from the column `cohort`."""
    column = normal.positions(table.header).get("cohort", [-1])[0]
    if column < 0:
        faults.append(Reason("COHORT_COLUMN"))
        return {}
    found = {}
    for row, cells in table.store:
        text = normal.value(cells[column]) if column < len(cells) else ""
        if not text.isdecimal() or not 1 <= int(text) <= max(len(cohorts), 1):
            faults.append(Reason("COHORT_CELL", {"row": str(row), "cohorts": len(cohorts)}))
            continue
        found[normal.value(cells[table.id_column])] = int(text)
    return found


def _served(path: Path, faults: list[Reason]) -> dict[str, date]:
    """The last day on which each person left, from the columns `id` and `left`."""
    left: dict[str, date] = {}
    with opened(path, File.RESPONDENTS, ("id", "left")) as sheet:
        _, header = next(sheet.rows, (0, []))
        places = normal.positions(header)
        if "id" not in places or "left" not in places:
            faults.append(Reason("SERVED_COLUMNS"))
            return {}
        person_at, day_at = places["id"][0], places["left"][0]
        for row, cells in sheet.rows:
            person = normal.value(cells[person_at]) if person_at < len(cells) else ""
            text = normal.value(cells[day_at]) if day_at < len(cells) else ""
            try:
                day = date.fromisoformat(text)
            except ValueError:
                faults.append(Reason("SERVED_DATE", {"row": str(row)}))
                continue
            left[person] = max(day, left.get(person, day))
    return left
