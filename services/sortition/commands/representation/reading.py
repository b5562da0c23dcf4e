"""Tables of figures from spreadsheets: a feature and its values a row, or a combination of values a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.sortition.spreadsheet import counts, normal
from services.sortition.spreadsheet.findings import File, Finding, Reason, UnreadableInputError, quote
from services.sortition.spreadsheet.normal import Cells
from services.sortition.spreadsheet.source import Sheet, SourceInfo, opened

_FEATURE = ("feature", "category")
_VALUE = ("value", "name")
# Columns that other tables of the practice have, and that say nothing here.
_OTHERS = frozenset(
    "min max min_flex max_flex reason floor ceiling population invited pool panel end".split()
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, the values in the order of the features, figures by column (None: empty)."""

    number: int
    values: tuple[str, ...]
    figures: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """A table as read. `features` of a cross; of a feature table `("feature", "value")` stand in their place.

    `columns` are the figures' columns that there are, in the order asked for. Rows with a finding are
    left out.
    """

    info: SourceInfo | None
    features: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]


def read_features(source: Path, file: File, required: Sequence[str], optional: Sequence[str]) -> Figures:
    """A row per feature and value. Each column of figures may have other names, after a slash: 'a/b'."""
    return _read(source, file, None, required, optional)


def read_cross(
    source: Path, features: Collection[str], required: Sequence[str], optional: Sequence[str]
) -> Figures:
    """A row per combination: a column for each of two or more of these features, and the figures."""
    return _read(source, File.CROSS, tuple(features), required, optional)


def _read(
    source: Path, file: File, known: tuple[str, ...] | None, required: Sequence[str], optional: Sequence[str]
) -> Figures:
    figures = [*required, *optional]
    names = [name for column in figures for name in column.split("/")]
    expected = {*names, *(map(normal.header, known) if known is not None else (*_FEATURE, *_VALUE))}
    try:
        with opened(source, file, expected) as sheet:
            return _Reader(sheet, file, known, required, optional).read()
    except UnreadableInputError as refusal:
        return Figures(None, (), (), (), (refusal.finding,))


class _Reader:
    def __init__(
        self,
        sheet: Sheet,
        file: File,
        known: tuple[str, ...] | None,
        required: Sequence[str],
        optional: Sequence[str],
    ) -> None:
        self._sheet, self._file, self._known = sheet, file, known
        self._required, self._optional = required, optional
        self._findings: list[Finding] = []
        self._labels: list[tuple[str, int]] = []
        self._figures: list[tuple[str, int]] = []

    def read(self) -> Figures:
        rows = self._sheet.rows
        number, header = next(rows, (0, []))
        self._find_columns(number, header)
        made = []
        count = 0
        for number, cells in rows:
            count += 1
            row = self._row(number, cells, header)
            if row is not None:
                made.append(row)
        if not count:
            self._findings.append(Finding(Reason.NO_ROWS, self._file))
        return Figures(
            replace(self._sheet.info, rows=count),
            tuple(name for name, _ in self._labels),
            tuple(name for name, _ in self._figures),
            tuple(made),
            (*self._findings, *self._sheet.trailing),
        )

    def _find_columns(self, row: int, header: Cells) -> None:
        places = normal.positions(header)
        used: set[str] = set()

        def take(names: Sequence[str], label: str, wanted: bool) -> tuple[str, int] | None:
            index = normal.first_of(places, *names)
            if index is None:
                if wanted:
                    sizes = (("columns", len(header)),)
                    self._findings.append(
                        Finding(Reason.MISSING_COLUMN, self._file, row or None, label, sizes=sizes)
                    )
                return None
            key = normal.header(header[index])
            used.add(key)
            if len(places[key]) > 1:
                column = quote(normal.value(header[index]))
                self._findings.append(Finding(Reason.DUPLICATE_COLUMN, self._file, row, column))
            return label, index

        if self._known is None:
            labels = [take(_FEATURE, "feature", True), take(_VALUE, "value", True)]
        else:
            labels = [take((normal.header(name),), name, False) for name in self._known]
        required = [take(column.split("/"), column.split("/")[0], True) for column in self._required]
        optional = [take(column.split("/"), column.split("/")[0], False) for column in self._optional]
        self._labels = [found for found in labels if found]
        self._figures = [found for found in (*required, *optional) if found]
        for key, where in places.items():
            if key not in used and key not in _OTHERS:
                column = quote(normal.value(header[where[0]]))
                choices = tuple(column.split("/")[0] for column in (*self._required, *self._optional))
                choices = (*(self._known or ()), *choices)
                self._findings.append(
                    Finding(Reason.UNKNOWN_COLUMN, self._file, row, column, choices=choices)
                )

    def _row(self, number: int, cells: Cells, header: Cells) -> Row | None:
        before = len(self._findings)
        if any(cell.strip() for cell in cells[len(header) :]):
            sizes = (("cells", len(cells)), ("columns", len(header)))
            self._findings.append(Finding(Reason.TOO_MANY_CELLS, self._file, number, sizes=sizes))
            return None

        def cell(index: int) -> str:
            return normal.value(cells[index]) if index < len(cells) else ""

        values = []
        for name, index in self._labels:
            values.append(cell(index))
            if not values[-1]:
                empty = Reason.EMPTY_FEATURE if name == "feature" and self._known is None else None
                reason = empty or Reason.EMPTY_TARGET_VALUE
                self._findings.append(Finding(reason, self._file, number, quote(name)))
        figures: dict[str, int | None] = {}
        must = {column.split("/")[0] for column in self._required}
        for name, index in self._figures:
            text = cell(index)
            figures[name] = None
            if not text and name not in must:
                continue
            count = counts.parse(text)
            if isinstance(count, Reason):
                self._findings.append(Finding(count, self._file, number, name, quote(text)))
            else:
                figures[name] = count
        return Row(number, tuple(values), figures) if len(self._findings) == before else None
