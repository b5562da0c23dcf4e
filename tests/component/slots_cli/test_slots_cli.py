"""The commands `slots expand` and `slots check` as a coordinator runs them: files in, words and files out."""

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
from services.volunteer.commands.slots import CHECK_HELP, EXPAND_HELP, app

ROOT = Path(__file__).parents[3]
SERIES = (
    "series,title,start,end,rule\n"
    "reading,Reading friends,2026-10-13T16:00,2026-10-13T17:30,FREQ=WEEKLY;COUNT=4\n"
)
SHIFTS = (
    "person,shift,start,end,pause\n"
    "p1,a,2026-10-10T09:00+02:00,2026-10-10T12:00+02:00,\n"
    "p1,b,2026-10-10T12:00+02:00,2026-10-10T16:30+02:00,0\n"
    "p2,a,2026-10-10T09:00+02:00,2026-10-10T12:00+02:00,\n"
    "p2,b,2026-10-10T11:59+02:00,2026-10-10T13:00+02:00,\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _file(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def _run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


def _expand(*arguments: str, language: str = "en") -> Result:
    return _run("expand", *arguments, "--until", "2026-12-31", language=language)


def _sound(text: str) -> bool:
    """Every key became words, every parameter was filled."""
    return not re.search(r"slots\.[a-z]+\.|–|[{}]", text) and all(
        line == line.strip() for line in text.splitlines()
    )


def test_series_from_csv_and_json_are_one() -> None:
    changes = _file(
        "changes.csv",
        "series,on,start,end,capacity,cancelled,sequence\n"
        "reading,2026-10-20,,,,yes,\nreading,2026-10-27,2026-10-28T10:00,,4,,2\n",
    )
    content = {
        "series": [dict(zip(*csv.reader(SERIES.splitlines()), strict=True))],
        "changes": [
            {"series": "reading", "on": "2026-10-20", "cancelled": True},
            {
                "series": "reading",
                "on": "2026-10-27",
                "start": "2026-10-28T10:00",
                "capacity": 4,
                "sequence": 2,
            },
        ],
    }
    one = _expand(_file("s.csv", SERIES), "--changes", changes, "--out", "a", "--domain", "example.org")
    other = _expand(_file("s.json", json.dumps(content)), "--out", "b")
    assert (one.exit_code, other.exit_code) == (0, 0), one.stderr + other.stderr
    assert one.stdout.replace("to a:", "to b:") == other.stdout
    assert Path("a/slots.csv").read_bytes() == Path("b/slots.csv").read_bytes()
    rows = list(csv.DictReader(Path("a/slots.csv").read_text().splitlines()))
    assert [(row["start"], row["capacity"], row["sequence"], row["cancelled"]) for row in rows] == [
        ("2026-10-13T14:00:00Z", "1", "0", "no"),
        ("2026-10-20T14:00:00Z", "1", "1", "yes"),
        ("2026-10-28T09:00:00Z", "4", "2", "no"),
        ("2026-11-03T15:00:00Z", "1", "0", "no"),
    ]
    calendar = Path("a/calendar.ics").read_text()
    assert (calendar.count("UID:reading-"), calendar.count("STATUS:CANCELLED")) == (4, 1)
    assert calendar.count("SUMMARY:Reading friends") == 4
    assert "@example.org" in calendar


def test_words_in_both_languages_and_a_window() -> None:
    night = "series,start,end,capacity\nnight,2026-10-24T22:00,2026-10-25T02:30,3\n"
    english, danish = (_expand(_file("s.csv", night), language=language) for language in ("en", "da"))
    assert "night: Saturday 24 October 2026 at 22:00 to 02:30, 4 h 30 min, places: 3\n" in english.stdout
    assert "Clocks show 02:30 twice" in english.stdout
    assert "22.00 til 02.30, 4 t. 30 min., pladser: 3" in danish.stdout
    assert _expand("s.csv", "--from", "2026-10-25").stdout == ""
    other = _run("expand", "s.csv", "--until", "2026-12-31", "--zone", "Atlantic/Faroe")
    assert "at 22:00" in other.stdout


def test_findings_and_files() -> None:
    people = _file("people.csv", "person,born,school_until\np1,2012-05-01,\n")
    result = _run("check", _file("shifts.csv", SHIFTS), "--people", people, "--out", "out")
    assert result.exit_code == 3
    rows = list(csv.DictReader(Path("out/findings.csv").read_text().splitlines()))
    assert [(row["person"], row["reason"], row["shifts"], row["minutes"], row["limit"]) for row in rows] == [
        ("p1", "day_too_long", "a;b", "450", "420"),
        ("p1", "break_missing", "a;b", "450", "30"),
        ("p2", "clash", "a;b", "", ""),
    ]
    assert (
        "p1: 7 h 30 min on Saturday 10 October 2026; at most 7 h [a, b] (Arbejdsmiljøloven" in result.stdout
    )
    assert _sound(result.stdout)
    assert _sound(_run("check", "shifts.csv", "--people", people, language="da").stdout)


def test_nothing_wrong_is_said_and_ends_well() -> None:
    result = _run("check", _file("s.csv", "\n".join(SHIFTS.splitlines()[:3])))
    assert (result.exit_code, "Nothing clashes" in result.stdout) == (0, True)
    assert _run("check", _file("e.csv", "person,start,end\n")).exit_code == 0


def test_rest_and_days_free_of_school() -> None:
    text = (
        "person,shift,start,end\np1,a,2026-10-12T18:00+02:00,2026-10-12T20:00+02:00\n"
        "p1,b,2026-10-13T10:00+02:00,2026-10-13T12:30+02:00\n"
    )
    shifts = _file("s.csv", text)
    people = _file("p.csv", "person,born\np1,2012-05-01\n")
    assert (
        "14 h of rest between these shifts; 15 h were asked for"
        in _run("check", shifts, "--rest", "15").stdout
    )
    assert _run("check", shifts, "--rest", "14").exit_code == 0
    assert "a school day; at most 2 h" in _run("check", shifts, "--people", people).stdout
    free = _file("f.csv", "first,last\n2026-10-12,2026-10-16\n")
    assert _run("check", shifts, "--people", people, "--school-free", free).exit_code == 0
    content = {
        "shifts": list(csv.DictReader(text.splitlines())),
        "people": [{"person": "p1", "born": "2012-05-01", "school_until": None}],
        "school_free": [{"first": "2026-10-12", "last": "2026-10-16"}],
    }
    assert _run("check", _file("all.json", json.dumps(content))).exit_code == 0


SERIES_HEAD = "series,start,end,rule,capacity,sequence,zone"
TIMES = "2026-10-13T16:00,2026-10-13T17:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series,start\n", "s.csv: the column end is missing"),
        ("series,start,end,colour\n", "s.csv: there is no column colour"),
        ("series,start,end,end\n", "s.csv: the column end is there twice"),
        ("series,start,end\n", "s.csv has no series"),
        ("", "s.csv: the column series is missing"),
        ('series,start,end\n"a\n', "s.csv is no CSV file"),
        (f"series,start,end\na,{TIMES},more\n", "s.csv, row 2: more cells than columns"),
        (f"{SERIES_HEAD}\n,{TIMES}\n", "s.csv, row 2 series: a name is missing"),
        (f"{SERIES_HEAD}\n=a,{TIMES}\n", "s.csv, row 2 series: '=a' begins as a formula"),
        (f"{SERIES_HEAD}\na b,{TIMES}\n", "The series name 'a b' may have only"),
        (f"{SERIES_HEAD}\na,{TIMES}\na,{TIMES}\n", "s.csv, row 3: there are two series a"),
        (
            f"{SERIES_HEAD}\na,2026-10-13,2026-10-13T17:00\n",
            "s.csv, row 2 start: '2026-10-13' is no local time",
        ),
        (
            f"{SERIES_HEAD}\na,2026-10-13T16:00Z,2026-10-13T17:00\n",
            "start: '2026-10-13T16:00Z' is no local time",
        ),
        (f"{SERIES_HEAD}\na,9999-12-31T16:00,9999-12-31T17:00\n", "is no local time"),
        (f"{SERIES_HEAD}\na,,2026-10-13T17:00\n", "s.csv, row 2 start: '' is no local time"),
        (f"{SERIES_HEAD}\na,2026-10-13T17:00,2026-10-13T16:00\n", "the end is not after the start"),
        (f"{SERIES_HEAD}\na,{TIMES},FREQ=HOURLY\n", "the rule needs one FREQ of DAILY, WEEKLY"),
        (f"{SERIES_HEAD}\na,{TIMES},FREQ=DAILY;BYHOUR=3\n", "BYHOUR cannot stand in the rule"),
        (f"{SERIES_HEAD}\na,{TIMES},FREQ=DAILY;COUNT=many\n", "is no rule of RFC 5545"),
        (f"{SERIES_HEAD}\na,{TIMES},FREQ=DAILY;COUNT=2;UNTIL=20270101\n", "both COUNT and UNTIL"),
        (f"{SERIES_HEAD}\na,{TIMES},FREQ=WEEKLY;BYDAY=WE\n", "where its rule places nothing"),
        (f"{SERIES_HEAD}\na,2010-01-01T16:00,2010-01-01T17:00,FREQ=DAILY\n", "more than 5000 slots"),
        (f"{SERIES_HEAD}\na,{TIMES},,few\n", "s.csv, row 2 capacity: 'few' is no whole number"),
        (f"{SERIES_HEAD}\na,{TIMES},,1,0,Mars/Olympus\n", "There is no time zone Mars/Olympus"),
        (
            f"{SERIES_HEAD}\na,2026-03-29T02:30,2026-03-29T03:00\n",
            "has no time left, since clocks go forward",
        ),
    ],
)
def test_bad_series(text: str, words: str) -> None:
    result = _expand(_file("s.csv", text))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert _sound(result.stderr)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x,2026-10-13,yes,", "A change is for x, which is no series"),
        ("reading,soon,yes,", "c.csv, row 2 on: 'soon' is no date"),
        ("reading,2026-10-14,yes,", "has no slot on Wednesday 14 October 2026"),
        ("reading,2026-10-13,perhaps,", "'perhaps' is neither yes nor no"),
        ("reading,2026-10-13,yes,0", "sequence counts changes"),
        ("reading,2026-10-13,yes,1\nreading,2026-10-13,no,1", "c.csv, row 3: reading is changed twice"),
    ],
)
def test_bad_changes(row: str, words: str) -> None:
    changes = _file("c.csv", f"series,on,cancelled,sequence\n{row}\n")
    result = _expand(_file("s.csv", SERIES), "--changes", changes)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert _sound(result.stderr)


@pytest.mark.parametrize(
    ("row", "people", "words"),
    [
        (
            "p1,a,2026-10-13T16:00,2026-10-13T17:00+02:00",
            "",
            "start: '2026-10-13T16:00' is no time with an offset",
        ),
        (
            "p1,a,2026-10-13T17:00+02:00,2026-10-13T17:00+02:00",
            "",
            "p1: the shift a ends before or as it starts",
        ),
        (
            "p1,a,2026-10-13T16:00Z,2026-10-13T17:00Z,60",
            "",
            "p1: the pause of shift a is as long as the shift",
        ),
        ("p1,a,2026-10-13T16:00Z,2026-10-13T17:00Z,-1", "", "pause: '-1' is no whole number"),
        (",a,2026-10-13T16:00Z,2026-10-13T17:00Z", "", "s.csv, row 2 person: a name is missing"),
        (
            "p1,a,2026-10-13T16:00Z,2026-10-13T17:00Z\np1,a,2026-10-14T16:00Z,2026-10-14T17:00Z",
            "",
            "two shifts a",
        ),
        ("p1,a,2026-10-13T16:00Z,2026-10-13T17:00Z", "p1,soon", "p.csv, row 2 born: 'soon' is no date"),
        (
            "p1,a,2026-10-13T16:00Z,2026-10-13T17:00Z",
            "p1,2012-01-01\np1,2012-01-01",
            "p.csv, row 3: p1 stands there",
        ),
        ("p1,a,2026-10-13T16:00Z,2026-10-13T17:00Z", "p1,2030-01-01", "p1 is born after the shift a"),
        (
            "p1,a,1999-10-13T16:00Z,1999-10-13T17:00Z",
            "p1,1990-01-01",
            "p1: no hour rules are known for Wednesday 13",
        ),
    ],
)
def test_bad_shifts(row: str, people: str, words: str) -> None:
    shifts = _file("s.csv", f"person,shift,start,end,pause\n{row}\n")
    result = _run("check", shifts, "--people", _file("p.csv", f"person,born\n{people}\n"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert _sound(result.stderr)
    # A birth date is nobody's business but the rule's.
    assert not re.search(r"2030|1990", result.stderr)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "f.json is no JSON object"),
        ("{", "f.json is no JSON object"),
        ('{"shift": []}', "f.json: there is no field shift"),
        ('{"shifts": {}}', "f.json: shifts is to be a list"),
        ('{"shifts": [{"who": 1}]}', "f.json, row 1: there is no field shifts.who"),
        ('{"school_free": [{"first": "2026-10-16", "last": "2026-10-12"}]}', "row 1: last is before first"),
    ],
)
def test_bad_json(text: str, words: str) -> None:
    result = _run("check", _file("f.json", text))
    assert result.exit_code == 2
    assert words in result.stderr
    assert _sound(result.stderr)


def test_bad_options(folder: Path) -> None:
    series = _file("s.csv", SERIES)
    assert "--until: 'soon' is no date" in _run("expand", series, "--until", "soon").stderr
    assert "--domain 'a b' is no domain name" in _expand(series, "--domain", "a b").stderr
    assert "none.csv cannot be read" in _expand("none.csv").stderr
    (folder / "bad.csv").write_bytes(b"\xe6")
    assert "not UTF-8" in _expand("bad.csv").stderr
    (folder / "bad.csv").write_bytes(b"x" * 20_000_001)
    assert "larger than" in _expand("bad.csv").stderr
    (folder / "full").mkdir()
    (folder / "full" / "kept").write_text("")
    assert _expand(series, "--out", "full").exit_code == 2
    assert [path.name for path in (folder / "full").iterdir()] == ["kept"]
    assert "cannot be written" in _expand(series, "--out", f"{series}/under").stderr


def test_what_stands_in_a_file_does_not_steer_a_terminal() -> None:
    result = _expand(_file("s.csv", f"{SERIES_HEAD}\na,\x1b[2J,2026-10-13T17:00\n"))
    assert (result.exit_code, "\x1b" in result.stderr) == (2, False)


def test_a_defect_shows_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("services.volunteer.commands.slots.read_series", fail)
    result = _expand("s.csv")
    assert result.exit_code == 70
    assert "RuntimeError" in result.stderr
    assert "secret" not in result.stderr


def test_every_code_has_words_in_both_languages() -> None:
    sources = [
        *(ROOT / "services/volunteer").glob("schedule/*.py"),
        *(ROOT / "services/volunteer").glob("commands/slots*.py"),
        *(ROOT / "services/volunteer/commands" / name for name in ("running.py", "tables.py")),
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'(?:Reason|faults\.add|wrong\.add|_fault|_over)\(\s*"([A-Z_]+)"', text))
    codes |= set(re.findall(r'"([A-Z_]+_TOO_LONG)"', text))
    assert len(codes) > 50
    for language in LANGUAGES:
        known = set(read_package("services.volunteer", language))
        assert {c for c in codes if not {f"slots.fault.{c}", f"slots.reason.{c}"} & known} == set()


def test_the_examples_in_the_help_work_as_printed(folder: Path) -> None:
    def example(text: str) -> str:
        return re.split(r"as it stands[^\n]*:\n", text, maxsplit=1)[1]

    shell = f'borgerting() {{ "{sys.executable}" -m chassis "$@"; }}\nset -e\n'
    script = f"{shell}{example(EXPAND_HELP)}set +e\n{example(CHECK_HELP)}test $? -eq 3\n"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "reading: Tuesday 20 October 2026 at 16:00 to 17:30, 1 h 30 min: cancelled" in done.stdout
    assert (
        "p1: 2 h 30 min on Tuesday 13 October 2026, a school day; at most 2 h [row 2, row 3]" in done.stdout
    )
    assert (folder / "slots" / "calendar.ics").is_file()


def test_the_engine_imports_alone() -> None:
    code = (
        "import sys, services.volunteer.schedule.young, services.volunteer.schedule.ics\n"
        "print([m for m in ('chassis', 'typer', 'babel', 'sqlalchemy', 'grpc') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
