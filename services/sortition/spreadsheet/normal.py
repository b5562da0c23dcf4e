"""How cells are compared: outer blanks stripped, Unicode composed (NFC); headers also without case."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

Cells = list[str]


def value(cell: str) -> str:
    """A cell's text as ids and values are compared."""
    text = cell.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def header(cell: str) -> str:
    """A header's key: as `value`, without case; a stray byte order mark or zero-width space is no letter."""
    return value(cell.strip("\ufeff\u200b \t")).casefold()


def positions(cells: Sequence[str]) -> dict[str, list[int]]:
    """Where each header key stands, in order; empty headers are left out."""
    found: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        key = header(cell)
        if key:
            found.setdefault(key, []).append(index)
    return found


def first_of(places: Mapping[str, list[int]], *names: str) -> int | None:
    """The column of the first of these header keys that there is."""
    for name in names:
        if name in places:
            return places[name][0]
    return None


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row has nothing in it, as spreadsheet programs leave at the end of a table."""
    for cell in cells:  # noqa: SIM110 - a loop is twice as fast as all(), and runs for every row
        if cell and not cell.isspace():
            return False
    return True
