"""One file as rows of text, whatever it is: delimited text or a workbook; what was recognised is stated."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .delimited import Delimited
from .findings import File, Finding, Reason, UnreadableInputError
from .normal import Cells

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What was recognised: shown to the person, so that a wrong guess is seen at once.

    `name` is the file's own name without folders, empty for an upload. `kind` is 'text' or 'workbook'.
    `encoding` and `delimiter` are empty for a workbook, `sheet` for text. `rows` counts the rows below the
    header that are not blank.
    """

    name: str
    kind: str
    encoding: str = ""
    byte_order_mark: bool = False
    delimiter: str = ""
    sheet: str = ""
    rows: int = 0


@dataclass(slots=True)
class Sheet:
    """An open table: `info` with rows = 0, and the numbered rows, to be read once.

    `trailing` is filled when the rows are exhausted: what only the end of the file shows.
    """

    info: SourceInfo
    rows: Iterator[tuple[int, Cells]]
    trailing: list[Finding]


@contextlib.contextmanager
def opened(source: bytes | Path, file: File, expected: Collection[str]) -> Iterator[Sheet]:
    """The table in `source`. `expected` are header keys that help to tell delimiter and sheet.

    Raises UnreadableInputError with the one finding when nothing can be read.
    """
    name = source.name if isinstance(source, Path) else ""
    with contextlib.closing(_stream(source, file)) as stream:
        signature = stream.read(len(_COMPOUND))
        stream.seek(0)
        if signature.startswith((_ZIP, _EMPTY_ZIP, _COMPOUND)):
            # Imported here: reading text does not need it.
            from .workbook import open_workbook

            title, rows = open_workbook(stream, file, expected)
            yield Sheet(SourceInfo(name, "workbook", sheet=title), rows, [])
            return
        text = Delimited(stream, file, expected)
        info = SourceInfo(
            name,
            "text",
            encoding=text.encoding.name,
            byte_order_mark=text.encoding.mark,
            delimiter=text.delimiter,
        )
        yield Sheet(info, text.rows(), text.trailing)


def _stream(source: bytes | Path, file: File) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except FileNotFoundError as error:
        raise UnreadableInputError(Finding(Reason.MISSING_FILE, file)) from error
    except OSError as error:
        raise UnreadableInputError(Finding(Reason.UNREADABLE_FILE, file)) from error
