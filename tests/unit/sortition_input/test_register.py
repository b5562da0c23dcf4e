"""A register as a stream: the same rules as for respondents, and never more findings than can be read."""

from __future__ import annotations

import pytest

from services.sortition.spreadsheet.findings import Reason
from services.sortition.spreadsheet.register import MOST_FINDINGS, RegisterRow, open_register, pick

VALUES = {"køn": ("kvinde", "mand"), "alder": ("16-29", "30+")}


def stream(
    source: bytes, id_column: str | None = None, address: tuple[str, ...] = ()
) -> tuple[list[RegisterRow], list[tuple[Reason, int | None]], int]:
    with open_register(source, VALUES, id_column, address) as opened:
        rows = list(opened.rows)
        return rows, [(f.reason, f.row) for f in opened.findings], opened.info.rows


def test_danish_letters_semicolons_blanks_and_empty_cells_at_the_end() -> None:
    text = "ID;Køn ;ALDER;vej;nr\n1;kvinde;16-29;Ærøvej ;3\n\n2; mand;30+;ærøvej;3;;\n3;mand;30+;;\n"
    expected = [
        ("1", ("kvinde", "16-29"), "ærøvej\x1f3", 2),
        ("2", ("mand", "30+"), "ærøvej\x1f3", 4),
        ("3", ("mand", "30+"), "", 5),
    ]
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        assert stream(text.encode(encoding), address=("vej", "nr")) == (expected, [], 3)


def test_the_first_column_serves_as_id_where_none_is_called_so() -> None:
    source = "nummer,køn,alder\n7,mand,30+\n".encode()
    assert stream(source)[0] == [("7", ("mand", "30+"), "", 2)]
    assert stream(source, "nummer")[0] == [("7", ("mand", "30+"), "", 2)]
    assert stream(source, "id")[1] == [(Reason.MISSING_COLUMN, 1)]
    assert stream(source, "køn")[1] == [(Reason.FEATURE_IS_ID, 1)]
    assert stream("køn,alder\nmand,30+\n".encode())[1] == [(Reason.MISSING_COLUMN, 1)]


def test_every_fault_with_its_row_and_the_good_rows_still_come() -> None:
    source = "id,køn,alder\n1,mand,30+\n2,mnd,\n,mand,30+\n4,mand\n5,mand,30+,x\n6,kvinde,30+\n".encode()
    rows, findings, count = stream(source)
    assert [row[0] for row in rows] == ["1", "6"]
    assert count == 6
    assert findings == [
        (Reason.UNKNOWN_VALUE, 3), (Reason.EMPTY_VALUE, 3), (Reason.EMPTY_ID, 4),
        (Reason.TOO_FEW_CELLS, 5), (Reason.TOO_MANY_CELLS, 6),
    ]  # fmt: skip


def test_a_wrong_column_does_not_make_a_million_findings() -> None:
    source = ("id,køn,alder\n" + "".join(f"{i},{i},{i}\n" for i in range(MOST_FINDINGS))).encode()
    rows, findings, count = stream(source)
    assert (rows, len(findings), count) == ([], MOST_FINDINGS, MOST_FINDINGS)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"", Reason.EMPTY_FILE),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", Reason.BINARY_FILE),
        ("id,køn,alder\n".encode(), Reason.NO_ROWS),
        ("id,køn,alder,køn\n1,mand,30+,mand\n".encode(), Reason.DUPLICATE_COLUMN),
        ('id,køn,alder\n1,mand,30+\n2,mand,"30+\n'.encode(), Reason.UNCLOSED_QUOTE),
    ],
)
def test_files_that_cannot_be_used(source: bytes, reason: Reason) -> None:
    assert stream(source)[1][0][0] is reason


def test_an_address_column_that_is_not_there() -> None:
    found = stream("id,køn,alder\n1,mand,30+\n".encode(), address=("vej",))
    assert found == ([], [(Reason.MISSING_ADDRESS_COLUMN, 1)], 0)


def test_picking_columns_of_some_rows() -> None:
    source = b"id,navn,vej\n1,A,x\n2,B\n3,C,z\n"
    assert pick(source, {3, 4}, ("Vej", "navn")) == {3: ("", "B"), 4: ("z", "C")}
