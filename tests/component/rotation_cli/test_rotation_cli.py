"""`rotation plan` and `draw` as a secretariat runs them: files in, a folder out, the next one from it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from icalendar import Calendar
from typer.testing import CliRunner, Result

from services.sortition.commands.rotation import app
from services.sortition.words import Words

TARGETS = "feature,value,min,max\ngender,f,2,4\ngender,m,2,4\nage,young,2,3\nage,old,3,4\n"
KINDS = {"a": "f,old", "b": "m,old", "c": "f,young", "d": "m,young"}
POOL = ["id,gender,age", *(f"{k}{i},{v}" for k, v in KINDS.items() for i in range(1, 6))]
BASE = ("pool.csv", "targets.csv", "--cohorts", "2,2,2", "--founding", "2026-09-01", "--once")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets.csv").write_text(TARGETS, encoding="utf-8")
    (tmp_path / "pool.csv").write_text("\n".join(POOL), encoding="utf-8")
    return tmp_path


def run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_plan_keeps_every_quota_and_comes_with_a_calendar(folder: Path) -> None:
    result = run("plan", *BASE, "--election", "2027-09-14", "--out", "out")
    assert result.exit_code == 0, result.output
    planned = rows(folder / "out" / "plan.csv")
    assert {row["rotation"] for row in planned} == set("01234")
    for row in planned:
        assert int(row["min"]) <= int(row["body"]) <= int(row["max"])
        assert int(row["staying"]) + int(row["planned"]) == int(row["body"])
        assert int(row["lowest"]) <= int(row["planned"]) <= int(row["highest"])
    terms = rows(folder / "out" / "terms.csv")
    assert [(t["cohort"], t["from"], t["to"]) for t in terms[:3]] == [
        ("1", "2026-09-01", "2027-03-01"),
        ("2", "2026-09-01", "2027-10-15"),
        ("3", "2026-09-01", "2028-03-01"),
    ]
    assert "Rotation 2 moves from 2027-09-01 to 2027-10-15, away from an election." in result.stdout
    events = Calendar.from_ical((folder / "out" / "calendar.ics").read_bytes()).walk("VEVENT")
    assert [str(event.decoded("dtstart")) for event in events] == [
        row["date"] for row in rows(folder / "out" / "calendar.csv")
    ]
    assert len({str(event["uid"]) for event in events}) == 5


def test_rotations_follow_from_one_another_and_nobody_serves_twice(folder: Path) -> None:
    ever: set[str] = set()
    before: tuple[str, ...] = ()
    for number in range(4):
        out = f"r{number}"
        ahead = ("--ahead", str(3 - number), "--rotation", str(number))
        result = run("draw", *BASE, *ahead, *before, "--seed", f"s{number}", "--panels", "50", "--out", out)
        assert result.exit_code == 0, result.output
        drawn = {row["id"] for row in rows(folder / out / "drawn.csv")}
        assert len(drawn) == (2 if number else 6)
        assert not drawn & ever
        ever |= drawn
        members = rows(folder / out / "members.csv")
        assert len(members) == 6
        assert 2 <= sum(row["gender"] == "f" for row in members) <= 4
        assert 2 <= sum(row["age"] == "young" for row in members) <= 3
        before = ("--members", f"{out}/members.csv", "--served", f"{out}/served.csv")
    assert len(rows(folder / "r3" / "served.csv")) == 6


def test_the_same_input_and_seed_give_the_same_files_whatever_the_order_of_rows(folder: Path) -> None:
    assert run("draw", *BASE, "--seed", "7", "--panels", "20", "--out", "one").exit_code == 0
    (folder / "pool.csv").write_text("\n".join([POOL[0], *reversed(POOL[1:])]), encoding="utf-8")
    assert run("draw", *BASE, "--seed", "7", "--panels", "20", "--out", "two").exit_code == 0
    for name in ("members.csv", "drawn.csv", "served.csv", "chances.csv", "panels.csv", "calendar.csv"):
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes()


def test_infeasible_ends_with_3_and_names_rotation_and_quota(folder: Path) -> None:
    few = [row for row in POOL if not row.startswith(("d", "c2", "c3", "c4", "c5"))]
    (folder / "pool.csv").write_text("\n".join([*few, "c2,f,young", "c3,f,young"]), encoding="utf-8")
    result = run("plan", *BASE, "--out", "out")
    assert result.exit_code == 3
    assert re.search(r"rotation \d, age: young: 1 of at least 2", result.stderr)
    assert not (folder / "out").exists()
    danish = run("plan", *BASE, "--out", "out", language="da")
    assert re.search(r"rotation \d, age: young: 1 af mindst 2", danish.stderr)


def test_too_few_people_end_with_3(folder: Path) -> None:
    (folder / "pool.csv").write_text("\n".join(POOL[:4]), encoding="utf-8")
    result = run("draw", *BASE, "--seed", "1", "--out", "out")
    assert result.exit_code == 3
    assert "Rotation 0 has 6 seats to fill, but at most 3 people" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--founding", "1 September"), "“1 September” is no date"),
        (("--cohorts", "2,x"), "the cohorts are not seats"),
        (("--cohorts", "2,0"), "the cohorts are not seats"),
        (("--ahead", "-1"), "count from 0"),
        (("--rotation", "1"), "there is a body already"),
        (("--every", "0"), "0 months between rotations"),
        (("--ahead", "900"), "at most 200 can be planned"),
        (("--quiet-after", "-5"), "write 0 to 3660"),
        (("--cooling-off", "-1"), "the cooling-off is below 0"),
        (("--election", "2026-09-01", "--quiet-after", "400"), "rotation 1 would be no later"),
        (("--members", "people.csv", "--rotation", "1"), "no column “cohort”"),
        (("--members", "wrong.csv", "--rotation", "1"), "members, row 2: the cohort is not a number"),
        (("--members", "full.csv", "--rotation", "1"), "cohort 2 has 3 members but 2 seats"),
        (("--members", "members.csv"), "the founding (rotation 0) has members already"),
        (("--served", "people.csv"), "needs the columns “id” and “left”"),
        (("--served", "undated.csv"), "row 2: “left” is no date"),
        (("--served", "missing.csv"), "missing.csv"),
        (("--later", "missing.csv"), "missing.csv"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_2_and_says_what_to_do(folder: Path, options: tuple[str, ...], said: str) -> None:
    head = "id,cohort,gender,age\n"
    (folder / "people.csv").write_text("id,gender,age\nx,f,old\n", encoding="utf-8")
    (folder / "wrong.csv").write_text(head + "x,4,f,old\n", encoding="utf-8")
    (folder / "members.csv").write_text(head + "x,2,f,old\n", encoding="utf-8")
    (folder / "full.csv").write_text(head + "x,2,f,old\ny,2,f,old\nz,2,m,young\n", encoding="utf-8")
    (folder / "undated.csv").write_text("id,left\nx,spring\n", encoding="utf-8")
    result = run("plan", *BASE, *options, "--out", "out")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (folder / "out").exists()


def test_an_empty_seed_and_no_panels_are_refused_together(folder: Path) -> None:
    result = run("draw", *BASE, "--seed", " ", "--panels", "0", "--out", "out")
    assert result.exit_code == 2
    assert "the seed is empty" in result.stderr
    assert "0 panels" in result.stderr


def test_a_new_pool_is_assumed_for_later_rotations(folder: Path) -> None:
    (folder / "pool.csv").write_text(
        "\n".join([POOL[0], *POOL[1:3], *POOL[6:8], *POOL[11:13], *POOL[16:18]]), encoding="utf-8"
    )
    assert run("plan", *BASE, "--out", "alone").exit_code == 3
    assert run("plan", *BASE, "--later", "pool.csv", "--out", "new").exit_code == 0


@pytest.mark.parametrize("command", ["plan", "draw"])
@pytest.mark.parametrize("language", ["en", "da"])
def test_the_example_of_the_help_works_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, language: str
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}_DK.UTF-8")
    example = Words(language)(f"help.rotation.{command}.example")
    shown = run(command, "--help", language=language)
    assert all(line in shown.stdout for line in example.splitlines())
    script = "\n".join(example.splitlines()[1:]).replace(
        "borgerting rotation", f"{sys.executable} -m services.sortition.commands.rotation"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
