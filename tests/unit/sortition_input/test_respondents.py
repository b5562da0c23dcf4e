"""Respondents: every error at once, nothing personal in any of them, households by address."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sortition.spreadsheet.corrected import corrected_copy
from services.sortition.spreadsheet.findings import Finding, Reason
from services.sortition.spreadsheet.respondents import RespondentsTable, read_respondents
from services.sortition.spreadsheet.targets import TargetsTable, read_targets
from services.sortition.spreadsheet.words import Words, describe

TARGETS = read_targets(
    b"feature,value,min,max\ngender,female,1,2\ngender,male,1,2\nage,young,0,2\nage,old,0,2\n"
)


def read(text: str, targets: TargetsTable = TARGETS, **options: object) -> RespondentsTable:
    return read_respondents(text.encode(), targets, **options)  # type: ignore[arg-type]


def places(table: RespondentsTable) -> list[tuple[Reason, int | None, str, str, str]]:
    return [(f.reason, f.row, f.column, f.found, f.id) for f in table.findings]


def test_people_come_in_the_targets_feature_order_with_extra_columns_kept() -> None:
    table = read("navn,AGE,id, Gender \nBo,old,7,male\nLis,young,8,female\n")
    assert table.findings == ()
    assert [(p.id, p.values, p.address) for p in table.people] == [
        ("7", ("male", "old"), None),
        ("8", ("female", "young"), None),
    ]
    assert table.header == ("navn", "AGE", "id", " Gender ")
    assert list(table.accepted_rows()) == [
        ("7", ["Bo", "old", "7", "male"]),
        ("8", ["Lis", "young", "8", "female"]),
    ]


def test_all_errors_come_at_once() -> None:
    table = read(
        "id,name,gender,age\n"
        "1,Bo,male,old\n"
        "1,Ib,male,young\n"
        ",Lis,female,old\n"
        "4,Eva,femal,\n"
        "5,Ida,female,old,surplus\n"
        "6,Ann,female\n"
    )
    assert places(table) == [
        (Reason.DUPLICATE_ID, 3, "id", "1", "1"),
        (Reason.EMPTY_ID, 4, "id", "", ""),
        (Reason.UNKNOWN_VALUE, 5, "gender", "femal", "4"),
        (Reason.EMPTY_VALUE, 5, "age", "", "4"),
        (Reason.TOO_MANY_CELLS, 6, "", "", ""),
        (Reason.TOO_FEW_CELLS, 7, "", "", ""),
    ]
    assert table.accepted_count == 1
    assert table.rejected == {3, 4, 5, 6, 7}
    unknown = table.findings[2]
    assert unknown.choices == ("female", "male")
    assert unknown.sizes == (("values", 2),)
    assert table.findings[0].sizes == (("first", 2),)


def test_no_finding_quotes_a_name_or_an_address() -> None:
    secret = ["Hemmelig Person", "Skjult Vej 7", "secret@example.org"]
    table = read(
        f"id,name,street,gender,age,mail\n1,{secret[0]},{secret[1]},x,old,{secret[2]}\n"
        f"1,{secret[0]},{secret[1]},male,,{secret[2]}\n"
        f",{secret[0]},{secret[1]},male,old,{secret[2]}\n"
        f"2,{secret[0]},unquoted, {secret[1]},male,old,{secret[2]}\n",
        address_columns=("street", "town"),
    )
    assert len(table.findings) == 6
    for language in ("en", "da"):
        text = " ".join(describe(f, Words(language)).line for f in table.findings) + repr(table.findings)
        assert not [word for word in secret if word in text]


def test_a_file_without_a_header_row_quotes_nobody() -> None:
    table = read("1,Hemmelig Person,male,old\n2,Skjult Person,female,young\n")
    assert [f.reason for f in table.findings] == [Reason.MISSING_COLUMN, Reason.MISSING_COLUMN]
    assert table.accepted_count == 0
    text = " ".join(describe(f, Words("en")).line for f in table.findings)
    assert "Hemmelig" not in text
    assert "4 columns" in text


def test_a_row_that_may_be_shifted_is_never_quoted() -> None:
    table = read(
        "id,name,street,gender,age,note\n"
        "2,Bo,Skjult Vej 7, 2. tv,male,old,\n"
        "3,Bo,male,Skjult Vej\n"
        "4,Bo,Skjult Vej,male,old,,,\n"
        "5,Bo,Skjult Vej,male,old\n"
    )
    assert places(table) == [
        (Reason.TOO_MANY_CELLS, 2, "", "", ""),
        (Reason.TOO_FEW_CELLS, 3, "", "", ""),
    ]
    assert [person.id for person in table.people] == ["4", "5"]


def test_names_that_have_to_serve_as_ids_are_not_quoted() -> None:
    table = read("Navn,gender,age\nHemmelig,male,old\nHemmelig,x,old\n")
    assert places(table) == [
        (Reason.DUPLICATE_ID, 3, "Navn", "…", ""),
        (Reason.UNKNOWN_VALUE, 3, "gender", "x", ""),
    ]
    headless = read("Hemmelig,male,old\nHemmelig,male,old\n")
    assert [f.reason for f in headless.findings] == [Reason.MISSING_COLUMN, Reason.MISSING_COLUMN]
    assert "Hemmelig" not in repr(headless.findings)


def test_names_that_were_chosen_as_ids_are_not_quoted_either() -> None:
    table = read("nr,Name,gender,age\n1,Hemmelig,male,old\n2,Hemmelig,x,old\n", id_column="name")
    assert places(table) == [
        (Reason.DUPLICATE_ID, 3, "Name", "…", ""),
        (Reason.UNKNOWN_VALUE, 3, "gender", "x", ""),
    ]


def test_a_header_nearly_right_is_suggested() -> None:
    (finding,) = read("id,gendr,age\n1,male,old\n").findings
    assert (finding.reason, finding.column, finding.choices) == (
        Reason.MISSING_COLUMN,
        "gender",
        ("gendr",),
    )


def test_the_id_is_the_column_id_else_the_first_else_the_one_named() -> None:
    assert [p.id for p in read("x,ID,gender,age\na,b,male,old\n").people] == ["b"]
    assert [p.id for p in read("x,gender,age\na,male,old\n").people] == ["a"]
    assert [p.id for p in read("x,id,gender,age\na,b,male,old\n", id_column=" X").people] == ["a"]


def test_an_id_column_that_is_not_there_is_one_finding() -> None:
    table = read("x,gender,age\na,male,old\nb,male,old\n", id_column="nr")
    assert places(table) == [(Reason.MISSING_COLUMN, 1, "nr", "", "")]
    assert table.accepted_count == 0
    assert table.rejected == {2, 3}


def test_a_feature_cannot_be_the_id() -> None:
    table = read("gender,age\nmale,old\nmale,young\n")
    assert [f.reason for f in table.findings] == [Reason.FEATURE_IS_ID]


def test_a_feature_column_that_is_there_twice_is_refused_once() -> None:
    table = read("id,gender,age,Gender\n1,male,old,male\n")
    assert [(f.reason, f.column) for f in table.findings] == [(Reason.DUPLICATE_COLUMN, "gender")]


def test_nothing_is_quoted_of_a_column_whose_header_stands_twice() -> None:
    table = read("id,gender,gender,age\n1,Hemmelig,male,old\n2,Hemmelig,male,x\n")
    assert places(table) == [
        (Reason.DUPLICATE_COLUMN, 1, "gender", "", ""),
        (Reason.UNKNOWN_VALUE, 3, "age", "x", "2"),
    ]
    ids = read("id,ID,gender,age\nHemmelig,1,male,old\nHemmelig,2,male,old\n")
    assert places(ids) == [(Reason.DUPLICATE_COLUMN, 1, "id", "", "")]


def test_an_address_column_that_is_there_twice_is_refused() -> None:
    table = read("id,gender,age,street,Street\n1,male,old,x,y\n", address_columns=("street",))
    assert places(table) == [(Reason.DUPLICATE_COLUMN, 1, "street", "", "")]


def test_a_header_alone_is_no_table() -> None:
    assert [f.reason for f in read("id,gender,age\n").findings] == [Reason.NO_ROWS]


def test_equal_addresses_share_a_household_and_empty_ones_do_not() -> None:
    table = read(
        "id,gender,age,street,post\n"
        "3,male,old,Vej  1,2791\n1,male,old,vej 1, 2791\n2,male,old,Vej 1,2770\n"
        "4,male,old,,\n5,male,old,, \n6,male,old,,2791\n7,male,old,,2791\n",
        address_columns=("street", "post"),
    )
    assert table.findings == ()
    assert [p.address for p in table.people] == ["1", "1", None, None, None, "6", "6"]


def test_an_address_column_that_is_not_there_is_named() -> None:
    table = read("id,gender,age,street\n1,male,old,x\n", address_columns=("strete", "town"))
    assert [(f.reason, f.column, f.choices) for f in table.findings] == [
        (Reason.MISSING_ADDRESS_COLUMN, "strete", ("street",)),
        (Reason.MISSING_ADDRESS_COLUMN, "town", ()),
    ]


@given(st.permutations(list(range(12))))
def test_the_households_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    rows = [f"{i},male,old,Vej {i % 4}" for i in range(12)]
    shuffled = read(
        "id,gender,age,street\n" + "\n".join(rows[i] for i in order) + "\n", address_columns=("street",)
    )
    assert {p.id: p.address for p in shuffled.people} == {
        str(i): min(str(j) for j in range(12) if j % 4 == i % 4) for i in range(12)
    }


def test_values_are_compared_composed_and_stripped_but_with_case() -> None:
    targets = read_targets("feature,value,min,max\nby,Dragør Å,0,1\n".encode())
    table = read("id,by\n1, Dragør A\u030a \n2,dragør å\n", targets)
    assert [p.values for p in table.people] == [("Dragør Å",)]
    assert [(f.reason, f.row, f.choices) for f in table.findings] == [
        (Reason.UNKNOWN_VALUE, 3, ("Dragør Å",))
    ]


def test_controls_and_length_are_taken_out_of_what_is_quoted() -> None:
    (finding,) = read("id,gender,age\n1,\x1b[31m" + "x" * 200 + ",old\n").findings
    assert "\x1b" not in finding.found
    assert len(finding.found) == 80


def test_the_corrected_copy_marks_rejected_rows_and_keeps_everything() -> None:
    table = read("id,name,gender,age\n1,Bo,male,old\n2,=1+1,femal,old\n3,Ib,male,old,more\n")
    lines = b"".join(corrected_copy(table, "en")).decode().splitlines()
    assert lines[0] == "id,name,gender,age,errors"
    assert lines[1] == "1,Bo,male,old,"
    assert lines[2].startswith("2,'=1+1,femal,old,")
    assert "“femal”" in lines[2]
    assert lines[3].startswith("3,Ib,male,old,")
    assert lines[3].endswith(",more")
    assert b"".join(corrected_copy(table, "da")).decode().splitlines()[0].endswith(",fejl")


def test_a_hundred_thousand_rows_share_their_strings_and_are_kept_packed() -> None:
    generator = random.Random(1)
    rows = [
        f"p{i},{generator.choice(['male', 'female'])},{generator.choice(['old', 'young'])},Name {i}"
        for i in range(100_000)
    ]
    table = read("id,gender,age,name\n" + "\n".join(rows))
    assert table.accepted_count == 100_000
    assert len({id(person.values) for person in table.people}) <= 4
    assert [",".join(cells) for _, cells in table.accepted_rows()] == rows


@pytest.mark.parametrize("language", ["en", "da"])
def test_every_reason_has_words_and_a_cure(language: str) -> None:
    words = Words(language)
    for reason in Reason:
        assert words.has(f"finding.{reason.value}"), reason
        assert words.has(f"finding.{reason.value}.cure"), reason


def test_a_finding_says_where_what_and_what_to_do() -> None:
    finding = read("id,gender,age\n17,femal,old\n").findings[0]
    assert isinstance(finding, Finding)
    assert describe(finding, Words("en")).line == (
        "Respondents, row 2, column “gender”, id 17: The value “femal” has no target. Correct the cell, or "
        "add the value to the targets. The targets have: “female”, “male”."
    )
    assert describe(finding, Words("da")).line.startswith("Respondenter, række 2, kolonne “gender”, id 17: ")
