"""`dropout alternates`, `replace` and `overdraw` as a secretariat runs them: files in, a folder out."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.sortition.commands import app as lottery
from services.sortition.commands.dropout import app
from services.sortition.words import Words

POOL = "id,gender,age\n" + "".join(
    f"p{i:02},{'fm'[i % 2]},{('young', 'mid', 'old')[i % 3]}\n" for i in range(36)
)
TARGETS = "feature,value,min,max\ngender,f,3,3\ngender,m,3,3\nage,young,2,2\nage,mid,2,2\nage,old,2,2\n"
WIDE = "feature,value,min,max\ngender,f,2,4\ngender,m,2,4\nage,young,1,3\nage,mid,1,3\nage,old,1,3\n"
RATES = "age;rate\nyoung;0,65\nmid;85 %\nold;1\n"
# Two of each age, three of each gender.
PANEL = "id\np00\np01\np02\np03\np04\np05\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("pool", POOL),
        ("targets", TARGETS),
        ("wide", WIDE),
        ("rates", RATES),
        ("panel", PANEL),
    ):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "dropped.csv").write_text("p00\np01\n", encoding="utf-8")
    return tmp_path


def run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


POOLED = ("--respondents", "pool.csv", "--seed", "7", "--out", "out")
EXACT = (*POOLED, "--targets", "targets.csv", "--panel", "panel.csv")
ALTERNATES = ("alternates", *EXACT, "--count", "2", "--samples", "20", "--fresh", "40")
REPLACE = ("replace", *EXACT, "--dropped", "dropped.csv", "--panels", "20")
OVERDRAW = ("overdraw", *POOLED, "--targets", "wide.csv", "--size", "6", "--trials", "50")


def test_alternates_stand_beside_the_usual_choice(folder: Path) -> None:
    result = run(*ALTERNATES, "--rates", "rates.csv")
    assert result.exit_code == 0, result.output
    assert "Participation rates: text, UTF-8, separated by semicolons, 3 rows." in result.stderr
    assert "usual choice" in result.stdout
    chosen = {row["id"] for row in rows(folder / "out" / "alternates.csv")}
    assert len(chosen) == 2
    assert not chosen & {f"p0{i}" for i in range(6)}
    assert list(rows(folder / "out" / "alternates.csv")[0]) == ["id", "gender", "age"]
    losses = {row["choice"]: float(row["loss"]) for row in rows(folder / "out" / "loss.csv")}
    assert losses["optimal"] <= losses["nobody"]
    figures = {row["figure"]: row["value"] for row in rows(folder / "out" / "figures.csv")}
    assert figures["samples"] == "20"
    assert 0 <= float(figures["gap"]) <= 1


def test_the_same_seed_gives_the_same_files_whatever_the_order_of_rows(folder: Path) -> None:
    assert run(*ALTERNATES, "--rates", "rates.csv").exit_code == 0
    head, *lines = POOL.splitlines()
    (folder / "pool.csv").write_text("\n".join([head, *lines[::-1]]), encoding="utf-8")
    again = [*ALTERNATES]
    again[again.index("out")] = "again"
    assert run(*again, "--rates", "rates.csv").exit_code == 0
    for name in ("loss.csv", "figures.csv"):
        assert (folder / "out" / name).read_bytes() == (folder / "again" / name).read_bytes()
    ids = [{row["id"] for row in rows(folder / out / "alternates.csv")} for out in ("out", "again")]
    assert ids[0] == ids[1]


def test_a_replacement_restores_the_targets_and_its_record_verifies(folder: Path) -> None:
    result = run(*REPLACE)
    assert result.exit_code == 0, result.output
    panel = rows(folder / "out" / "panel.csv")
    assert sorted(row["age"] for row in panel) == ["mid", "mid", "old", "old", "young", "young"]
    assert {f"p0{i}" for i in range(2, 6)} < {row["id"] for row in panel}
    assert not {"p00", "p01"} & {row["id"] for row in panel}
    assert len(rows(folder / "out" / "replacements.csv")) == 2
    # A young and a middle-aged are missing: those of the 30 candidates who are old cannot step in.
    assert "10 candidates fit no replacement." in result.stdout
    checked = CliRunner().invoke(
        lottery, ["verify", "out/record.json", "--audit", "out/audit.json", "--language", "en"]
    )
    assert checked.exit_code == 0, checked.output
    assert "optimal (leximin)" in checked.output


def test_what_cannot_be_restored_is_said_and_drawn_only_when_accepted(folder: Path) -> None:
    (folder / "candidates.csv").write_text("p06\np08\n", encoding="utf-8")
    result = run(*REPLACE, "--candidates", "candidates.csv")
    assert result.exit_code == 3
    assert (
        "gender: m reaches 2 of at least 3, 1 short: 2 stay and only 0 candidates have it." in result.stderr
    )
    assert not (folder / "out").exists()
    accepted = run(*REPLACE, "--candidates", "candidates.csv", "--least-violation", language="da")
    assert accepted.exit_code == 0, accepted.output
    assert "gender: m når 2 af mindst 3" in accepted.stdout
    assert {row["id"] for row in rows(folder / "out" / "replacements.csv")} == {"p06", "p08"}


def test_an_overdraw_becomes_targets_that_the_lottery_draws_by(folder: Path) -> None:
    result = run(*OVERDRAW, "--rates", "rates.csv")
    assert result.exit_code == 0, result.output
    outlook = rows(folder / "out" / "outlook.csv")
    for row in outlook:
        assert float(row["min"]) - 1e-6 <= float(row["expected"]) < float(row["max"]) + 1
    size = result.stdout.split("--size ")[1].split("`")[0]
    drawn = CliRunner().invoke(
        lottery,
        ["draw", "--respondents", "pool.csv", "--targets", "out/targets.csv", "--size", size, "--seed", "1",
         "--out", "drawn", "--panels", "20"],
    )  # fmt: skip
    assert drawn.exit_code == 0, drawn.output
    assert len(rows(folder / "drawn" / "panel.csv")) == int(size) > 6


def test_an_overdraw_that_the_pool_cannot_give_is_infeasible(folder: Path) -> None:
    result = run(*OVERDRAW, "--rate", "10 %")
    assert result.exit_code == 3
    assert "Even if the whole pool were drawn, 3.6 of the 6 wanted are expected to stay." in result.stderr
    assert not (folder / "out").exists()


def test_rates_are_estimated_from_earlier_assemblies(folder: Path) -> None:
    (folder / "rates.csv").write_text("age,started,stayed\nyoung,40,20\nmid,40,36\nold,40,40\n")
    result = run(*OVERDRAW, "--rates", "rates.csv")
    assert result.exit_code == 0, result.output
    rates = {row["value"]: float(row["rate"]) for row in rows(folder / "out" / "outlook.csv")}
    assert 0.5 < rates["young"] < 0.6
    assert rates["old"] < 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age,rate\nyoung,0.6\nmid,0.9\n", "There is no rate for old."),
        ("age,rate\nyoung,lots\n", "Participation rates, row 2: “lots” is no share."),
        ("age,rate\nyoung,0.6\nyoung,0.7\n", "Participation rates, row 3: young already stands in row 2."),
        ("age,rate\nyoung,60\n", "The rate 60 of young is not from 0 to 1."),
        ("age,rate\nunge,0.6\n", "unge"),
        ("age\nyoung\n", "rate"),
        ("age,rate,shoes\nyoung,0.6,9\n", "shoes"),
        ("age,started,stayed\nyoung,3,4\n", "More stayed than started"),
        ("age,started,stayed\nyoung,few,4\n", "few"),
        ("", "Participation rates"),
    ],
)
def test_faulty_rates_are_named_with_their_cure(folder: Path, text: str, said: str) -> None:
    (folder / "rates.csv").write_text(text, encoding="utf-8")
    result = run(*OVERDRAW, "--rates", "rates.csv")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*ALTERNATES,), "There are no participation rates."),
        ((*ALTERNATES, "--rate", "most"), "“most” is no share."),
        ((*ALTERNATES, "--rate", "0.9", "--count", "99"), "99 alternates are asked for"),
        ((*ALTERNATES, "--rate", "0.9", "--panel", "nowhere.csv"), "Panel"),
        ((*REPLACE, "--dropped", "pool.csv"), "on the panel"),
        ((*REPLACE, "--size", "0"), "0"),
        ((*REPLACE, "--size", "3"), "4 people stay, but the panel has 3 seats."),
        ((*REPLACE, "--candidates", "panel.csv"), "on the panel already"),
        ((*OVERDRAW, "--rate", "0.9", "--trials", "1"), "1 simulations are too few"),
        ((*OVERDRAW, "--rate", "0.9", "--seed", " "), "seed"),
    ],
)
def test_bad_requests_end_with_2_and_write_nothing(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (folder / "out").exists()


def test_a_stranger_in_a_list_is_named_by_row(folder: Path) -> None:
    (folder / "dropped.csv").write_text("p00\nq99\np00\n", encoding="utf-8")
    result = run(*REPLACE)
    assert result.exit_code == 2
    assert "Drop-outs, row 2" in result.stderr
    assert "The id “p00” already stands in row 1." in result.stderr


COMMANDS = ("alternates", "replace", "overdraw")


def lines_of(language: str, command: str) -> list[str]:
    return Words(language)(f"help.dropout.{command}.example").splitlines()[1:]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_the_help_runs_as_printed(tmp_path: Path, command: str) -> None:
    lines = lines_of("en", command)
    assert lines_of("da", command) == lines
    script = tmp_path / "example.sh"
    script.write_text("\n".join(["set -e", *(line.removeprefix("  ") for line in lines)]), encoding="utf-8")
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("language", ["en", "da"])
def test_help_ends_in_the_example(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}_DK.UTF-8")
    for command in COMMANDS:
        text = CliRunner().invoke(app, [command, "--help"]).output
        assert text.rstrip().endswith(Words(language)(f"help.dropout.{command}.example"))
