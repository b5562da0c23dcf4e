"""Any usual delimiter and encoding is recognised and stated; what is no table is refused with its reason."""

from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sortition.spreadsheet.findings import File, Reason, UnreadableInputError
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.source import opened
from services.sortition.spreadsheet.targets import read_targets

TARGETS = "feature,value,min,max\nkøn,kvinde,1,2\nkøn,mand,1,2\n".encode()
ENCODINGS = {
    "utf-8": ("UTF-8", False, b""),
    "utf-8-sig": ("UTF-8", True, b""),
    "utf-16": ("UTF-16", True, b""),
    "utf-16-le": ("UTF-16", False, b""),
    "utf-16-be": ("UTF-16", False, b""),
    "cp1252": ("Windows-1252", False, b""),
}


def table(rows: list[list[str]], delimiter: str = ",") -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


@pytest.mark.parametrize("codec", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_encoding_and_delimiter_is_read_and_stated(codec: str, delimiter: str) -> None:
    rows = [["id", "Køn", "note"], ["æ1", "kvinde", f"a{delimiter}b"], ["æ2", " mand ", 'say "ø"']]
    result = read_respondents(table(rows, delimiter).encode(codec), read_targets(TARGETS))
    assert result.findings == ()
    assert [(p.id, p.values) for p in result.people] == [("æ1", ("kvinde",)), ("æ2", ("mand",))]
    assert [cells for _, cells in result.accepted_rows()] == rows[1:]
    name, mark, _ = ENCODINGS[codec]
    assert result.info is not None
    assert (result.info.encoding, result.info.byte_order_mark) == (name, mark)
    assert (result.info.delimiter, result.info.rows, result.info.kind) == (delimiter, 2, "text")


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"), max_size=8
)


@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_cells_come_back_as_they_were_written(
    rows: list[tuple[str, str]], delimiter: str, codec: str
) -> None:
    written = [["id", "køn", "a", "b"], *([f"p{i}", "mand", *row] for i, row in enumerate(rows))]
    result = read_respondents(table(written, delimiter).encode(codec), read_targets(TARGETS))
    assert result.findings == ()
    assert [row for _, row in result.accepted_rows()] == written[1:]


def test_a_byte_order_mark_is_no_part_of_the_first_header() -> None:
    content = codecs.BOM_UTF8 + b"id,feature\n"
    with opened(content, File.RESPONDENTS, ("id",)) as sheet:
        assert next(sheet.rows) == (1, ["id", "feature"])


def test_excels_own_line_names_the_delimiter_and_rows_keep_their_numbers() -> None:
    content = b"sep=;\r\nid;k\xc3\xb8n\r\np1;mand\r\n;kvinde\r\n"
    result = read_respondents(content, read_targets(TARGETS))
    assert result.info is not None
    assert result.info.delimiter == ";"
    assert [(f.reason, f.row) for f in result.findings] == [(Reason.EMPTY_ID, 4)]


def test_blank_rows_are_skipped_but_counted_in_row_numbers() -> None:
    content = "\n,,\nid,køn\n\np1,mand\n , \np2,x\n".encode()
    result = read_respondents(content, read_targets(TARGETS))
    assert result.info is not None
    assert result.info.rows == 2
    assert [(f.reason, f.row) for f in result.findings] == [(Reason.UNKNOWN_VALUE, 7)]


def test_a_line_break_inside_a_quoted_cell_is_one_row() -> None:
    content = 'id,køn,adresse\np1,mand,"Vej 1\n2791 Dragør"\np2,x,\n'.encode()
    result = read_respondents(content, read_targets(TARGETS))
    assert [(f.reason, f.row) for f in result.findings] == [(Reason.UNKNOWN_VALUE, 3)]


def test_a_delimiter_inside_cells_does_not_mislead_when_the_headers_are_known() -> None:
    content = "id;køn;navn,adresse,by\np1;mand;a,b,c\np2;kvinde;d,e,f\n".encode()
    result = read_respondents(content, read_targets(TARGETS))
    assert result.info is not None
    assert result.info.delimiter == ";"
    assert result.accepted_count == 2


def refused(content: bytes) -> tuple[Reason, int | None, str]:
    with (
        pytest.raises(UnreadableInputError) as refusal,
        opened(content, File.TARGETS, ()) as sheet,
    ):
        list(sheet.rows)
    return refusal.value.finding.reason, refusal.value.finding.row, refusal.value.finding.found


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" , ,\r\n;;", b"\xff\xfe"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert refused(content)[0] is Reason.EMPTY_FILE


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00",
        b"%PDF-1.7\n" + bytes(range(256)) * 4,
        bytes(range(1, 32)) * 20,
        b"id,k\x00n\np1,x\n",
        b"a,b\n" + b"x" * 100_000 + b"\0",
        b"\xff\xfea\x00\x00\x00b\x00",
    ],
)
def test_a_binary_file_is_refused(content: bytes) -> None:
    assert refused(content)[0] is Reason.BINARY_FILE


def test_damaged_utf8_is_not_taken_for_windows_1252() -> None:
    content = "id,køn\n".encode() + "æøå,ø\n".encode() * 3 + b"p\xc3,x\n"
    assert refused(content) == (Reason.UNDECODABLE_FILE, 5, "UTF-8")


def test_bytes_that_windows_1252_has_not_are_refused_with_their_row() -> None:
    assert refused(b"id,k\xf8n\np1,m\x81nd\n") == (Reason.UNDECODABLE_FILE, 2, "Windows-1252")


def test_half_a_utf16_character_is_refused() -> None:
    content = codecs.BOM_UTF16_LE + "id,køn\n".encode("utf-16-le") + b"\x00\xd8"
    assert refused(content)[0] is Reason.UNDECODABLE_FILE


def test_a_quote_that_never_closes_is_found_where_it_opens() -> None:
    content = 'id,køn,note\np1,mand,\np2,mand,"open\np3,mand,x\n'.encode()
    findings = read_respondents(content, read_targets(TARGETS)).findings
    assert (Reason.UNCLOSED_QUOTE, 3) in [(f.reason, f.row) for f in findings]


def test_a_quote_that_swallows_more_than_a_cell_can_hold_is_found_too() -> None:
    content = 'id,køn,note\np1,mand,"open\n'.encode() + b"p,mand,x\n" * 20_000
    findings = read_respondents(content, read_targets(TARGETS)).findings
    assert [(f.reason, f.row) for f in findings if f.reason is not Reason.NO_ROWS] == [
        (Reason.UNCLOSED_QUOTE, 2)
    ]


def test_windows_1252_beyond_the_first_block_is_still_recognised() -> None:
    content = b"id,k\xf8n\n" + b"".join(b"p%d,mand\n" % i for i in range(200_000))
    result = read_respondents(content, read_targets(TARGETS))
    assert result.info is not None
    assert (result.info.encoding, result.accepted_count) == ("Windows-1252", 200_000)
