"""The command `deadlines explain` as a secretariat runs it: options and files in, words and files out."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chassis.text import LANGUAGES, read_package
from services.followup.commands.deadlines import EXPLAIN_HELP, app
from services.followup.commands.deadlines_input import EXTENSION_COLUMNS
from services.followup.commands.deadlines_words import DeadlineWords
from services.followup.deadlines.calendar import DayOff

ROOT = Path(__file__).parents[3]
CASE = ("--handover", "2025-08-28", "--checkpoint", "within:3", "--checkpoint", "after:10")
HEAD = ",".join(EXTENSION_COLUMNS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, ["explain", *arguments, "--language", language])


def _file(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_the_reference_case_in_both_languages() -> None:
    english, danish = _run(*CASE), _run(*CASE, language="da")
    assert (english.exit_code, danish.exit_code) == (0, 0)
    assert "within:3: due Friday 28 November 2025\n" in english.stdout
    assert "Sunday 28 June 2026 is no working day: a Sunday." in english.stdout
    assert "after:10: frist mandag 29. juni 2026\n" in danish.stdout
    assert not re.search(r"deadlines\.|–", english.stdout + danish.stdout)


def test_a_handover_late_in_the_evening_is_dated_in_the_municipality() -> None:
    text = "2025-08-27T23:30Z"
    assert "28 November" in _run("--handover", text, "--checkpoint", "within:3").stdout
    in_nuuk = _run("--handover", text, "--checkpoint", "within:3", "--zone", "America/Nuuk")
    assert "27 November" in in_nuuk.stdout


def test_json_gives_what_csv_and_options_give() -> None:
    _file(
        "c.csv", "checkpoint;kind;months;rule;answered\nfirst;within;3;back;2026-02-01\n\nsecond;after;10\n"
    )
    _file("e.csv", f"{HEAD}\nfirst,2026-01-30,2025-11-20T09:00Z,council,budget\n")
    content = {
        "handover": "2025-08-28",
        "on": "2026-03-01",
        "zone": None,
        "checkpoints": [
            {"checkpoint": "first", "kind": "within", "months": 3, "rule": "back", "answered": "2026-02-01"},
            {"checkpoint": "second", "kind": "AFTER", "months": "10"},
        ],
        "extensions": [
            dict(
                zip(
                    EXTENSION_COLUMNS,
                    ("first", "2026-01-30", "2025-11-20T09:00Z", "council", "budget"),
                    strict=True,
                )
            )
        ],
    }
    _file("all.json", json.dumps(content))
    one = _run(
        "c.csv", "--handover", "2025-08-28", "--extensions", "e.csv", "--on", "2026-03-01", "--out", "a"
    )
    other = _run("all.json", "--out", "b")
    assert (one.exit_code, other.exit_code) == (0, 0), one.stderr + other.stderr
    for name in ("deadlines.csv", "deadlines.json"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
    first, second = csv.DictReader(Path("a", "deadlines.csv").read_text().splitlines())
    assert (first["due"], first["due_in_force"], first["state"], first["days"]) == (
        "2025-11-28",
        "2026-01-30",
        "answered_late",
        "2",
    )
    assert (second["nominal"], second["due"], second["state"]) == ("2026-06-28", "2026-06-29", "not_yet_open")
    written = json.loads(Path("a", "deadlines.json").read_text())["checkpoints"][0]
    assert (written["due"], written["extensions"][0]["by"]) == ("2025-11-28", "council")
    assert written["status"]["reasons"][0]["reason"] == "STATE_ANSWERED_LATE"
    assert "Extended to Friday 30 January 2026 by council: budget" in one.stdout
    assert "Answered Sunday 1 February 2026, 2 days late" in one.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--checkpoint", "within:3"), "--handover is missing."),
        (("--handover", "2025-08-28"), "There are no checkpoints"),
        ((*CASE, "--handover", "28/8/2025"), "--handover: '28/8/2025' is no date"),
        ((*CASE, "--handover", "2025-02-30"), "--handover: '2025-02-30' is no date"),
        ((*CASE, "--handover", "2025-08-28T17:00"), "has no offset from UTC"),
        ((*CASE, "--on", "0001-01-01T00:00+14:00"), "is no date"),
        ((*CASE, "--zone", "Mars/Olympus"), "There is no time zone Mars/Olympus"),
        ((*CASE, "--zone", "../../etc/passwd"), "There is no time zone"),
        ((*CASE, "--checkpoint", "3"), "--checkpoint 3: write kind:months"),
        ((*CASE, "--checkpoint", "about:3"), "'about' is no kind"),
        ((*CASE, "--checkpoint", "within:x"), "--checkpoint months: 'x' is no whole number"),
        ((*CASE, "--checkpoint", "within:3:up"), "'up' is no rule"),
        ((*CASE, "--checkpoint", "within:0"), "has 0 months"),
        ((*CASE, "--checkpoint", "within:3"), "two checkpoints within:3"),
        (("none.csv", *CASE), "none.csv cannot be read"),
    ],
)
def test_bad_options(arguments: tuple[str, ...], words: str) -> None:
    result = _run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not re.search(r"deadlines\.[a-z]|–|\{", result.stderr)
    assert all(line == line.strip() for line in result.stderr.splitlines())


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.csv", "checkpoint,months\na,3\n", "c.csv: the column kind is missing"),
        ("c.csv", "kind,months,colour\nwithin,3,red\n", "c.csv: there is no column colour"),
        ("c.csv", "kind,months,kind\nwithin,3,after\n", "c.csv: the column kind is there twice"),
        ("c.csv", "kind,months\nwithin,3,9\n", "c.csv, row 2: more cells than columns"),
        ("c.csv", "kind,months\nwithin,3\nwithin,-4\n", "c.csv, row 3 months: '-4' is no whole number"),
        ("c.csv", "kind,months,answered\nwithin,3,soon\n", "c.csv, row 2 answered: 'soon' is no date"),
        ("c.csv", 'kind,months\n"within,3\n', "c.csv is no CSV file"),
        ("c.csv", "", "c.csv: the column kind is missing"),
        ("c.csv", "checkpoint,kind,months\n=1+1,within,3\n", "The name =1+1 begins as a formula"),
        ("c.json", "[]", "c.json is no JSON object"),
        ("c.json", "{", "c.json is no JSON object"),
        ("c.json", '{"checkpoints": 3}', "c.json: checkpoints is to be a list"),
        ("c.json", '{"due": 3}', "c.json: there is no field due"),
        (
            "c.json",
            '{"checkpoints": [{"kind": "within", "month": 3}]}',
            "there is no field checkpoints.month",
        ),
    ],
)
def test_bad_files(name: str, text: str, words: str) -> None:
    result = _run(_file(name, text), "--handover", "2025-08-28")
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not re.search(r"deadlines\.[a-z]+\.|–|\{", result.stderr)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("within:3,soon,2025-11-20,council,budget", "e.csv, row 2 until: 'soon' is no date"),
        ("within:3,2026-01-30,now,council,budget", "e.csv, row 2 granted: 'now' is no date"),
        ("within:3,2025-11-01,2025-11-20,council,budget", "is not later than the date it extends"),
        ("within:3,2026-01-30,2025-11-20,council,", "lacks who granted it, or why"),
        ("within:4,2026-01-30,2025-11-20,council,budget", "within:4, which is no checkpoint"),
    ],
)
def test_bad_extensions(row: str, words: str) -> None:
    result = _run(*CASE, "--extensions", _file("e.csv", f"{HEAD}\n{row}\n"))
    assert result.exit_code == 2
    assert words in result.stderr


def test_files_that_are_no_text(folder: Path) -> None:
    (folder / "c.csv").write_bytes(b"kind,months\nwithin,\xe6\n")
    assert "not UTF-8" in _run("c.csv", "--handover", "2025-08-28").stderr
    (folder / "c.csv").write_bytes(b"x" * 5_000_001)
    assert "larger than" in _run("c.csv", "--handover", "2025-08-28").stderr


def test_what_stands_in_a_file_does_not_steer_a_terminal() -> None:
    row = "within:3,2026-01-30,2025-11-20,council,\x1b[2Jbudget"
    result = _run(*CASE, "--extensions", _file("e.csv", f"{HEAD}\n{row}\n"))
    assert (result.exit_code, "\x1b" in result.stdout) == (0, False)
    assert "[2Jbudget" in result.stdout
    result = _run(_file("c.csv", "kind,months\n\x1b[2J,3\n"), "--handover", "2025-08-28")
    assert (result.exit_code, "\x1b" in result.stderr) == (2, False)


def test_where_the_calendar_ends() -> None:
    result = _run("--handover", "2100-12-01", "--checkpoint", "within:1")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Friday 31 December 2100" in result.stderr
    assert _run("--handover", "9999-12-01", "--checkpoint", "within:1").exit_code == 3


def test_a_folder_with_something_in_it_is_left_alone(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "kept").write_text("")
    result = _run(*CASE, "--out", "out")
    assert (result.exit_code, [path.name for path in (folder / "out").iterdir()]) == (2, ["kept"])
    _file("file", "")
    assert "cannot be written" in _run(*CASE, "--out", "file/under").stderr


def test_every_code_has_words_in_both_languages() -> None:
    sources = [*(ROOT / "services/followup/deadlines").glob("*.py")]
    sources += [
        ROOT / "services/followup/commands/deadlines_input.py",
        ROOT / "services/followup/commands/deadlines.py",
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'(?:Reason|faults\.add)\(\s*"([A-Z_]+)"', text))
    assert len(codes) > 30
    for language in LANGUAGES:
        known = set(read_package("services.followup", language))
        missing = {c for c in codes if not {f"deadlines.fault.{c}", f"deadlines.reason.{c}"} & known}
        assert missing == set()
        assert {f"deadlines.day_off.{each}" for each in DayOff} <= known
    assert DeadlineWords("da").catalogue.language == "da"


def test_a_defect_shows_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("services.followup.commands.deadlines.read", fail)
    result = _run(*CASE)
    assert result.exit_code == 70
    assert "RuntimeError" in result.stderr
    assert "secret" not in result.stderr


def test_the_examples_in_the_help_work_as_printed(folder: Path) -> None:
    text = EXPLAIN_HELP.split("as they stand:\n", 1)[1]
    shell = f'borgerting() {{ "{sys.executable}" -m chassis "$@"; }}\nset -e\n'
    done = subprocess.run(
        ["bash", "-c", shell + text],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader((folder / "dates" / "deadlines.csv").read_text().splitlines()))
    assert [(row["due"], row["due_in_force"], row["state"]) for row in rows] == [
        ("2025-11-28", "2026-01-30", "open"),
        ("2026-06-29", "2026-06-29", "not_yet_open"),
    ]
    assert "within:24: due Monday 30 August 2027" in done.stdout


def test_the_engine_imports_alone() -> None:
    code = (
        "import sys, services.followup.deadlines.status\n"
        "print([m for m in ('chassis', 'typer', 'babel', 'sqlalchemy', 'grpc') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
