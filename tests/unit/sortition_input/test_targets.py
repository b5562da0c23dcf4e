"""Targets: every error of the table at once, each with its row, column, value and sizes."""

from __future__ import annotations

import pytest

from services.sortition.lottery.problem import Target
from services.sortition.spreadsheet import counts
from services.sortition.spreadsheet.findings import Reason
from services.sortition.spreadsheet.targets import read_targets


def found(text: str) -> list[tuple[Reason, int | None, str, str]]:
    return [(f.reason, f.row, f.column, f.found) for f in read_targets(text.encode()).findings]


def test_targets_are_read_with_flex_and_reason() -> None:
    table = read_targets(
        b"Feature; VALUE ;Min;max;min_flex;MAX_FLEX;reason\n"
        b"gender;female;10;12;8;14;\ngender;male;10;12;;;\nage; 16-29 ;3;4;;;hard to reach\n"
    )
    assert table.findings == ()
    assert table.targets == (
        Target("gender", "female", 10, 12, 8, 14),
        Target("gender", "male", 10, 12),
        Target("age", "16-29", 3, 4, reason="hard to reach"),
    )
    assert table.values == {"gender": ("female", "male"), "age": ("16-29",)}
    assert table.features == ("gender", "age")


def test_the_practices_older_headers_are_known() -> None:
    table = read_targets(b"category,name,min,max\ngender,female,1,2\n")
    assert table.targets == (Target("gender", "female", 1, 2),)


def test_all_errors_come_at_once() -> None:
    assert found(
        "feature,value,min,max,min_flex,max_flex\n"
        "g,a,1,2,,\n"  # 2: right
        "g,a,1,2,,\n"  # 3: again
        "g,b,5,3,,\n"  # 4: min > max
        "g,c,two,-1,,\n"  # 5: a word, a negative number
        "g,d,1.5,2,,\n"  # 6: a fraction
        "g,e,,2,,\n"  # 7: nothing
        ",f,1,2,,\n"  # 8: no feature
        "g,,1,2,,\n"  # 9: no value
        "g,h,1,2,2,1\n"  # 10: flex the wrong way round
        "g,i,1,9999999999,,\n"  # 11: too large
        "g,j,1,2,x,\n"  # 12: a word for a flex
    ) == [
        (Reason.DUPLICATE_VALUE, 3, "value", "a"),
        (Reason.MIN_OVER_MAX, 4, "min", "5"),
        (Reason.COUNT_NOT_A_NUMBER, 5, "min", "two"),
        (Reason.COUNT_NEGATIVE, 5, "max", "-1"),
        (Reason.COUNT_FRACTION, 6, "min", "1.5"),
        (Reason.EMPTY_COUNT, 7, "min", ""),
        (Reason.EMPTY_FEATURE, 8, "feature", ""),
        (Reason.EMPTY_TARGET_VALUE, 9, "value", ""),
        (Reason.MIN_FLEX_OVER_MIN, 10, "min_flex", "2"),
        (Reason.MAX_FLEX_UNDER_MAX, 10, "max_flex", "1"),
        (Reason.COUNT_TOO_LARGE, 11, "max", "9999999999"),
        (Reason.COUNT_NOT_A_NUMBER, 12, "min_flex", "x"),
    ]


def test_sizes_are_compared_in_the_finding() -> None:
    over, again = read_targets(b"feature,value,min,max\ng,a,5,3\ng,a,1,2\n").findings
    assert over.sizes == (("min", 5), ("max", 3))
    assert again.sizes == (("first", 2),)


def test_a_feature_is_the_same_however_it_is_capitalised() -> None:
    table = read_targets(b"feature,value,min,max\nGender,a,1,2\ngender,b,1,2\nGENDER,a,1,2\n")
    assert table.values == {"Gender": ("a", "b")}
    assert [f.reason for f in table.findings] == [Reason.DUPLICATE_VALUE]


def test_values_are_the_same_however_their_letters_are_composed() -> None:
    table = read_targets("feature,value,min,max\ng,Dragør å,1,2\ng,Dragør a\u030a,1,2\n".encode())
    assert [f.reason for f in table.findings] == [Reason.DUPLICATE_VALUE]


def test_every_missing_column_is_named() -> None:
    assert found("feature,antal\ng,1\n") == [
        (Reason.MISSING_COLUMN, 1, "value", ""),
        (Reason.MISSING_COLUMN, 1, "min", ""),
        (Reason.MISSING_COLUMN, 1, "max", ""),
    ]


def test_a_column_that_is_there_twice_is_refused() -> None:
    assert (Reason.DUPLICATE_COLUMN, 1, "Min", "") in found("feature,value,Min,max,min\ng,a,1,2,1\n")


def test_a_header_alone_is_no_table() -> None:
    assert found("feature,value,min,max\n") == [(Reason.NO_ROWS, None, "", "")]


def test_a_row_with_surplus_cells_is_not_read_under_wrong_headers() -> None:
    (finding,) = read_targets(b"feature,value,min,max\ng,a,b,1,2\n").findings
    assert (finding.reason, finding.row, finding.sizes) == (
        Reason.TOO_MANY_CELLS,
        2,
        (("cells", 5), ("columns", 4)),
    )
    assert finding.found == ""


def test_a_faulty_count_leaves_the_value_known() -> None:
    table = read_targets(b"feature,value,min,max\ng,a,one,2\n")
    assert table.targets == ()
    assert table.values == {"g": ("a",)}


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("12.0", 12),
        ("12,00", 12),
        ("007", 7),
        ("\N{NO-BREAK SPACE}3", 3),
        ("", Reason.EMPTY_COUNT),
        ("  ", Reason.EMPTY_COUNT),
        ("twelve", Reason.COUNT_NOT_A_NUMBER),
        ("12 people", Reason.COUNT_NOT_A_NUMBER),
        ("1e3", Reason.COUNT_NOT_A_NUMBER),
        ("٣", Reason.COUNT_NOT_A_NUMBER),
        ("-1", Reason.COUNT_NEGATIVE),
        ("\N{MINUS SIGN}1", Reason.COUNT_NEGATIVE),
        ("-0.5", Reason.COUNT_NEGATIVE),
        ("1.5", Reason.COUNT_FRACTION),
        ("1,5", Reason.COUNT_FRACTION),
        ("1.000", Reason.COUNT_FRACTION),
        ("1000000000", Reason.COUNT_TOO_LARGE),
    ],
)
def test_what_is_a_count(cell: str, count: int | Reason) -> None:
    assert counts.parse(cell) == count
