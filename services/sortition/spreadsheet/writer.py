"""Safe CSV: whatever people typed into a cell, no spreadsheet program runs it as a formula.

The one way in which this service writes CSV: comma, UTF-8 without byte order mark, line feeds, cells quoted
when they must be. (OWASP, CSV injection: a cell that starts with = + - @ tab or carriage return.)
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

_STARTS = frozenset(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
    "\N{FULLWIDTH COMMERCIAL AT}\N{MINUS SIGN}"
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[., ][0-9]{3})+)(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?%?")
_PHONE = re.compile(r"\+\(?[0-9](?:[ .()-]{0,2}[0-9]){4,14}\)?")
# What programs skip before they look for a formula.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\0"


def neutral(cell: str) -> str:
    """The cell as it may leave: with a leading apostrophe if a program could take it for a formula.

    Numbers ('-3', '+1.5e3') and phone numbers ('+45 12 34 56 78') stay as they are: they do nothing.
    """
    if not cell:
        return cell
    if cell[0] not in _STARTS:
        seen = cell.lstrip(" \N{NO-BREAK SPACE}" + _INVISIBLE)
        if seen == cell or not seen or seen[0] not in _STARTS:
            return cell
    text = cell.strip()
    if _NUMBER.fullmatch(text) or _PHONE.fullmatch(text):
        return cell if cell[0] not in "\t\r\n" else text
    return "'" + cell


def _written(cell: str) -> str:
    # The csv module leaves a lone carriage return unquoted, where it would end the row: a line break inside
    # a cell is written as a line feed.
    return neutral(cell).replace("\r\n", "\n").replace("\r", "\n")


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """The same as one UTF-8 file in memory."""
    return b"".join(csv_chunks(rows))


def csv_chunks(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The same in pieces of about 64 KiB, for a download that is not held in memory."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()
