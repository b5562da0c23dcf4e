"""Tables by type from spreadsheets: a column for some or all features, and columns of figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.sortition.spreadsheet import counts, normal
from services.sortition.spreadsheet.findings import File, Finding, Reason, UnreadableInputError, quote
from services.sortition.spreadsheet.normal import Cells
from services.sortition.spreadsheet.source import Sheet, SourceInfo, opened

Number = int | float
Parser = Callable[[str], Number | Reason]
_SHARE = re.compile(r"([0-9]+(?:[.,][0-9]+)?(?:[eE]-?[0-9]+)?)\s*(%?)")


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One row: its number, values in the order of the table's features, figures by column (None: empty)."""

    number: int
    values: tuple[str, ...]
    figures: Mapping[str, Number | None]

    def count(self, column: str, missing: int = 0) -> int:
        figure = self.figures.get(column)
        return missing if figure is None else int(figure)

    def share(self, column: str) -> float:
        return float(self.figures.get(column) or 0.0)


@dataclass(frozen=True, slots=True)
class TypeTable:
    """`features` are those of the targets that the table has a column for, in the targets' order."""

    info: SourceInfo | None
    features: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[TypeRow, ...]
    findings: tuple[Finding, ...]


def share(text: str) -> float | Reason:
    """A share from '0.0204', '0,0204', '2.04%' or '2,04 %'."""
    found = _SHARE.fullmatch(normal.value(text))
    if not found:
        return Reason.RATE_NOT_A_SHARE
    number = float(found[1].replace(",", ".")) / (100 if found[2] else 1)
    return number if number <= 1 else Reason.RATE_NOT_A_SHARE


def number(text: str) -> float | Reason:
    """A positive decimal number."""
    found = _SHARE.fullmatch(normal.value(text))
    return float(found[1].replace(",", ".")) if found and not found[2] else Reason.COUNT_NOT_A_NUMBER


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table has: figures by column (required ones first), and columns that are passed over."""

    required: Mapping[str, Parser]
    optional: Mapping[str, Parser]
    others: Collection[str] = ()

    @property
    def all(self) -> dict[str, Parser]:
        return {**self.required, **self.optional}


COUNT: Parser = counts.parse


def read_types(
    path: Path,
    file: File,
    values: Mapping[str, Sequence[str]],
    columns: Columns,
    *,
    every_feature: bool,
    once: bool,
) -> TypeTable:
    """Read it. `values`: features with the values allowed. `once`: no combination may stand twice."""
    try:
        with opened(path, file, {*map(normal.header, values), *columns.all}) as sheet:
            return _Reader(sheet, file, values, columns, every_feature, once).read()
    except UnreadableInputError as refusal:
        return TypeTable(None, (), (), (), (refusal.finding,))


class _Reader:
    def __init__(
        self,
        sheet: Sheet,
        file: File,
        values: Mapping[str, Sequence[str]],
        columns: Columns,
        every: bool,
        once: bool,
    ) -> None:
        self._sheet, self._file, self._values, self._columns = sheet, file, values, columns
        self._every, self._once = every, once
        self._findings: list[Finding] = []
        self._features: list[tuple[str, int]] = []
        self._figures: list[tuple[str, int]] = []

    def read(self) -> TypeTable:
        rows = self._sheet.rows
        row, header = next(rows, (0, []))
        self._find(row, header)
        whole = not self._findings
        made: list[TypeRow] = []
        seen: dict[tuple[str, ...], int] = {}
        count = 0
        for row, cells in rows:
            count += 1
            found = self._row(row, cells, header) if whole else None
            if found is None:
                continue
            first = seen.setdefault(found.values, row)
            if self._once and first != row:
                self._add(Reason.TYPE_TWICE, row, found=" × ".join(found.values), first=first)
            made.append(found)
        # A table of replies may well have none yet.
        if not count and self._file is not File.REPLIES:
            self._add(Reason.NO_ROWS)
        return TypeTable(
            replace(self._sheet.info, rows=count),
            tuple(name for name, _ in self._features),
            tuple(name for name, _ in self._figures),
            tuple(made),
            (*self._findings, *self._sheet.trailing),
        )

    def _add(
        self, reason: Reason, row: int | None = None, column: str = "", found: str = "", **sizes: int
    ) -> None:
        self._findings.append(
            Finding(reason, self._file, row, quote(column), quote(found), sizes=tuple(sizes.items()))
        )

    def _find(self, row: int, header: Cells) -> None:
        places = normal.positions(header)
        keys = {normal.header(name): name for name in (*self._values, *self._columns.all)}
        for key, name in keys.items():
            where = places.get(key)
            if where is None:
                if name in self._columns.required or (self._every and name in self._values):
                    self._add(Reason.MISSING_COLUMN, row or None, name, columns=len(header))
                continue
            if len(where) > 1:
                self._add(Reason.DUPLICATE_COLUMN, row, name)
            (self._features if name in self._values else self._figures).append((name, where[0]))
        for key, where in places.items():
            if key not in keys and key not in self._columns.others:
                choices = tuple(keys.values())
                name = quote(normal.value(header[where[0]]))
                self._findings.append(Finding(Reason.UNKNOWN_COLUMN, self._file, row, name, choices=choices))

    def _row(self, row: int, cells: Cells, header: Cells) -> TypeRow | None:
        before = len(self._findings)
        if any(cell.strip() for cell in cells[len(header) :]):
            self._add(Reason.TOO_MANY_CELLS, row, cells=len(cells), columns=len(header))
            return None

        def cell(index: int) -> str:
            return normal.value(cells[index]) if index < len(cells) else ""

        values = []
        for name, index in self._features:
            value = cell(index)
            values.append(value)
            if not value:
                self._add(Reason.EMPTY_VALUE, row, name, values=len(self._values[name]))
            elif value not in self._values[name]:
                choices = tuple(quote(v) for v in self._values[name][:12])
                self._findings.append(
                    Finding(Reason.VALUE_NOT_TARGETED, self._file, row, name, quote(value), choices=choices)
                )
        figures: dict[str, Number | None] = {}
        for name, index in self._figures:
            text = cell(index)
            if not text and name not in self._columns.required:
                figures[name] = None
                continue
            figure = self._columns.all[name](text)
            if isinstance(figure, Reason):
                self._add(figure, row, name, text)
            else:
                figures[name] = figure
        return TypeRow(row, tuple(values), figures) if len(self._findings) == before else None
