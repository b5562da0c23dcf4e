"""`invitation sample` and `forecast` as a secretariat runs them: files in, a folder out."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner, Result

from services.sortition.commands.invitation import app
from services.sortition.words import Words

TARGETS = "feature,value,min,max\ngender,f,3,3\ngender,m,3,3\nage,old,3,4\nage,young,2,3\n"
RATES = 'age,rate\nold,30%\nyoung,"0,1"\n'
SECRET = "Hemmelig Hansen"


def register_lines(people: int = 300) -> list[str]:
    lines = ["id,name,gender,age,road"]
    for i in range(people):
        values = f"{'fm'[i % 2]},{'old' if i % 3 else 'young'}"
        lines.append(f"p{i:03d},{SECRET} {i},{values},Vej {i // 2}")
    return lines


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("targets.csv", TARGETS)
    write("rates.csv", RATES)
    write("register.csv", "\n".join(register_lines()))
    write("people.csv", "gender,age,people\nf,old,100\nf,young,50\nm,old,100\nm,young,50\n")
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


ASKED = ("--targets", "targets.csv", "--size", "6", "--simulations", "40")
REGISTER = ("sample", "--register", "register.csv", *ASKED, "--seed", "s", "--rates", "rates.csv")
TOTALS = ("sample", "--totals", "people.csv", *ASKED, "--seed", "s", "--out", "out")


def sample(*more: str, out: str = "out") -> Result:
    return run(*REGISTER, "--letters", "120", "--out", out, *more)


def test_a_sample_of_ids_with_the_chances_by_type(folder: Path) -> None:
    result = sample()
    assert result.exit_code == 0, result.output
    invited = rows(folder / "out" / "invited.csv")
    assert list(invited[0]) == ["id"]
    assert len({row["id"] for row in invited}) == 120
    types = rows(folder / "out" / "types.csv")
    assert sum(int(row["letters"]) for row in types) == 120
    assert sum(int(row["people"]) for row in types) == 300
    assert sum(int(row["people"]) * float(row["letter_chance"]) for row in types) == pytest.approx(120, 1e-5)
    seats = sum(int(row["people"]) * float(row["seat_chance"]) for row in types)
    assert seats == pytest.approx(6, abs=1e-4)
    chance = {row["age"]: float(row["letter_chance"]) for row in types}
    assert chance["young"] > chance["old"]
    assert [row["needed"] for row in rows(folder / "out" / "values.csv")] == ["9", "9", "9", "6"]
    assert json.loads((folder / "out" / "sample.json").read_text("utf-8"))["letters"] == 120
    assert "Register: text, UTF-8, separated by commas, 300 rows." in result.stderr
    assert "120 letters to a register of 300 people." in result.stdout
    for path in (folder / "out").iterdir():
        assert SECRET not in path.read_text("utf-8")


def test_the_order_of_rows_leaves_no_trace_and_the_seed_does(folder: Path) -> None:
    head, *people = register_lines()
    assert sample("--address", "road", out="one").exit_code == 0
    write("register.csv", "\n".join([head, *reversed(people)]))
    assert sample("--address", "road", out="two").exit_code == 0
    for name in ("invited.csv", "types.csv", "values.csv", "sample.json"):
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes()
    assert sample("--seed", "other", out="three").exit_code == 0
    assert (folder / "three" / "invited.csv").read_bytes() != (folder / "two" / "invited.csv").read_bytes()


@pytest.mark.parametrize("design", ["simple", "stratified", "weighted"])
def test_one_letter_per_address_and_the_columns_asked_for(folder: Path, design: str) -> None:
    result = sample("--design", design, "--address", "road", "--columns", "name,road")
    assert result.exit_code == 0, result.output
    invited = rows(folder / "out" / "invited.csv")
    assert len({row["road"] for row in invited}) == len(invited) == 120
    assert all(row["name"] == f"{SECRET} {int(row['id'][1:])}" for row in invited)


def test_more_letters_than_addresses_write_to_each_and_say_so(folder: Path) -> None:
    result = run(*REGISTER, "--letters", "500", "--address", "road", "--out", "out")
    assert result.exit_code == 0, result.output
    assert len(rows(folder / "out" / "invited.csv")) == 150
    assert "500 letters were asked for; all who can get one do, which takes 150." in result.stdout


def test_zero_letters_and_a_rate_of_zero(folder: Path) -> None:
    result = run(*REGISTER, "--letters", "0", "--out", "out")
    assert result.exit_code == 0, result.output
    assert "300 people of 4 types have no chance: they get no letter." in result.stdout
    result = run(*TOTALS[:-1], "more", "--letters", "300", "--rate", "0")
    assert result.exit_code == 0, result.output
    assert "their response rate is 0" in result.stdout
    assert "chances of a seat cannot be told" in result.stdout


def test_totals_and_earlier_assemblies(folder: Path) -> None:
    write(
        "earlier.csv",
        "assembly,age,letters,replies\nspring,old,100,30\nautumn,old,100,20\nautumn,young,50,2\n",
    )
    result = run(*TOTALS, "--letters", "150", "--earlier", "earlier.csv", "--prior", "50")
    assert result.exit_code == 0, result.output
    assert not (folder / "out" / "invited.csv").exists()
    types = rows(folder / "out" / "types.csv")
    assert sum(int(row["letters"]) for row in types) == 150
    rate = {row["age"]: float(row["rate"]) for row in types}
    assert 0.2 < rate["old"] < 0.27
    assert 0.04 < rate["young"] < 0.15


def test_a_workbook_is_a_register_too(folder: Path) -> None:
    book = Workbook()
    for line in register_lines():
        book.active.append(line.split(","))  # type: ignore[union-attr]
    book.save("register.xlsx")
    assert sample(out="text").exit_code == 0
    result = run("sample", "--register", "register.xlsx", *REGISTER[3:], "--letters", "120", "--out", "book")
    assert result.exit_code == 0, result.output
    assert (folder / "book" / "invited.csv").read_bytes() == (folder / "text" / "invited.csv").read_bytes()


def test_every_fault_of_the_register_at_once_and_no_name_among_them(folder: Path) -> None:
    lines = register_lines(40)
    lines += [f"p003,{SECRET},f,old,Vej 1", f",{SECRET},f,old,Vej 1", f"x,{SECRET},f,ancient,Vej 1", "y,f"]
    write("register.csv", "\n".join(lines))
    Path("out").mkdir()
    write("out/kept.txt", "kept")
    result = run(
        *REGISTER, "--letters", "9", "--out", "out", "--columns", "shoe", "--size", "0", "--seed", " "
    )
    assert (result.exit_code, result.stdout) == (2, "")
    for said in (
        "row 42: The id “…” already stands in row 5", "row 43, column “id”: The id is empty",
        "row 44, column “age”: The value “ancient” has no target", "row 45: The row has 2 cells",
        "A panel of 0 seats", "The seed is empty",
    ):  # fmt: skip
        assert said in result.stderr, said
    assert SECRET not in result.output
    assert [path.name for path in Path("out").iterdir()] == ["kept.txt"]
    write("register.csv", "\n".join(register_lines(40)))
    result = sample("--columns", "shoe")
    assert (result.exit_code, "There is no column “shoe”" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "file is empty"),
        ("id,gender,age\n", "no row below it"),
        ("id,gender\n1,f\n", "There is no column “age”"),
        ("id,gender,age,age\n1,f,old,old\n", "Two columns have this header"),
        ("gender,age\nf,old\n", "There is no column “id”"),
    ],
)
def test_registers_that_cannot_be_used(folder: Path, content: str, said: str) -> None:
    write("register.csv", content)
    result = sample()
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rate", "0.1", "--rates", "rates.csv"], "exactly one of --rate, --rates, --earlier"),
        ([], "exactly one of --rate, --rates, --earlier"),
        (["--rate", "2"], "“2” is not a share from 0 to 1"),
        (["--rates", "twice.csv"], "already stands in row 2"),
        (["--rates", "wrong.csv"], "“ancient” has no target"),
        (["--rates", "missing.csv"], "there is no response rate"),
        (["--rates", "unknown.csv"], "not one that is read here"),
        (["--rates", "none.csv"], "There is no such file"),
        (["--earlier", "over.csv"], "9 replies to 3 letters"),
        (["--rate", "0.1", "--register", "register.csv"], "exactly one of --register, --totals"),
        (["--rate", "0.1", "--prior", "0"], "a prior of 0 letters"),
        (["--rate", "0.1", "--spread", "0.5"], "0.5 as spread"),
        (["--rate", "0.1", "--per-seat", "-1"], "-1 volunteers per seat"),
        (["--rate", "0.1", "--level", "0.1"], "0.1 as the factor"),
        (["--rate", "0.1", "--interval", "1"], "an interval of 1"),
        (["--rate", "0.1", "--simulations", "0"], "0 simulations"),
        (["--rate", "0.1", "--letters", "-3"], "-3 letters"),
    ],
)
def test_requests_that_cannot_be_met(folder: Path, options: list[str], said: str) -> None:
    write("twice.csv", "age,rate\nold,0.1\nold,0.2\nyoung,0.1\n")
    write("wrong.csv", "age,rate\nold,0.1\nancient,0.2\nyoung,0.1\n")
    write("missing.csv", "age,rate\nold,0.1\n")
    write("unknown.csv", "height,rate\nold,0.1\n")
    write("over.csv", "letters,replies\n3,9\n")
    result = run(*TOTALS, "--letters", "50", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not (folder / "out").exists()


def test_targets_that_no_register_can_meet_end_with_3(folder: Path) -> None:
    write("people.csv", "gender,age,people\nf,old,100\nm,old,100\nm,young,1\n")
    result = run(*TOTALS, "--letters", "50", "--rate", "0.1")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "age: young must have 2 seats, but there are only 1 people to write to" in result.stderr
    write("people.csv", "gender,age,people\nf,old,0\nm,old,100\nm,young,9\n")
    result = run(*TOTALS, "--letters", "50", "--rate", "0.1")
    assert result.exit_code == 3
    assert "gender: f must have 3 seats" in result.stderr
    write("targets.csv", TARGETS.replace("gender,f,3,3", "gender,f,9,9"))
    result = run(*TOTALS, "--letters", "50", "--rate", "0.1")
    assert (result.exit_code, "the minima add up to 12" in result.stderr) == (3, True)


FORECAST = ("forecast", "--types", "out/types.csv", "--replies", "replies.csv", *ASKED, "--seed", "s")


@pytest.fixture
def sent(folder: Path) -> Path:
    assert sample().exit_code == 0
    write("replies.csv", "gender,age,day,replies\nf,old,1,5\nm,old,2,6\nf,young,2,1\nm,young,3,2\n")
    write("curve.csv", "day,replies\n1,10\n2,10\n3,10\n9,10\n")
    return folder


def forecast(*more: str, out: str = "told") -> Result:
    return run(*FORECAST, "--out", out, *more)


def test_a_forecast_by_the_files_that_the_sample_wrote(sent: Path) -> None:
    result = forecast("--curve", "curve.csv", "--close", "9")
    assert result.exit_code == 0, result.output
    assert "14 replies to 120 letters by day 3." in result.stdout
    assert rows(sent / "told" / "days.csv")[-1] == {"day": "3", "replies": "2", "so_far": "14"}
    for row in rows(sent / "told" / "types.csv"):
        assert int(row["replies"]) <= int(row["low"]) <= int(row["high"]) <= int(row["letters"])
    assert [row["event"] for row in rows(sent / "told" / "chances.csv")] == ["panel", "covered", "meets"]
    result = forecast("--curve", "curve.csv", "--close", "9", "--day", "9", out="closed")
    assert "about 14 volunteers, 14 to 14" in result.stdout
    result = forecast("--day", "1", out="early")
    assert "5 replies to 120 letters by day 1." in result.stdout
    assert "without --curve, nothing is assumed" in result.stdout


def test_no_replies_yet_and_a_row_per_reply(sent: Path) -> None:
    write("replies.csv", "gender,age,day\n")
    result = forecast("--curve", "curve.csv")
    assert (result.exit_code, "0 replies to 120 letters by day 0" in result.stdout) == (0, True)
    write("replies.csv", "id,gender,age\np1,f,old\np2,f,old\n")
    assert "2 replies to 120 letters" in forecast(out="more").stdout


@pytest.mark.parametrize(
    ("replies", "options", "said"),
    [
        ("gender,age,day\nf,old,soon\nx,old,1\n", [], "2 errors"),
        ("gender,day\nf,1\n", [], "There is no column “age”"),
        ("gender,age,replies\nf,old,400\n", [], "row 2: more replies than the"),
        ("gender,age,day\nf,old,0\n", ["--day", "-1"], "before the letters went out"),
        ("gender,age,day\nf,old,0\n", ["--curve", "empty.csv"], "the curve has no replies"),
        (
            "gender,age,day\nf,old,0\n",
            ["--curve", "curve.csv", "--curve-weight", "0"],
            "a weight of 0 replies",
        ),
    ],
)
def test_replies_that_cannot_be_used(sent: Path, replies: str, options: list[str], said: str) -> None:
    write("replies.csv", replies)
    write("empty.csv", "day,replies\n1,0\n")
    result = forecast(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not (sent / "told").exists()


def test_letters_that_can_fill_no_panel_end_with_3(sent: Path) -> None:
    write("out/types.csv", "gender,age,letters,rate,prior\nf,old,50,0.1,100\nm,old,50,0.1,100\n")
    write("replies.csv", "gender,age\nf,old\n")
    result = forecast()
    assert (result.exit_code, result.stdout) == (3, "")
    assert "age: young must have 2 seats" in result.stderr


def test_danish_words_and_numbers(folder: Path) -> None:
    result = run(*REGISTER, "--letters", "120", "--out", "out", language="da")
    assert "120 breve til et register på 300 personer." in result.stdout
    assert "Kriterium" in result.stdout
    assert ",0 %" in result.stdout or ",5 %" in result.stdout


@pytest.mark.parametrize("language", ["en", "da"])
@pytest.mark.parametrize("command", ["sample", "forecast"])
def test_the_example_in_the_help_works_as_printed(folder: Path, language: str, command: str) -> None:
    example = Words(language)(f"help.invitation.{command}.example")
    environment = {"LC_ALL": f"{language}_DK.UTF-8", "PATH": "/usr/bin:/bin", "COLUMNS": "70"}
    lone = shlex.join([sys.executable, "-m", "services.sortition.commands.invitation"])
    root = Path(__file__).parents[3]
    shown = subprocess.run(
        [*shlex.split(lone), command, "--help"], cwd=root, capture_output=True, text=True, env=environment,
        check=True, timeout=120,
    ).stdout  # fmt: skip
    lines = example.splitlines()[1:]
    assert all(line in shown.splitlines() for line in lines)
    script = "\n".join(lines).replace("borgerting invitation", lone)
    done = subprocess.run(
        ["/bin/sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=environment | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
