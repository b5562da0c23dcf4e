"""Workbooks: counts as text are counts, the right sheet is found, broken and locked ones are refused."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest

from services.sortition.lottery.problem import Target
from services.sortition.spreadsheet.findings import Reason
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets
from services.sortition.spreadsheet.workbook import text_of


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


HEAD = ["feature", "value", "min", "max"]


def test_counts_are_counts_as_numbers_floats_and_text() -> None:
    table = read_targets(workbook(T=[HEAD, ["g", 1, 1, 2.0], ["g", "2", "1", " 2 "], ["g", 3.0, "1.0", 2]]))
    assert table.findings == ()
    assert table.targets == (Target("g", "1", 1, 2), Target("g", "2", 1, 2), Target("g", "3", 1, 2))
    assert table.info is not None
    assert (table.info.kind, table.info.sheet, table.info.rows) == ("workbook", "T", 3)


def test_wrong_counts_are_found_by_cell() -> None:
    table = read_targets(workbook(T=[HEAD, ["g", "a", 1.5, "x"], ["g", "b", -1, True], ["g", "c", None, 1]]))
    assert [(f.reason, f.row, f.column) for f in table.findings] == [
        (Reason.COUNT_FRACTION, 2, "min"),
        (Reason.COUNT_NOT_A_NUMBER, 2, "max"),
        (Reason.COUNT_NEGATIVE, 3, "min"),
        (Reason.COUNT_NOT_A_NUMBER, 3, "max"),
        (Reason.EMPTY_COUNT, 4, "min"),
    ]


def test_the_sheet_whose_header_fits_is_read() -> None:
    content = workbook(Notes=[["hello"]], Targets=[HEAD, ["g", "a", 1, 2]], People=[["id", "g"], [1, "a"]])
    targets = read_targets(content)
    people = read_respondents(content, targets)
    assert targets.info is not None
    assert people.info is not None
    assert (targets.info.sheet, people.info.sheet) == ("Targets", "People")
    assert [person.id for person in people.people] == ["1"]


def test_row_numbers_are_the_programs_own_below_blank_rows() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cell, value in {"B3": "id", "C3": "g", "B4": 1, "C4": "a", "B6": 2, "C6": "x"}.items():
        sheet[cell] = value
    buffer = io.BytesIO()
    book.save(buffer)
    targets = read_targets(b"feature,value,min,max\ng,a,1,2\n")
    people = read_respondents(buffer.getvalue(), targets)
    assert [(f.reason, f.row, f.found) for f in people.findings] == [(Reason.UNKNOWN_VALUE, 6, "x")]


def test_values_typed_as_numbers_meet_targets_typed_as_text() -> None:
    targets = read_targets(b"feature,value,min,max\nlevel,3,0,1\nlevel,2025-01-02,0,1\n")
    content = workbook(P=[["id", "level"], [1, 3], [2, "3"], [3, datetime.date(2025, 1, 2)]])
    people = read_respondents(content, targets)
    assert people.findings == ()
    assert [person.values for person in people.people] == [("3",), ("3",), ("2025-01-02",)]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3.0, "3"),
        (3.5, "3.5"),
        (True, "TRUE"),
        (False, "FALSE"),
        (datetime.time(9, 5), "09:05:00"),
        (1e20, "1e+20"),
    ],
)
def test_cells_read_as_a_program_shows_them(cell: float | bool | datetime.time, text: str) -> None:
    assert text_of(cell) == text


def reasons(content: bytes) -> list[Reason]:
    return [finding.reason for finding in read_targets(content).findings]


def test_a_broken_workbook_is_refused() -> None:
    whole = workbook(T=[HEAD, ["g", "a", 1, 2]])
    assert reasons(whole[: len(whole) // 2]) == [Reason.BROKEN_WORKBOOK]
    assert reasons(b"PK\x03\x04" + b"no workbook" * 50) == [Reason.BROKEN_WORKBOOK]
    assert reasons(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600) == [Reason.BROKEN_WORKBOOK]


def test_a_workbook_whose_sheet_is_damaged_is_refused() -> None:
    whole = zipfile.ZipFile(io.BytesIO(workbook(T=[HEAD, ["g", "a", 1, 2]])))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as damaged:
        for name in whole.namelist():
            content = whole.read(name)
            damaged.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    assert reasons(buffer.getvalue()) == [Reason.BROKEN_WORKBOOK]


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert reasons(buffer.getvalue()) == [Reason.BROKEN_WORKBOOK]


def test_an_empty_workbook_is_refused() -> None:
    assert reasons(workbook(T=[])) == [Reason.EMPTY_FILE]


def test_an_archive_that_would_unfold_beyond_memory_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.sortition.spreadsheet.workbook._LARGEST", 100)
    assert reasons(workbook(T=[HEAD, ["g", "a", 1, 2]])) == [Reason.LARGE_WORKBOOK]
