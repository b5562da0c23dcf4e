"""The targets' table: feature, value, min, max; optional min_flex, max_flex and reason of an over-draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from services.sortition.lottery.problem import Target

from . import counts, normal
from .findings import FILE_REASONS, File, Finding, Reason, UnreadableInputError, quote
from .normal import Cells
from .source import Sheet, SourceInfo, opened

# The practice's older tables call a feature 'category' and its value 'name'.
_FEATURE = ("feature", "category")
_VALUE = ("value", "name")
_OPTIONAL = ("min_flex", "max_flex", "reason")
EXPECTED = frozenset((*_FEATURE, *_VALUE, "min", "max", *_OPTIONAL))


@dataclass(frozen=True, slots=True)
class TargetsTable:
    """What the targets' file says. `targets` are the rows without errors, in the file's order.

    `values` maps each feature (first spelling in the file) to every value it names, those with a faulty
    count too, so that one faulty count does not make every respondent an error. `rows` gives each
    target's row. `info` is None when the file could not be read.
    """

    info: SourceInfo | None
    targets: tuple[Target, ...]
    rows: tuple[int, ...]
    values: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.values)

    @property
    def readable(self) -> bool:
        """Whether features and values are known well enough to hold respondents against them."""
        return bool(self.values)


def read_targets(source: bytes | Path) -> TargetsTable:
    """Read targets from a CSV file or workbook; every error is in `findings`, none is raised."""
    try:
        with opened(source, File.TARGETS, EXPECTED) as sheet:
            return _Reader(sheet).read()
    except UnreadableInputError as refusal:
        return TargetsTable(None, (), (), {}, (refusal.finding,))


class _Reader:
    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._findings: list[Finding] = []
        self._columns: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._spelling: dict[str, str] = {}
        self._seen: dict[tuple[str, str], int] = {}
        self._targets: list[Target] = []
        self._rows: list[int] = []

    def read(self) -> TargetsTable:
        rows = self._sheet.rows
        header_row, header = next(rows, (0, []))
        whole = self._find_columns(header_row, header)
        count = 0
        for number, cells in rows:
            count += 1
            if whole:
                self._row(number, cells, len(header))
        if not count:
            self._findings.append(Finding(Reason.NO_ROWS, File.TARGETS))
        values: dict[str, list[str]] = {}
        for key, value in self._seen:
            values.setdefault(self._spelling[key], []).append(value)
        return TargetsTable(
            replace(self._sheet.info, rows=count),
            tuple(self._targets),
            tuple(self._rows),
            {feature: tuple(found) for feature, found in values.items()},
            (*self._findings, *self._sheet.trailing),
        )

    def _find_columns(self, row: int, header: Cells) -> bool:
        places = normal.positions(header)
        for names in (_FEATURE, _VALUE, ("min",), ("max",), *((name,) for name in _OPTIONAL)):
            index = normal.first_of(places, *names)
            name = names[0]
            if index is None:
                if name not in _OPTIONAL:
                    self._findings.append(
                        Finding(
                            Reason.MISSING_COLUMN,
                            File.TARGETS,
                            row=row or None,
                            column=name,
                            sizes=(("columns", len(header)),),
                        )
                    )
                continue
            self._columns[name] = index
            self._names[name] = quote(normal.value(header[index]))
            if len(places[normal.header(header[index])]) > 1:
                self._findings.append(
                    Finding(Reason.DUPLICATE_COLUMN, File.TARGETS, row=row, column=self._names[name])
                )
        return all(name in self._columns for name in ("feature", "value", "min", "max"))

    def _cell(self, cells: Cells, name: str) -> str:
        index = self._columns.get(name)
        return normal.value(cells[index]) if index is not None and index < len(cells) else ""

    def _wrong(self, reason: Reason, row: int, name: str, found: str, **sizes: int) -> None:
        self._findings.append(
            Finding(
                reason,
                File.TARGETS,
                row=row,
                column=self._names[name],
                found=quote(found),
                sizes=tuple(sizes.items()),
            )
        )

    def _row(self, row: int, cells: Cells, width: int) -> None:
        if any(cell.strip() for cell in cells[width:]):
            self._findings.append(
                Finding(
                    Reason.TOO_MANY_CELLS,
                    File.TARGETS,
                    row=row,
                    sizes=(("cells", len(cells)), ("columns", width)),
                )
            )
            return
        feature, value = self._cell(cells, "feature"), self._cell(cells, "value")
        if not feature:
            self._wrong(Reason.EMPTY_FEATURE, row, "feature", "")
        if not value:
            self._wrong(Reason.EMPTY_TARGET_VALUE, row, "value", "")
        known = bool(feature and value)
        if known:
            key = normal.header(feature)
            feature = self._spelling.setdefault(key, feature)
            first = self._seen.setdefault((key, value), row)
            if first != row:
                self._wrong(Reason.DUPLICATE_VALUE, row, "value", value, first=first)
                known = False
        bounds = [self._count(cells, row, name) for name in ("min", "max", "min_flex", "max_flex")]
        minimum, maximum, min_flex, max_flex = bounds
        if minimum is None or maximum is None:
            return
        fits = self._in_order(row, minimum, maximum, min_flex, max_flex)
        if known and fits:
            reason = self._cell(cells, "reason")
            self._targets.append(Target(feature, value, minimum, maximum, min_flex, max_flex, reason))
            self._rows.append(row)

    def _count(self, cells: Cells, row: int, name: str) -> int | None:
        if name not in self._columns:
            return None
        cell = self._cell(cells, name)
        if name in _OPTIONAL and not cell:
            return None
        count = counts.parse(cell)
        if isinstance(count, Reason):
            self._wrong(count, row, name, cell)
            return None
        return count

    def _in_order(
        self, row: int, minimum: int, maximum: int, min_flex: int | None, max_flex: int | None
    ) -> bool:
        before = len(self._findings)
        if minimum > maximum:
            self._wrong(Reason.MIN_OVER_MAX, row, "min", str(minimum), min=minimum, max=maximum)
        if min_flex is not None and min_flex > minimum:
            self._wrong(
                Reason.MIN_FLEX_OVER_MIN, row, "min_flex", str(min_flex), min_flex=min_flex, min=minimum
            )
        if max_flex is not None and max_flex < maximum:
            self._wrong(
                Reason.MAX_FLEX_UNDER_MAX, row, "max_flex", str(max_flex), max_flex=max_flex, max=maximum
            )
        return len(self._findings) == before


def is_unreadable(findings: tuple[Finding, ...]) -> bool:
    """Whether the file as a whole could not be read."""
    return any(finding.reason in FILE_REASONS for finding in findings)
