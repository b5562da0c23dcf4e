"""Reads what `groups plan` and `groups replan` are given: CSV (comma, semicolon or tab; UTF-8) or JSON.

Every fault is found before anything is refused, each with its row or place. Words are made in groups_words.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from services.deliberation.grouping.errors import BadInput, Parameter, Reason
from services.deliberation.grouping.types import HeldGroup, Member, Problem, Resource, Round

MAX_BYTES = 20_000_000
NEEDS = "needs"
ALL = "all"
ROLES = ("member", "facilitator", "resource")
# A spreadsheet runs a cell that starts with one of these.
FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given; None or empty where they were not."""

    members: Path
    groups: int | None = None
    rounds: int | None = None
    balance: tuple[str, ...] = ()
    rules: Path | None = None
    id_column: str = "id"
    tolerance: int | None = None
    attended: Path | None = None
    done: int | None = None


@dataclass(slots=True)
class _Faults:
    found: list[Reason] = field(default_factory=list)

    def add(self, code: str, **params: Parameter) -> None:
        self.found.append(Reason(code, params))

    def raise_any(self) -> None:
        if self.found:
            raise BadInput(self.found)


def read(request: Request) -> tuple[Problem, list[list[HeldGroup]]]:
    """The problem and the rounds held so far. Raises BadInput with every fault of the files."""
    faults = _Faults()
    if request.members.suffix.lower() == ".json":
        problem = _from_json(request, faults)
    else:
        problem = _from_csv(request, faults)
    held = [] if request.attended is None else _attended(request.attended, request.done, faults)
    for name in [member.id for member in problem.members] + list(problem.facilitators):
        if name.startswith(FORMULA):
            faults.add("ID_LIKE_FORMULA", id=name)
    faults.raise_any()
    return problem, held


# -- tables -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """`rows`: (line number in the file as a spreadsheet counts, cells by column)."""

    file: str
    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput([Reason("FILE_TOO_LARGE", {"file": path.name, "most": MAX_BYTES})])
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput([Reason("NOT_UTF8", {"file": path.name})]) from None
    except OSError:
        raise BadInput([Reason("FILE_UNREADABLE", {"file": path.name})]) from None


def _table(path: Path, needed: Iterable[str], faults: _Faults) -> _Table:
    text = _text(path)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise BadInput([Reason("NOT_CSV", {"file": path.name})]) from None
    columns = tuple(cell.strip() for cell in lines[0]) if lines else ()
    for column in needed:
        if column not in columns:
            faults.add("COLUMN_MISSING", file=path.name, column=column)
    for column in sorted({c for c in columns if c and columns.count(c) > 1}):
        faults.add("COLUMN_TWICE", file=path.name, column=column)
    faults.raise_any()
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            faults.add("ROW_TOO_LONG", file=path.name, row=number)
            continue
        values = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
        rows.append((number, dict(zip(columns, values, strict=True))))
    return _Table(path.name, columns, rows)


def _whole(table: _Table, number: int, column: str, text: str, faults: _Faults) -> int:
    if text.isascii() and text.isdigit() and len(text) < 9:
        return int(text)
    faults.add("NUMBER_EXPECTED", file=table.file, row=number, column=column)
    return 0


def _from_csv(request: Request, faults: _Faults) -> Problem:
    table = _table(request.members, [request.id_column], faults)
    for option, value in (("--groups", request.groups), ("--rounds", request.rounds)):
        if value is None:
            faults.add("OPTION_MISSING", option=option)
    balance = request.balance
    if ALL in balance and ALL not in table.columns:
        balance = tuple(c for c in table.columns if c and c not in (request.id_column, NEEDS))
    for feature in balance:
        if feature not in table.columns:
            faults.add("COLUMN_MISSING", file=table.file, column=feature)
    members = []
    for number, row in table.rows:
        identity = row[request.id_column]
        if not identity or len(identity.split()) > 1:
            faults.add("ID_NOT_ONE_WORD", file=table.file, row=number)
            continue
        features = {feature: row.get(feature, "") for feature in balance}
        members.append(Member(identity, features, frozenset(row.get(NEEDS, "").split())))
    problem = Problem(
        members=tuple(members),
        rounds=tuple(Round(request.groups or 0) for _ in range(min(request.rounds or 0, 10_000))),
        balance=balance,
    )
    if request.tolerance is not None:
        problem = dataclasses.replace(problem, tolerance=request.tolerance)
    return problem if request.rules is None else _with_rules(problem, request.rules, faults)


def _with_rules(problem: Problem, path: Path, faults: _Faults) -> Problem:
    """The problem with a table of rules: columns rule, who and, by rule, what, limit, groups, rounds."""
    table = _table(path, ("rule", "who"), faults)
    apart, together = list(problem.apart), list(problem.together)
    resources, facilitators = list(problem.resources), list(problem.facilitators)
    needs: dict[str, set[str]] = {member.id: set(member.needs) for member in problem.members}
    absent: list[set[str]] = [set(planned.absent) for planned in problem.rounds]
    for number, row in table.rows:
        rule, who = row["rule"].lower(), row["who"].split()
        what = row.get("what", "")
        if rule in ("apart", "together", "need", "absent", "facilitator") and not who:
            faults.add("RULE_LACKS", file=table.file, row=number, column="who")
        elif rule in ("need", "resource") and not what:
            faults.add("RULE_LACKS", file=table.file, row=number, column="what")
        elif rule == "apart":
            apart.append(frozenset(who))
        elif rule == "together":
            together.append(frozenset(who))
        elif rule == "facilitator":
            facilitators.extend(who)
        elif rule == "need":
            for person in who:
                if person in needs:
                    needs[person].add(what)
                else:
                    faults.add("UNKNOWN_IN_ROW", file=table.file, row=number, id=person)
        elif rule == "resource":
            limit = _whole(table, number, "limit", row.get("limit", ""), faults)
            groups = [_whole(table, number, "groups", t, faults) for t in row.get("groups", "").split()]
            resources.append(Resource(what, limit, frozenset(groups)))
        elif rule == "absent":
            for text in row.get("rounds", "").split() or [""]:
                away = _whole(table, number, "rounds", text, faults)
                if 1 <= away <= len(absent):
                    absent[away - 1].update(who)
                elif text.isdigit():
                    faults.add("NO_SUCH_ROUND", file=table.file, row=number, round=away, rounds=len(absent))
        else:
            faults.add("UNKNOWN_RULE", file=table.file, row=number)
    return dataclasses.replace(
        problem,
        members=tuple(dataclasses.replace(m, needs=frozenset(needs[m.id])) for m in problem.members),
        rounds=tuple(
            dataclasses.replace(planned, absent=frozenset(away))
            for planned, away in zip(problem.rounds, absent, strict=True)
        ),
        apart=tuple(apart),
        together=tuple(together),
        resources=tuple(resources),
        facilitators=tuple(facilitators),
    )


def _attended(path: Path, last: int | None, faults: _Faults) -> list[list[HeldGroup]]:
    """Rounds 1 … done as they sat: columns round, group, id, and role (member when there is none)."""
    table = _table(path, ("round", "group", "id"), faults)
    seats: dict[int, dict[int, tuple[list[str], list[str]]]] = {}
    for number, row in table.rows:
        place = _whole(table, number, "round", row["round"], faults)
        group = _whole(table, number, "group", row["group"], faults)
        role = row.get("role", "").lower() or ROLES[0]
        if role not in ROLES:
            faults.add("UNKNOWN_ROLE", file=table.file, row=number)
        elif role != "resource" and (last is None or place <= last):
            sides = seats.setdefault(place, {}).setdefault(group, ([], []))
            side = sides[role == "facilitator"]
            if row["id"] in side:
                faults.add("ROW_TWICE", file=table.file, row=number)
            elif role == "facilitator" and side:
                faults.add("TWO_FACILITATORS", file=table.file, row=number)
            elif len(row["id"].split()) != 1:
                faults.add("ID_NOT_ONE_WORD", file=table.file, row=number)
            side.append(row["id"])
    done = max(seats, default=0) if last is None else last
    held = []
    for place in range(1, min(done, 10_000) + 1):
        if place not in seats:
            faults.add("ROUND_NOT_RECORDED", file=table.file, round=place)
        groups = seats.get(place, {})
        held.append(
            [
                HeldGroup(frozenset(members), leaders[0] if leaders else None)
                for _, (members, leaders) in sorted(groups.items())
            ]
        )
    return held


# -- JSON ---------------------------------------------------------------------------------------------------


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _MemberShape(_Shape):
    id: str
    features: dict[str, str] = {}
    needs: list[str] = []


class _RoundShape(_Shape):
    groups: int
    absent: list[str] = []


class _ResourceShape(_Shape):
    id: str
    limit: int
    groups: list[int] = []


class _ProblemShape(_Shape):
    members: list[_MemberShape]
    rounds: list[_RoundShape]
    balance: list[str] = []
    apart: list[list[str]] = []
    together: list[list[str]] = []
    resources: list[_ResourceShape] = []
    facilitators: list[str] = []
    tolerance: int = 6


def _from_json(request: Request, faults: _Faults) -> Problem:
    given: Sequence[tuple[str, object]] = (
        ("--groups", request.groups),
        ("--rounds", request.rounds),
        ("--balance", request.balance),
        ("--rules", request.rules),
        ("--tolerance", request.tolerance),
    )
    for option, value in given:
        if value is not None and value != ():
            faults.add("OPTION_WITH_JSON", option=option)
    name = request.members.name
    try:
        shape = _ProblemShape.model_validate_json(_text(request.members))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            place = ".".join(str(part) for part in fault["loc"])
            code = "NOT_JSON" if fault["type"] == "json_invalid" else "JSON_SHAPE"
            faults.add(code, file=name, place=place or "/", kind=fault["type"])
        raise BadInput(faults.found) from None
    return Problem(
        members=tuple(Member(m.id, dict(m.features), frozenset(m.needs)) for m in shape.members),
        rounds=tuple(Round(r.groups, frozenset(r.absent)) for r in shape.rounds),
        balance=tuple(shape.balance),
        apart=tuple(frozenset(people) for people in shape.apart),
        together=tuple(frozenset(people) for people in shape.together),
        resources=tuple(Resource(r.id, r.limit, frozenset(r.groups)) for r in shape.resources),
        facilitators=tuple(shape.facilitators),
        tolerance=shape.tolerance,
    )
