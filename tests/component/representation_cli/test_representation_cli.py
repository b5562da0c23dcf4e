"""`representation seats` and `account` as a secretariat runs them: files in, a folder out."""

from __future__ import annotations

import csv
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.sortition.commands.representation import app
from services.sortition.lottery.problem import Problem
from services.sortition.representation.suppression import suppress
from services.sortition.representation.types import Stage, Table
from services.sortition.spreadsheet.assemble import to_problem
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets
from services.sortition.words import Words

POPULATION = (
    "feature,value,population,floor,ceiling\n"
    "gender,female,7100,,\ngender,male,6900,,\n"
    "age,16-39,4200,,\nage,40-64,5300,,\nage,65+,4500,,\n"
    "district,town,13600,,34\ndistrict,island,400,2,\n"
)
CROSS = (
    "gender;age;population\nfemale;16-39;2100\nfemale;40-64;2700\nfemale;65+;2300\n"
    "male;16-39;2100\nmale;40-64;2600\nmale;65+;2200\n"
)
COUNTS = (
    "feature,value,population,invited,pool,panel\n"
    "gender,female,7100,5960,130,18\ngender,male,6900,5792,110,18\n"
    "age,16-39,4200,3526,38,4\nage,40-64,5300,4449,81,20\nage,65+,4500,3777,121,12\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "population.csv").write_text(POPULATION, encoding="utf-8")
    (tmp_path / "cross.csv").write_text(CROSS, encoding="utf-8")
    (tmp_path / "counts.csv").write_text(COUNTS, encoding="utf-8")
    return tmp_path


def run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


SEATS = ("seats", "population.csv", "--size", "36", "--out", "out")


def test_seats_become_targets_that_the_lottery_reads_and_meets(folder: Path) -> None:
    result = run(*SEATS, "--cross", "cross.csv")
    assert result.exit_code == 0, result.output
    assert "Cross table: text, UTF-8, separated by semicolons, 6 rows." in result.stderr
    assert "gender × age" in result.stdout
    seats = {(row["feature"], row["value"]): row for row in rows(folder / "out" / "seats.csv")}
    assert [seats["district", v]["seats"] for v in ("town", "island")] == ["34", "2"]
    assert seats["age", "16-39"]["share"] == "10.8000"
    crossed = rows(folder / "out" / "cross.csv")
    for gender in ("female", "male"):
        total = sum(int(row["seats"]) for row in crossed if row["value"].startswith(gender))
        assert total == int(seats["gender", gender]["seats"])
    targets = read_targets(folder / "out" / "targets.csv")
    assert not targets.findings
    people = ["id,gender,age,district"]
    people += [f"p{i},{g},{a},town" for i, (g, a) in enumerate(20 * [
        (g, a) for g in ("female", "male") for a in ("16-39", "40-64", "65+")])]  # fmt: skip
    people += ["q1,female,65+,island", "q2,male,65+,island"]
    (folder / "pool.csv").write_text("\n".join(people), encoding="utf-8")
    pool = read_respondents(folder / "pool.csv", targets)
    problem = to_problem(targets, pool, 36)
    assert isinstance(problem, Problem)
    from services.sortition.lottery.feasibility import check

    assert check(problem).feasible


def test_crosses_among_the_targets_and_exact_and_wider_ones(folder: Path) -> None:
    assert run(*SEATS, "--cross", "cross.csv", "--cross-targets", "--exact").exit_code == 0
    targets = rows(folder / "out" / "targets.csv")
    assert all(row["min"] == row["max"] for row in targets)
    assert sum(int(row["min"]) for row in targets if row["feature"] == "gender × age") == 36
    assert run("seats", "population.csv", "--size", "36", "--slack", "2", "--out", "wide").exit_code == 0
    wide = {row["value"]: (row["min"], row["max"]) for row in rows(folder / "wide" / "targets.csv")}
    assert (wide["female"], wide["town"], wide["island"]) == (("16", "21"), ("32", "34"), ("2", "4"))


def test_infeasible_floors_and_a_clash_end_with_3(folder: Path) -> None:
    (folder / "population.csv").write_text(POPULATION.replace("400,2,", "400,40,"), encoding="utf-8")
    result = run(*SEATS)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "district: the floors (island 40) need 40 seats, 4 more than the panel's 36" in result.stderr
    assert not (folder / "out").exists()
    (folder / "population.csv").write_text(POPULATION, encoding="utf-8")
    head, *lines = CROSS.splitlines()
    (folder / "cross.csv").write_text(
        "\n".join([head + ";floor", *(f"{line};9" for line in lines)]), encoding="utf-8"
    )
    result = run(*SEATS, "--cross", "cross.csv")
    assert result.exit_code == 3
    assert "These cannot hold together:" in result.stderr
    assert "- gender × age: female × 65+: at least 9" in result.stderr
    assert "- age: 65+: 11 seats in all" in result.stderr
    assert "Loosen any one of them." in result.stderr


def test_every_fault_of_the_population_at_once(folder: Path) -> None:
    (folder / "population.csv").write_text(
        "feature,value,population,floor,shoes\ngender,female,many,,\n,male,7,,\nage,,7,,\nage,x,7,-1,\n"
        "age,y,1,1,1,1,1\n", encoding="utf-8",
    )  # fmt: skip
    (folder / "out").mkdir()
    (folder / "out" / "kept.txt").write_text("kept", encoding="utf-8")
    result = run("seats", "population.csv", "--size", "0", "--out", "out")
    assert (result.exit_code, result.stdout) == (2, "")
    for said in (
        "8 errors", "not one that is read here", "“many” is not a count", "row 3", "The feature is empty",
        "The value is empty", "below 0", "cells", "A panel of 0 seats",
    ):  # fmt: skip
        assert said in result.stderr
    assert [path.name for path in (folder / "out").iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "file is empty"),
        ("feature,value,population\n", "no row below it"),
        ("feature,value\ngender,f\n", "There is no column “population”"),
        ("feature,value,population,population\ng,f,1,1\n", "Two columns have this header"),
        ("feature,value,population\ng,f,1\ng,f,1\n", "g: f: stands twice"),
        ("feature,value,population\ng,f,3\n", "fewer than the 36 seats"),
    ],
)
def test_populations_that_cannot_be_used(folder: Path, content: str, said: str) -> None:
    (folder / "population.csv").write_text(content, encoding="utf-8")
    result = run(*SEATS)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_cross_of_unknown_features(folder: Path) -> None:
    (folder / "cross.csv").write_text("gendr,age,population\nfemale,65+,3\n", encoding="utf-8")
    result = run(*SEATS, "--cross", "cross.csv", "--cross", "none.csv")
    assert result.exit_code == 2
    assert "cross.csv: Cross table, row 1, column “gendr”" in result.stderr
    assert "none.csv: Cross table: There is no such file" in result.stderr


ACCOUNT = ("account", "counts.csv", "--out", "out")


def test_an_account_and_what_may_be_published(folder: Path) -> None:
    result = run(*ACCOUNT)
    assert result.exit_code == 0, result.output
    table = Table(
        ("age",), (("16-39",), ("40-64",), ("65+",)),
        {Stage.POPULATION: (4200, 5300, 4500), Stage.INVITED: (3526, 4449, 3777),
         Stage.POOL: (38, 81, 121), Stage.PANEL: (4, 20, 12)},
    )  # fmt: skip
    secret = {key.values[0] for key in suppress([table]).hidden}
    assert secret == {"16-39", "65+"}
    public = rows(folder / "out" / "public.csv")
    assert {row["value"] for row in public if row["hidden"]} == secret
    assert all(row["count"] == row["percent"] == row["difference"] == "" for row in public if row["hidden"])
    whole = {(row["value"], row["stage"]): row for row in rows(folder / "out" / "account.csv")}
    young = whole["16-39", "panel"]
    assert (young["count"], young["difference"], young["published"]) == ("4", "-18.89", "hidden")
    assert (young["lowest"], young["highest"]) == ("0", "16")
    assert whole["65+", "panel"]["published"] == "secondary"
    assert "2 of 20 figures hidden, 1 of them only to protect the others." in result.stdout
    assert "≥ 0.177" in result.stdout
    assert not re.search(r"\b4 \(11", result.stdout)
    indices = {(r["feature"], r["stage"]): r for r in rows(folder / "out" / "public-index.csv")}
    assert indices["age", "panel"]["at_least"] == "yes"
    assert indices["", "panel"]["at_least"] == "yes"
    # Half of 4/36 - 42/140, 20/36 - 53/140 and 12/36 - 45/140 in absolute figures.
    full = {(r["feature"], r["stage"]): r["index"] for r in rows(folder / "out" / "index.csv")}
    assert full["age", "panel"] == "0.1889"


def test_people_are_counted_from_files_with_crosses(folder: Path) -> None:
    (folder / "counts.csv").write_text(POPULATION.split("district")[0], encoding="utf-8")
    people = 7 * [("female", "65+")] + 9 * [("male", "40-64")] + [("female", "16-39")]
    lines = ["id,gender,age", *(f"p{i},{g},{a}" for i, (g, a) in enumerate(people))]
    (folder / "panel.csv").write_text("\n".join(lines), encoding="utf-8")
    result = run(*ACCOUNT, "--people", "panel=panel.csv", "--cross", "cross.csv")
    assert result.exit_code == 0, result.output
    whole = {(row["value"], row["stage"]): row for row in rows(folder / "out" / "account.csv")}
    assert [whole[value, "panel"]["count"] for value in ("female", "65+", "male × 40-64")] == ["8", "7", "9"]
    assert whole["male × 65+", "panel"]["count"] == "0"
    assert whole["male × 65+", "population"]["count"] == "2200"
    assert whole["male × 65+", "panel"]["published"] == "hidden"
    assert len(whole) == 2 * (2 + 3 + 6)
    (folder / "panel.csv").write_text("\n".join([*lines, "p99,woman,65+"]), encoding="utf-8")
    result = run("account", "counts.csv", "--out", "more", "--people", "panel=panel.csv")
    assert result.exit_code == 2
    assert "panel.csv: Respondents, row 19" in result.stderr


def test_targets_that_are_public_are_allowed_for(folder: Path) -> None:
    (folder / "targets.csv").write_text("feature,value,min,max\nage,16-39,4,4\n", encoding="utf-8")
    assert run(*ACCOUNT, "--targets", "targets.csv").exit_code == 0
    whole = {(row["value"], row["stage"]): row for row in rows(folder / "out" / "account.csv")}
    assert whole["16-39", "panel"]["published"] == "shown"


def test_a_small_population_is_hidden_when_asked(folder: Path) -> None:
    (folder / "counts.csv").write_text(
        "feature,value,population\ndistrict,town,900\ndistrict,island,3\n", encoding="utf-8"
    )
    assert run(*ACCOUNT).exit_code == 0
    assert [r["hidden"] for r in rows(folder / "out" / "public.csv")] == ["", ""]
    assert run("account", "counts.csv", "--out", "more", "--hide-population").exit_code == 0
    assert [r["hidden"] for r in rows(folder / "more" / "public.csv")] == ["yes", "yes"]


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("feature,value\ng,f\n", [], "there are no counts"),
        ("feature,value,pool\ng,f,\n", [], "the count of the stage pool is missing"),
        ("feature,value,pool\ng,f,1\ng,f,2\n", [], "g: f: stands twice"),
        ("feature,value,pool\ng,f,1\n", ["--people", "pool=x.csv"], "the stage pool is given twice"),
        ("feature,value,pool\ng,f,1\n", ["--people", "lake=x.csv"], "--people takes STAGE=FILE"),
        ("feature,value,pool\ng,f,1\n", ["--targets", "none.csv"], "There is no such file"),
        ("feature,value,pool\ng,f,1\n", ["--cross", "one.csv"], "at least two features"),
        ("feature,value,pool\ng,f,1\na,x,1\n", ["--cross", "two.csv"], "g × a gives 2"),
        ("feature,value,pool\ng,f,1\na,x,1\n", ["--cross", "other.csv"], "has other stages than"),
    ],
)
def test_counts_that_cannot_be_used(folder: Path, content: str, options: list[str], said: str) -> None:
    (folder / "counts.csv").write_text(content, encoding="utf-8")
    (folder / "x.csv").write_text("id,g\n1,f\n", encoding="utf-8")
    (folder / "one.csv").write_text("g,pool\nf,1\n", encoding="utf-8")
    (folder / "two.csv").write_text("g,a,pool\nf,x,2\n", encoding="utf-8")
    (folder / "other.csv").write_text("g,a,panel\nf,x,1\n", encoding="utf-8")
    result = run(*ACCOUNT, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not (folder / "out").exists()


def test_danish_words_and_numbers(folder: Path) -> None:
    result = run(*ACCOUNT, language="da")
    assert "Kriterium" in result.stdout
    assert "130 (54,2 %, +3,5)" in result.stdout
    assert "skjult" in result.stdout


@pytest.mark.parametrize("language", ["en", "da"])
@pytest.mark.parametrize("command", ["seats", "account"])
def test_the_example_in_the_help_works_as_printed(folder: Path, language: str, command: str) -> None:
    example = Words(language)(f"help.representation.{command}.example")
    environment = {"LC_ALL": f"{language}_DK.UTF-8", "PATH": "/usr/bin:/bin", "COLUMNS": "70"}
    lone = shlex.join([sys.executable, "-m", "services.sortition.commands.representation"])
    root = Path(__file__).parents[3]
    shown = subprocess.run(
        [*shlex.split(lone), command, "--help"], cwd=root, capture_output=True, text=True, env=environment,
        check=True, timeout=120,
    ).stdout  # fmt: skip
    lines = example.splitlines()[1:]
    assert all(line in shown.splitlines() for line in lines)
    script = "\n".join(lines).replace("borgerting representation", lone)
    done = subprocess.run(
        ["/bin/sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=environment | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
