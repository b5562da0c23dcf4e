"""Workbooks (.xlsx, and the older and open formats that the reader knows) as rows of text."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Collection, Iterator
from typing import BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from . import normal
from .findings import File, Finding, Reason, UnreadableInputError
from .normal import Cells

# A workbook is a compressed archive: a few kilobytes may unfold to gigabytes. A million rows of ten columns
# unfold to about 500 MB.
_LARGEST = 2_000_000_000

Cell = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def open_workbook(
    stream: BinaryIO, file: File, expected: Collection[str]
) -> tuple[str, Iterator[tuple[int, Cells]]]:
    """(sheet's title, numbered rows that are not blank) of the sheet whose header fits best.

    Raises UnreadableInputError for a broken, locked or empty workbook.
    """
    _refuse_bomb(stream, file)
    try:
        book = CalamineWorkbook.from_filelike(stream)
        sheet = _best_sheet(book, expected)
    except PasswordError as error:
        raise UnreadableInputError(Finding(Reason.LOCKED_WORKBOOK, file)) from error
    except (CalamineError, OSError, ValueError) as error:
        raise UnreadableInputError(Finding(Reason.BROKEN_WORKBOOK, file)) from error
    except BaseException as error:
        # The reader is compiled code; its panics are no Exception, and must not end a service.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableInputError(Finding(Reason.BROKEN_WORKBOOK, file)) from error
    # The sheet has its own copy of the texts: the workbook's would only lie beside it.
    book.close()
    if sheet is None:
        raise UnreadableInputError(Finding(Reason.EMPTY_FILE, file))
    return sheet.name, _rows(sheet)


def _refuse_bomb(stream: BinaryIO, file: File) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            locked = any(entry.filename == "EncryptedPackage" for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Not an archive: an old workbook, or a broken one, which the reader tells apart.
        size, locked = 0, False
    stream.seek(0)
    if locked:
        raise UnreadableInputError(Finding(Reason.LOCKED_WORKBOOK, file))
    if size > _LARGEST:
        raise UnreadableInputError(
            Finding(Reason.LARGE_WORKBOOK, file, sizes=(("size", size), ("most", _LARGEST)))
        )


def _best_sheet(book: CalamineWorkbook, expected: Collection[str]) -> CalamineSheet | None:
    """The visible sheet with most expected headers, the first of equals; None if all are empty."""
    best: CalamineSheet | None = None
    best_named = -1
    for place, meta in enumerate(book.sheets_metadata):
        if meta.typ != SheetTypeEnum.WorkSheet or meta.visible != SheetVisibleEnum.Visible:
            continue
        sheet = book.get_sheet_by_index(place)
        top = next(_rows(sheet), None)
        if top is None:
            continue
        named = len({normal.header(cell) for cell in top[1]} & set(expected))
        if named > best_named:
            best, best_named = sheet, named
    return best


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, Cells]]:
    # The reader keeps the blank rows above the table, so counting from 1 gives the program's row numbers.
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [cell if type(cell) is str else text_of(cell) for cell in cells]
        if not normal.is_blank(row):
            yield number, row


def text_of(cell: Cell) -> str:
    """What a spreadsheet program would show: whole numbers without '.0', dates in ISO 8601."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
