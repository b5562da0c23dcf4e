"""Delimited text: the delimiter recognised from the first rows, rows numbered as spreadsheets do."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Collection, Iterator
from typing import BinaryIO

from . import normal
from .decoding import Encoding, recognise
from .findings import File, Finding, Reason, UnreadableInputError
from .normal import Cells

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50
_SAMPLE_CHARACTERS = 1 << 18
# A cell longer than this is a quote that was never closed, not a cell.
_LONGEST_CELL = 131_072


class Delimited:
    """A text table, open at its first row. `trailing` collects what only reading to the end can show."""

    def __init__(self, stream: BinaryIO, file: File, expected: Collection[str]) -> None:
        self._stream = stream
        self._file = file
        self.trailing: list[Finding] = []
        self.encoding: Encoding = recognise(stream, file)
        text = io.TextIOWrapper(stream, encoding=self.encoding.codec, newline="")
        sample = text.read(_SAMPLE_CHARACTERS)
        # The wrapper would close the stream, which belongs to the caller.
        text.detach()
        if not sample.strip("\ufeff \t\r\n,;|"):
            raise UnreadableInputError(Finding(Reason.EMPTY_FILE, file))
        self._skip, named = _named_delimiter(sample)
        self.delimiter = named or _likeliest(sample, expected)

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """(row number, cells) of every row that is not blank, the header first. To be used once."""
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, encoding=self.encoding.codec, newline="")
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=self.delimiter)
        number = 0
        try:
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    break
                except csv.Error:
                    self.trailing.append(Finding(Reason.UNCLOSED_QUOTE, self._file, row=number))
                    break
                if reader.line_num == lines.count and lines.ended and _is_open(lines.record, self.delimiter):
                    self.trailing.append(Finding(Reason.UNCLOSED_QUOTE, self._file, row=number))
                lines.record.clear()
                if number <= self._skip or normal.is_blank(cells):
                    continue
                yield number, cells
        finally:
            # Closed already when the reading was given up midway.
            with contextlib.suppress(ValueError):
                text.detach()


class _Lines:
    """The text's lines; remembers those of the record being read, so that its end can be checked."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._lines = iter(text)
        self.record: list[str] = []
        self.count = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self.count += 1
        self.record.append(line)
        return line


def _is_open(record: list[str], delimiter: str) -> bool:
    """Whether the last record's quote is never closed (Python's reader takes the end of file for its end)."""
    try:
        for _ in csv.reader(record, delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _named_delimiter(sample: str) -> tuple[int, str]:
    """Excel's own first line 'sep=;' names the delimiter: (rows to skip, delimiter), or (0, '')."""
    first = sample.splitlines()[0].strip().strip('"') if sample.splitlines() else ""
    if len(first) == 5 and first.lower().startswith("sep=") and first[4] in DELIMITERS:
        return 1, first[4]
    if first.lower() == "sep=":
        return 1, "\t"
    return 0, ""


def _likeliest(sample: str, expected: Collection[str]) -> str:
    """The delimiter under which most expected headers are found and most rows are as wide as the header."""

    def score(delimiter: str) -> tuple[int, float, int]:
        rows: list[Cells] = []
        try:
            for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
                if not normal.is_blank(cells):
                    rows.append(cells)
                if len(rows) == _SAMPLE_ROWS:
                    break
        except csv.Error:
            pass
        if not rows or len(rows[0]) == 1:
            return (0, 0.0, 0)
        named = sum(1 for cell in rows[0] if normal.header(cell) in expected)
        even = sum(1 for cells in rows if len(cells) == len(rows[0])) / len(rows)
        return (named, even, len(rows[0]))

    # max keeps the first of equals, so a table of one column is called comma-separated.
    return max(DELIMITERS, key=score)


csv.field_size_limit(_LONGEST_CELL)
