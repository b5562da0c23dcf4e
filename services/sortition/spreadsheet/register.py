"""A register of people, streamed: what `respondents` reads whole, row by row, for a million rows.

Rows are checked against the targets as respondents are; every error becomes a finding (up to a limit, so
that a wrong column does not make a million of them), and a row with one is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import normal
from .findings import File, Finding, Reason, UnreadableInputError, quote
from .normal import Cells
from .source import Sheet, SourceInfo, opened

MOST_FINDINGS = 200


# One accepted row: id, values, address, row number. The address is folded (case and blanks aside), empty
# where none is given. A plain tuple: a million of them are made.
RegisterRow = tuple[str, tuple[str, ...], str, int]


@dataclass(slots=True)
class OpenRegister:
    """`rows` to be read once; `info` (its rows) and `findings` are whole when they are exhausted.

    `header` is as it came. `shown` says whether ids may be quoted (not where names or addresses serve).
    """

    info: SourceInfo
    header: tuple[str, ...]
    rows: Iterator[RegisterRow]
    findings: list[Finding]


@contextlib.contextmanager
def open_register(
    source: bytes | Path,
    values: Mapping[str, Sequence[str]],
    id_column: str | None = None,
    address_columns: Sequence[str] = (),
) -> Iterator[OpenRegister]:
    """The register, its header read. `values` are the features and the values that each may have.

    Nothing is raised for bad input: a file that cannot be read has one finding and no rows.
    """
    wanted = {normal.header(name) for name in (*values, id_column or "id", *address_columns)}
    try:
        with opened(source, File.REGISTER, wanted) as sheet:
            reader = _Reader(sheet, values, id_column, address_columns)
            yield reader.opened
    except UnreadableInputError as refusal:
        yield OpenRegister(SourceInfo("", "text"), (), iter(()), [refusal.finding])


def pick(source: bytes | Path, rows: Collection[int], columns: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Some columns of some rows, as they came, by row number: a second reading, for those who are drawn."""
    with opened(source, File.REGISTER, {normal.header(name) for name in columns}) as sheet:
        _, header = next(sheet.rows, (0, []))
        places = normal.positions(header)
        chosen = [places[normal.header(name)][0] for name in columns]
        return {
            number: tuple(cells[i] if i < len(cells) else "" for i in chosen)
            for number, cells in sheet.rows
            if number in rows
        }


class _Reader:
    def __init__(
        self,
        sheet: Sheet,
        values: Mapping[str, Sequence[str]],
        id_column: str | None,
        address_columns: Sequence[str],
    ) -> None:
        self._sheet = sheet
        self._values = values
        number, header = next(sheet.rows, (0, []))
        self._header: Cells = header
        self._findings: list[Finding] = []
        self._places = normal.positions(header)
        self._head_row = number
        features = [self._column(name, Reason.MISSING_COLUMN) for name in values]
        homes = [self._column(name, Reason.MISSING_ADDRESS_COLUMN) for name in address_columns]
        self._features = [place for place in features if place is not None]
        self._homes = [place for place in homes if place is not None]
        self._id: int | None = 0
        if id_column or "id" in self._places or 0 in (*self._features, *self._homes):
            self._id = self._column(id_column or "id", Reason.MISSING_COLUMN)
        if self._id in self._features:
            name = quote(normal.value(header[self._id or 0]))
            self._findings.append(Finding(Reason.FEATURE_IS_ID, File.REGISTER, number, name))
        whole = not self._findings
        rows = self._rows() if whole else iter(())
        self.opened = OpenRegister(sheet.info, tuple(header), rows, self._findings)

    def _column(self, name: str, missing: Reason) -> int | None:
        found = self._places.get(normal.header(name), [])
        if len(found) == 1:
            return found[0]
        reason = Reason.DUPLICATE_COLUMN if found else missing
        sizes = (("columns", len(self._header)),)
        finding = Finding(reason, File.REGISTER, self._head_row or None, quote(name), sizes=sizes)
        if finding not in self._findings:
            self._findings.append(finding)
        return None

    def _rows(self) -> Iterator[RegisterRow]:
        assert self._id is not None  # noqa: S101 - else there was a finding, and no rows
        width, place, homes = len(self._header), self._id, self._homes
        # A known combination of cells is right, and shares one tuple: a million rows look up one key each.
        known: dict[tuple[str, ...], tuple[str, ...]] = {}
        features = self._features
        count = 0
        for row, cells in self._sheet.rows:
            count += 1
            if len(cells) != width and not self._fits(row, cells, width):
                continue
            raw = tuple([cells[i] for i in features])
            values = known.get(raw)
            if values is None:
                values = self._checked(row, raw)
                if values is None:
                    continue
                known[raw] = values
            person = normal.value(cells[place])
            if not person:
                self._found(Finding(Reason.EMPTY_ID, File.REGISTER, row, quote(self._header[place])))
                continue
            address = ""
            if homes:
                parts = [" ".join(normal.value(cells[i]).casefold().split()) for i in homes]
                address = "\x1f".join(parts) if any(parts) else ""
            yield person, values, address, row
        if not count:
            self._found(Finding(Reason.NO_ROWS, File.REGISTER))
        self._findings.extend(self._sheet.trailing)
        self.opened.info = replace(self._sheet.info, rows=count)

    def _fits(self, row: int, cells: Cells, width: int) -> bool:
        """Whether a row of another width only has empty cells too many at its end."""
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            return True
        reason = Reason.TOO_MANY_CELLS if len(cells) > width else Reason.TOO_FEW_CELLS
        self._found(Finding(reason, File.REGISTER, row, sizes=(("cells", len(cells)), ("columns", width))))
        return False

    def _checked(self, row: int, raw: tuple[str, ...]) -> tuple[str, ...] | None:
        values = tuple(normal.value(cell) for cell in raw)
        right = True
        for (feature, allowed), value in zip(self._values.items(), values, strict=True):
            if value not in allowed:
                right = False
                self._found(
                    Finding(
                        Reason.UNKNOWN_VALUE if value else Reason.EMPTY_VALUE,
                        File.REGISTER,
                        row,
                        quote(feature),
                        quote(value),
                        sizes=(("values", len(allowed)),),
                        choices=tuple(quote(v) for v in allowed[:12]),
                    )
                )
        return values if right else None

    def _found(self, finding: Finding) -> None:
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(finding)
