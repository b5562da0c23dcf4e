"""Lists of people by id, and participation rates, from spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.sortition.commands.request import state
from services.sortition.commands.terminal import Terminal
from services.sortition.dropout.errors import BadInput, Reason
from services.sortition.dropout.rates import Earlier, Rates, estimate
from services.sortition.spreadsheet import counts, normal
from services.sortition.spreadsheet.findings import File, Finding, UnreadableInputError, quote
from services.sortition.spreadsheet.findings import Reason as Found
from services.sortition.spreadsheet.respondents import RespondentsTable
from services.sortition.spreadsheet.source import opened
from services.sortition.spreadsheet.targets import TargetsTable

_SHARE = re.compile(r"([0-9]{1,3}(?:[.,][0-9]+)?)\s*(%?)")


@dataclass(frozen=True, slots=True)
class Listed:
    """Ids from a file, in its order, and what is wrong with it."""

    ids: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_list(path: Path, file: File, respondents: RespondentsTable) -> Listed:
    """Ids from the pool's id column where the file has it, else from the column `id`, else the first.

    So `panel.csv` as `lottery draw` writes it can be used, and a bare list of ids too.
    """
    name = normal.header(respondents.header[respondents.id_column]) if respondents.header else "id"
    try:
        with opened(path, file, (name,)) as sheet:
            rows = list(sheet.rows)
            trailing = tuple(sheet.trailing)
    except UnreadableInputError as refusal:
        empty = refusal.finding.reason is Found.EMPTY_FILE
        return Listed((), () if empty else (refusal.finding,))
    column = 0
    if rows:
        places = normal.positions(rows[0][1])
        index = normal.first_of(places, name, "id")
        if index is not None:
            column, rows = index, rows[1:]
    found = [(number, normal.value(cells[column]) if column < len(cells) else "") for number, cells in rows]
    first: dict[str, int] = {}
    findings = [*trailing]
    for number, person in found:
        shown = "…" if respondents.private else quote(person)
        if not person:
            continue
        if person not in respondents.ids:
            findings.append(Finding(Found.UNKNOWN_ID, file, number, found=shown))
        elif person in first:
            sizes = (("first", first[person]),)
            findings.append(Finding(Found.DUPLICATE_ID, file, number, found=shown, sizes=sizes))
        first.setdefault(person, number)
    return Listed(tuple(first), tuple(findings))


def read_rates(
    terminal: Terminal, path: Path | None, everybody: str | None, targets: TargetsTable
) -> tuple[Rates | None, list[Finding], list[Reason]]:
    """Rates from a file (features, then `rate`, or `started` and `stayed`), from `--rate`, or both."""
    reasons: list[Reason] = []
    default = None
    if everybody is not None:
        default = share(everybody)
        if default is None:
            reasons.append(Reason("RATE_UNREADABLE", {"rate": quote(everybody)}))
    if path is None:
        if everybody is None:
            reasons.append(Reason("RATES_MISSING"))
        rates = Rates((), {(): default}, default) if default is not None else None
        return rates, [], reasons
    expected = {normal.header(feature) for feature in targets.features}
    try:
        with opened(path, File.PARTICIPATION, {*expected, "rate", "started", "stayed"}) as sheet:
            rows = list(sheet.rows)
            state(terminal, File.PARTICIPATION, replace(sheet.info, rows=max(0, len(rows) - 1)))
            findings = list(sheet.trailing)
    except UnreadableInputError as refusal:
        return None, [refusal.finding], reasons
    read = _Table(rows, targets)
    findings += read.findings
    reasons += read.reasons
    if findings or reasons:
        return None, findings, reasons
    try:
        if read.counted:
            made = estimate(read.features, read.earlier)
            return Rates(made.features, made.table, made.default if default is None else default), [], []
        return Rates(read.features, read.rates, default), [], []
    except BadInput as error:
        return None, [], list(error.reasons)


def share(text: str) -> float | None:
    """A share as people write it: 0.85, 0,85, 85 %. None if it is no such thing; its range is not checked."""
    match = _SHARE.fullmatch(normal.value(text))
    if match is None:
        return None
    number = float(match[1].replace(",", "."))
    return number / 100 if match[2] else number


class _Table:
    """The rows of a rates file."""

    def __init__(self, rows: Sequence[tuple[int, list[str]]], targets: TargetsTable) -> None:
        self.findings: list[Finding] = []
        self.reasons: list[Reason] = []
        self.rates: dict[tuple[str, ...], float] = {}
        self.earlier: list[Earlier] = []
        self._rows: dict[tuple[str, ...], int] = {}
        number, header = rows[0] if rows else (1, [])
        places = normal.positions(header)
        known = {normal.header(feature): feature for feature in targets.features}
        self._columns = [(known[key], where[0]) for key, where in places.items() if key in known]
        self._columns.sort(key=lambda item: item[0])
        self.features = tuple(feature for feature, _ in self._columns)
        self.counted = "rate" not in places and "started" in places
        wanted = ("started", "stayed") if self.counted else ("rate",)
        for name in wanted:
            if name not in places:
                sizes = (("columns", len(header)),)
                self.findings.append(
                    Finding(Found.MISSING_COLUMN, File.PARTICIPATION, number, name, sizes=sizes)
                )
        for key, where in places.items():
            if key not in known and key not in wanted:
                column = quote(normal.value(header[where[0]]))
                choices = (*targets.features, *wanted)
                self.findings.append(
                    Finding(Found.UNKNOWN_COLUMN, File.PARTICIPATION, number, column, choices=choices)
                )
            elif len(where) > 1:
                column = quote(normal.value(header[where[0]]))
                self.findings.append(Finding(Found.DUPLICATE_COLUMN, File.PARTICIPATION, number, column))
        if not self.findings:
            for row, cells in rows[1:]:
                self._row(row, cells, {name: places[name][0] for name in wanted}, targets)
            if len(rows) < 2:
                self.findings.append(Finding(Found.NO_ROWS, File.PARTICIPATION))

    def _row(self, row: int, cells: list[str], figures: dict[str, int], targets: TargetsTable) -> None:
        before = len(self.findings)

        def cell(index: int) -> str:
            return normal.value(cells[index]) if index < len(cells) else ""

        values = tuple(cell(index) for _, index in self._columns)
        for (feature, _), value in zip(self._columns, values, strict=True):
            choices = targets.values[feature]
            if value not in choices:
                reason = Found.UNKNOWN_VALUE if value else Found.EMPTY_VALUE
                self.findings.append(
                    Finding(reason, File.PARTICIPATION, row, feature, quote(value), choices=choices)
                )
        if not self.counted and values in self.rates:
            params = {"place": " × ".join(values) or "–", "row": str(row), "first": str(self._rows[values])}
            self.reasons.append(Reason("RATE_TWICE", params))
            return
        self._rows.setdefault(values, row)
        if self.counted:
            numbers = {name: counts.parse(cell(index)) for name, index in figures.items()}
            for name, count in numbers.items():
                if isinstance(count, Found):
                    self.findings.append(
                        Finding(count, File.PARTICIPATION, row, name, quote(cell(figures[name])))
                    )
            started, stayed = numbers["started"], numbers["stayed"]
            if len(self.findings) == before and isinstance(started, int) and isinstance(stayed, int):
                self.earlier.append(Earlier(values, started, stayed))
            return
        number = share(cell(figures["rate"]))
        if number is None:
            self.reasons.append(Reason("RATE_CELL", {"rate": quote(cell(figures["rate"])), "row": str(row)}))
        elif len(self.findings) == before:
            self.rates[values] = number
