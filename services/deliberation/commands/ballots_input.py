"""Reads what the commands `ballots …` are given: CSV (comma, semicolon or tab; UTF-8) or JSON.

Every fault is found before anything is refused, each with its row or place and never with what a vote says.
Words are made in ballots_words.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from services.deliberation.ballots.errors import BadInput, Parameter, Reason, bad
from services.deliberation.ballots.rule import Base, Choice, Comparator, Counted, Quorum, Rule, Share
from services.deliberation.ballots.tally import Counts

MAX_BYTES = 50_000_000
WEIGHTS = ("weight", "weights", "vægt", "stemmevægt")
CHOICES = {choice.value: choice for choice in Choice} | {
    "ja": Choice.YES,
    "nej": Choice.NO,
    "undlader": Choice.ABSTAIN,
}
COMPARATORS = {c.value: c for c in Comparator} | {
    ">=": Comparator.AT_LEAST,
    "≥": Comparator.AT_LEAST,
    ">": Comparator.MORE_THAN,
}
BASES = {base.value: base for base in Base}
COUNTED = {counted.value: counted for counted in Counted}
RULE_COLUMNS = ("base", "threshold", "comparator", "quorum", "quorum_of", "quorum_comparator")
COLUMNS = ("question", *(choice.value for choice in Choice), "entitled", "present", *RULE_COLUMNS)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One question to tally, from `row` of the file; `present` is None where it was not counted."""

    row: int
    name: str
    rule: Rule
    counts: Counts
    entitled: int
    present: int | None


@dataclass(slots=True)
class Faults:
    found: list[Reason] = field(default_factory=list)

    def add(self, code: str, **params: Parameter) -> None:
        self.found.append(Reason(code, params))

    def raise_any(self) -> None:
        if self.found:
            raise BadInput(self.found)


def content(path: Path) -> bytes:
    """A file's bytes. Raises BadInput: FILE_UNREADABLE, FILE_TOO_LARGE."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise bad("FILE_TOO_LARGE", file=path.name, most=MAX_BYTES)
        return path.read_bytes()
    except OSError:
        raise bad("FILE_UNREADABLE", file=path.name) from None


def _text(path: Path) -> str:
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise bad("NOT_UTF8", file=path.name) from None


def json_value(path: Path) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        return json.loads(_text(path), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise bad("NOT_JSON", file=path.name) from None


def table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns (small letters), and (row as a spreadsheet counts, cells by column)."""
    text = _text(path)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise bad("NOT_CSV", file=path.name) from None
    columns = [cell.strip().lower() for cell in lines[0]] if lines else []
    if any(column in WEIGHTS for column in columns):
        raise bad("WEIGHTED_VOTES")
    if len(set(columns)) < len(columns):
        raise bad("COLUMN_TWICE", file=path.name)
    rows, faults = [], Faults()
    for number, cells in enumerate(lines[1:], 2):
        if len(cells) > len(columns):
            faults.add("ROW_TOO_LONG", file=path.name, row=number)
        elif any(cell.strip() for cell in cells):
            padded = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
            rows.append((number, dict(zip(columns, padded, strict=True))))
    faults.raise_any()
    return columns, rows


def only(path: Path, columns: Sequence[str], needed: Sequence[str], known: Sequence[str]) -> None:
    faults = Faults()
    for column in needed:
        if column not in columns:
            faults.add("COLUMN_MISSING", file=path.name, column=column)
    for column in columns:
        if column not in known:
            faults.add("COLUMN_UNKNOWN", file=path.name, column=column)
    faults.raise_any()


def whole(text: str, **where: Parameter) -> int:
    """A whole number of 0 or more. Raises BadInput (NUMBER_EXPECTED)."""
    if text.isascii() and text.isdigit() and len(text) < 9:
        return int(text)
    raise bad("NUMBER_EXPECTED", **where)


# -- the rule and the questions ------------------------------------------------------------------------------


def make_rule(values: Mapping[str, str]) -> Rule:
    """From the columns or options `RULE_COLUMNS`, empty ones as they are when not given. Raises BadInput."""
    if not values.get("threshold"):
        raise bad("THRESHOLD_MISSING")
    quorum = None
    if values.get("quorum"):
        quorum = Quorum(
            Share.parse(values["quorum"]),
            _known(COUNTED, values.get("quorum_of") or Counted.CAST.value, "quorum_of"),
            _known(COMPARATORS, values.get("quorum_comparator") or ">=", "quorum_comparator"),
        )
    elif values.get("quorum_of") or values.get("quorum_comparator"):
        raise bad("QUORUM_MISSING")
    return Rule(
        _known(BASES, values.get("base") or Base.FOR_AGAINST.value, "base"),
        Share.parse(values["threshold"]),
        _known(COMPARATORS, values.get("comparator") or ">=", "comparator"),
        quorum,
    )


def _known(words: Mapping[str, T], text: str, column: str) -> T:
    try:
        return words[text.lower().replace("-", "_")]
    except KeyError:
        raise bad("VALUE_UNKNOWN", field=column, known=", ".join(words)) from None


def questions(path: Path, defaults: Mapping[str, str]) -> list[Question]:
    """The questions of a file: counts per question, or a row per vote (columns question, choice).

    `defaults`: options as text, used where the file says nothing. Raises BadInput with every fault.
    """
    if path.suffix.lower() == ".json":
        rows = _json_questions(path)
    else:
        columns, table_rows = table(path)
        if "choice" in columns:
            only(path, columns, (), ("question", "choice"))
            rows = _counted(path, table_rows)
        else:
            only(path, columns, ("yes", "no"), COLUMNS)
            rows = table_rows
    if not rows:
        raise bad("NO_QUESTIONS", file=path.name)
    found, faults, names = [], Faults(), set()
    for number, row in rows:
        filled = {name: row.get(name) or defaults.get(name, "") for name in COLUMNS}
        try:
            question = _question(path, number, filled)
        except BadInput as error:
            faults.found += (Reason(r.code, {"row": number, **r.params}) for r in error.reasons)
            continue
        if question.name in names:
            faults.add("QUESTION_TWICE", row=number)
        names.add(question.name)
        found.append(question)
    faults.raise_any()
    return found


def _question(path: Path, number: int, row: Mapping[str, str]) -> Question:
    def at(column: str) -> int:
        return whole(row[column], file=path.name, row=number, column=column)

    if not row["entitled"]:
        raise bad("ENTITLED_MISSING")
    counts = {choice.value: at(choice.value) if row[choice.value] else 0 for choice in Choice}
    return Question(
        row=number,
        name=row["question"] or path.stem,
        rule=make_rule(row),
        counts=Counts(**counts),
        entitled=at("entitled"),
        present=at("present") if row["present"] else None,
    )


def _counted(
    path: Path, table_rows: Sequence[tuple[int, dict[str, str]]]
) -> list[tuple[int, dict[str, str]]]:
    """Rows of counts, one per question, from rows of single votes."""
    faults, votes, first = Faults(), dict[str, list[Choice]](), dict[str, int]()
    for number, row in table_rows:
        choice = CHOICES.get(row["choice"].lower())
        if choice is None:
            faults.add("CHOICE_UNKNOWN", file=path.name, row=number)
            continue
        name = row.get("question", "")
        votes.setdefault(name, []).append(choice)
        first.setdefault(name, number)
    faults.raise_any()
    made = []
    for name, choices in votes.items():
        counts = Counts.count(choices)
        made.append(
            (first[name], {"question": name} | {choice.value: str(counts.of(choice)) for choice in Choice})
        )
    # A file of votes without a vote is one question that nobody voted on.
    return made or [(1, {choice.value: "0" for choice in Choice})]


def _json_questions(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows as of a table, from {"questions": [{column: text or whole number, …}, …]}."""
    value = json_value(path)
    if not isinstance(value, dict) or set(value) != {"questions"} or not isinstance(value["questions"], list):
        raise bad("JSON_SHAPE", file=path.name, place="questions")
    rows, faults = [], Faults()
    for place, item in enumerate(value["questions"], 1):
        if isinstance(item, dict) and set(item) & set(WEIGHTS):
            raise bad("WEIGHTED_VOTES")
        if (
            not isinstance(item, dict)
            or not set(item) <= set(COLUMNS)
            or any(type(cell) not in (int, str) for cell in item.values())
        ):
            faults.add("JSON_SHAPE", file=path.name, place=f"questions.{place}")
            continue
        rows.append((place, {name: str(cell) for name, cell in item.items()}))
    faults.raise_any()
    return rows
