"""Reads tables: CSV (comma, semicolon or tab; UTF-8) or a list in a JSON file, and the values in their cells.

Every fault is collected before anything is refused, each with its file and row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from services.volunteer.schedule.errors import BadInput, Parameter, Reason

MAX_BYTES = 20_000_000
DEFAULT_ZONE = "Europe/Copenhagen"
# A spreadsheet runs a cell that starts with one of these.
FORMULA = ("=", "+", "-", "@")


@dataclass(slots=True)
class Faults:
    """What is wrong so far."""

    found: list[Reason] = field(default_factory=list)

    def add(self, code: str, **params: Parameter) -> None:
        self.found.append(Reason(code, params))

    def raise_any(self) -> None:
        if self.found:
            raise BadInput(self.found)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `number` as a spreadsheet counts it (from 1 in JSON), cells by column without outer spaces."""

    file: str
    number: int
    cells: Mapping[str, str]
    faults: Faults

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def name(self, column: str) -> str:
        """An id: not empty, printable, nothing that a spreadsheet would run."""
        text = self.text(column)
        if not text or not text.isprintable():
            self._fault("NAME_EXPECTED", column, "")
        elif text.startswith(FORMULA):
            self._fault("NAME_LIKE_FORMULA", column, text)
        return text

    def number_of(self, column: str, otherwise: int) -> int:
        text = self.text(column)
        if not text:
            return otherwise
        if text.isascii() and text.isdigit() and len(text) < 9:
            return int(text)
        self._fault("NUMBER_EXPECTED", column, text)
        return otherwise

    def yes(self, column: str) -> bool:
        text = self.text(column).lower()
        if text not in ("", "yes", "no", "true", "false", "ja", "nej"):
            self._fault("YES_OR_NO_EXPECTED", column, text)
        return text in ("yes", "true", "ja")

    def day(self, column: str) -> date:
        """A date; 1 January 2000 beside a fault."""
        try:
            return date.fromisoformat(self.text(column))
        except ValueError:
            self._fault("DATE_EXPECTED", column, self.text(column))
            return date(2000, 1, 1)

    def local(self, column: str) -> datetime | None:
        """A local time without offset, None for an empty cell or beside a fault."""
        text = self.text(column)
        moment = self._moment(text)
        if moment is None or moment.utcoffset() is not None or len(text) < 16:
            if text:
                self._fault("LOCAL_TIME_WANTED", column, text)
            return None
        return moment

    def instant(self, column: str) -> datetime | None:
        """An instant with its offset, None beside a fault."""
        moment = self._moment(self.text(column))
        if moment is None or moment.utcoffset() is None:
            self._fault("INSTANT_EXPECTED", column, self.text(column))
            return None
        return moment

    def several(self, column: str) -> frozenset[str]:
        """Words separated by semicolons; none in an empty cell."""
        return frozenset(part.strip() for part in self.text(column).split(";") if part.strip())

    def one_of(self, column: str, known: tuple[str, ...]) -> str:
        """One of the known words; the first in an empty cell or beside a fault."""
        text = self.text(column).lower()
        if text and text not in known:
            self.faults.add(
                "ONE_OF_EXPECTED",
                file=self.file,
                row=self.number,
                column=column,
                value=text,
                known=", ".join(known),
            )
        return text if text in known else known[0]

    def metres(self, column: str) -> int | None:
        """A coordinate in whole metres; None in an empty cell or beside a fault."""
        text = self.text(column)
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) < 9:
            return int(text)
        if text:
            self._fault("METRES_EXPECTED", column, text)
        return None

    def _moment(self, text: str) -> datetime | None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        # Margins for time zones, neighbouring days and a year of clock changes around any slot.
        return moment if 1900 <= moment.year <= 2200 else None

    def _fault(self, code: str, column: str, value: str) -> None:
        self.faults.add(code, file=self.file, row=self.number, column=column, value=value)


def zone(name: str, faults: Faults) -> tzinfo:
    """The time zone of an IANA name; Copenhagen's beside a fault."""
    try:
        return ZoneInfo(name or DEFAULT_ZONE)
    except (OSError, ValueError, KeyError):  # the last is what an unknown name raises
        faults.add("UNKNOWN_ZONE", zone=name)
        return ZoneInfo(DEFAULT_ZONE)


def table(path: Path, columns: tuple[str, ...], needed: tuple[str, ...], faults: Faults) -> list[Row]:
    """The rows of a CSV file. Raises BadInput if its columns are not as they must be."""
    text = _read(path)
    header = text.split("\n", 1)[0]
    source = io.StringIO(text, newline="")
    try:
        lines = list(csv.reader(source, delimiter=max(",;\t", key=header.count), strict=True))
    except csv.Error:
        raise BadInput([Reason("NOT_CSV", {"file": path.name})]) from None
    found = [cell.strip() for cell in lines[0]] if lines else []
    wrong = Faults()
    for column in needed:
        if column not in found:
            wrong.add("COLUMN_MISSING", file=path.name, column=column)
    for column in sorted(set(found) - set(columns)):
        wrong.add("UNKNOWN_COLUMN", file=path.name, column=column, known=", ".join(columns))
    for column in sorted({column for column in found if found.count(column) > 1}):
        wrong.add("COLUMN_TWICE", file=path.name, column=column)
    wrong.raise_any()
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if len(cells) > len(found):
            faults.add("ROW_TOO_LONG", file=path.name, row=number)
        elif any(cell.strip() for cell in cells):
            values = [cell.strip() for cell in cells] + [""] * (len(found) - len(cells))
            rows.append(Row(path.name, number, dict(zip(found, values, strict=True)), faults))
    return rows


def lists(path: Path, columns: Mapping[str, tuple[str, ...]], faults: Faults) -> dict[str, list[Row]]:
    """The named lists of objects in a JSON file, `columns` having the fields of each."""
    try:
        content = json.loads(_read(path))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BadInput([Reason("NOT_JSON", {"file": path.name})])
    for key in sorted(content.keys() - columns.keys()):
        faults.add("UNKNOWN_FIELD", file=path.name, row=0, field=key)
    found: dict[str, list[Row]] = {}
    for key, known in columns.items():
        items = content.get(key, [])
        found[key] = []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            faults.add("LIST_EXPECTED", file=path.name, field=key)
            continue
        for number, item in enumerate(items, 1):
            for name in sorted(item.keys() - set(known)):
                faults.add("UNKNOWN_FIELD", file=path.name, row=number, field=f"{key}.{name}")
            cells = {name: _cell(value) for name, value in item.items()}
            found[key].append(Row(path.name, number, cells, faults))
    return found


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ";".join(_cell(each) for each in value)
    return "" if value is None else str(value).strip()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput([Reason("FILE_TOO_LARGE", {"file": path.name, "most": MAX_BYTES})])
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput([Reason("NOT_UTF8", {"file": path.name})]) from None
    except OSError:
        raise BadInput([Reason("FILE_UNREADABLE", {"file": path.name})]) from None
