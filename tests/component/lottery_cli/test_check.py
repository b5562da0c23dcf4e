"""`check` and the help: verdicts, errors of every kind of file, both languages."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from .conftest import TARGETS, Case, lottery, respondents, write


def test_a_feasible_pool_ends_with_0_and_its_table_on_stdout(case: Case) -> None:
    result = lottery("check", *case.options)
    assert result.code == 0
    assert "Pool: 60 people. Panel: 7 seats." in result.out
    assert "Feasible: there are panels of 7" in result.out
    assert any(line.split()[:4] == ["gender", "female", "3", "4"] for line in result.out.splitlines())


def test_a_pool_short_of_a_minimum_is_infeasible_not_bad_input(case: Case) -> None:
    rows = [row for row in respondents() if row[3] != "young"]
    write(case.respondents, rows)
    result = lottery("check", *case.options)
    assert result.code == 3
    assert "age “young”: at least 2 are asked for, but the pool has 0." in result.out
    assert "2 short" in result.out
    assert "lower the minimum of age “young” from 2 to 0" in result.out.lower()
    danish = lottery("check", *case.options, "--language", "da")
    assert danish.code == 3
    assert "Umuligt: intet panel med 7 medlemmer opfylder alle mål." in danish.out
    assert "sænk minimum for age “young” fra 2 til 0" in danish.out.lower()


def test_the_language_is_that_of_lang(case: Case) -> None:
    assert "Muligt:" in lottery("check", *case.options, language="da_DK.UTF-8").out
    assert "Feasible:" in lottery("check", *case.options, language="C").out
    english = lottery("check", *case.options, "--language=en", language="da_DK.UTF-8")
    assert "Feasible:" in english.out


def test_missing_files_are_told_together(case: Case) -> None:
    result = lottery("check", "--respondents", "none.csv", "--targets", "nor-this.csv", "--size", "7")
    assert result.code == 2
    assert "Respondents: There is no such file." in result.out
    assert "Targets: There is no such file." in result.out


def test_a_folder_is_no_file(case: Case) -> None:
    result = lottery("check", "--respondents", case.folder, "--targets", case.targets, "--size", "7")
    assert result.code == 2
    assert "cannot be opened" in result.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "neither text nor a workbook"),
        (b"PK\x03\x04 broken", "The workbook is damaged"),
        (b"id,gender,age\n" + b"\xc3\xa6\xc3\xb8\xc3\xa5" * 5 + b"\xc3,x\n", "looks like UTF-8"),
        (b"id,gender,age\n", "no row below it"),
    ],
)
def test_files_that_cannot_be_read_end_with_2(case: Case, content: bytes, words: str) -> None:
    case.respondents.write_bytes(content)
    result = lottery("check", *case.options)
    assert result.code == 2
    assert words in result.out


def test_every_error_of_both_files_comes_at_once(case: Case) -> None:
    rows = respondents()
    rows[1][2], rows[2][0], rows[3][0], rows[4][3] = "x", rows[1][0], "", ""
    write(case.respondents, rows, delimiter=";", encoding="cp1252")
    case.targets.write_text(TARGETS + "age,young,1,2,\nage,new,5,2,\nage,word,one,-2,\n")
    result = lottery("check", *case.options)
    assert result.code == 2
    assert "The input has 8 errors" in result.out
    for words in (
        "Targets, row 7, column “value”: The value “young” of this feature already stands in row 4.",
        "Targets, row 8, column “min”: The minimum 5 is over the maximum 2.",
        "Targets, row 9, column “min”: “one” is not a count.",
        "Targets, row 9, column “max”: “-2” is below 0.",
        "Respondents, row 2, column “gender”, id n0: The value “x” has no target.",
        "Respondents, row 3, column “id”: The id “n0” already stands in row 2.",
        "Respondents, row 4, column “id”: The id is empty.",
        "Respondents, row 5, column “age”, id n10: The cell is empty.",
    ):
        assert words in result.out
    assert "Name" not in result.text
    assert "separated by semicolons" in result.err


@pytest.mark.parametrize("command", ["check", "draw", "commit", "reveal", "verify", "explain"])
@pytest.mark.parametrize("language", ["en", "da"])
def test_help_teaches_with_an_example_in_both_languages(command: str, language: str) -> None:
    result = lottery(command, "--help", "--language", language)
    assert result.code == 0
    assert f"borgerting lottery {command}" in result.out
    assert ("Eksempel:" if language == "da" else "Example:") in result.out
    assert not re.search(r"\bhelp\.[a-z]", result.out)


def test_the_group_names_its_commands_and_exit_codes() -> None:
    result = lottery("--help")
    assert result.code == 0
    assert "3 infeasible" in " ".join(result.out.split())
    assert all(
        f"  {name} " in result.out for name in ("check", "draw", "commit", "reveal", "verify", "explain")
    )
    assert lottery().code == 2


def test_no_command_loads_a_solver_to_show_its_help() -> None:
    code = (
        "import sys; from services.sortition.commands import app; "
        "print([m for m in ('numpy', 'scipy', 'highspy', 'cryptography', 'babel') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_reader_that_stops_early_is_no_error(case: Case) -> None:
    command = [sys.executable, "-m", "services.sortition.commands", "check", *case.options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert "Traceback" not in told
    assert "BrokenPipe" not in told
    assert process.returncode == 0
