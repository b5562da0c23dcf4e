"""No cell that leaves is run as a formula; numbers and phone numbers stay as they are."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sortition.spreadsheet.writer import csv_bytes, neutral

DANGEROUS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-1-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1+1",
        "－1",
        "＠x",
        " =1+1",
        "\N{NO-BREAK SPACE}=1",
        "\ufeff=1",
        "-",
        "+",
        "+45 12 34 56 78=1",
        "+45+12345678",
        "-12345678901 2345678 x",
    ],
)
def test_formulas_are_neutralised(cell: str) -> None:
    assert neutral(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "Bo",
        "12",
        "-3",
        "+3",
        "-1.5",
        "-1,5",
        "-1.000,50",
        "+1e5",
        "-7%",
        "+45 12 34 56 78",
        "+4512345678",
        "+45 1234-5678",
        "+1 (555) 123-4567",
        "a=b",
        "it's",
        " leading",
    ],
)
def test_numbers_phone_numbers_and_text_stay(cell: str) -> None:
    assert neutral(cell) == cell


@given(st.text(max_size=12))
def test_nothing_that_leaves_starts_like_a_formula_unless_it_is_a_number(cell: str) -> None:
    out = neutral(cell)
    if out[:1] and out[0] in DANGEROUS:
        assert out[0] in "+-"
        assert not set(out.strip()[1:]) - set("0123456789 .,()-eE+%")
    assert out in (cell, "'" + cell) or out == cell.strip()


cells = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=3)))
def test_what_is_written_can_be_read_again(rows: list[list[str]]) -> None:
    content = csv_bytes(rows).decode()
    again = list(csv.reader(io.StringIO(content, newline="")))
    assert again == [
        [neutral(cell).replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows
    ]


def test_output_is_comma_separated_utf8_with_line_feeds() -> None:
    assert csv_bytes([["id", "navn"], ["1", 'Bo "Ø", Hansen']]) == 'id,navn\n1,"Bo ""Ø"", Hansen"\n'.encode()
