"""The commands `groups plan` and `groups replan` as a secretariat runs them: files in, a folder out."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.deliberation.commands.groups import PLAN_HELP, REPLAN_HELP, app
from services.deliberation.commands.groups_words import GroupsWords
from services.deliberation.grouping.errors import CureKind, RuleKind

MEMBERS = "id,gender,needs\nA,f,\nB,m,ramp\nC,f,\nD,m,\nE,f,\nF,m,ramp\n"
RULES = (
    "rule,who,what,limit,groups,rounds\n"
    "apart,A B,,,,\n"
    "together,C D,,,,\n"
    "resource,,ramp,2,1 3,\n"
    "need,E,ramp,,,\n"
    "facilitator,x y z,,,,\n"
    "absent,F,,,,2 3\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "members.csv").write_text(MEMBERS, encoding="utf-8")
    (tmp_path / "rules.csv").write_text(RULES, encoding="utf-8")
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", "en"])


PLAN = ("plan", "members.csv", "--groups", "3", "--rounds", "3", "--seed", "1", "--effort", "2000")
FULL = (*PLAN, "--rules", "rules.csv", "--balance", "gender", "--out", "out")


def _with_rules(folder: Path, rules: str) -> None:
    (folder / "members.csv").write_text("id,gender\nA,f\nB,m\nC,f\nD,m\nE,f\nF,m\n", encoding="utf-8")
    (folder / "rules.csv").write_text(rules, encoding="utf-8")


def _seats(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_plan_with_every_rule(folder: Path) -> None:
    result = _run(*FULL)
    assert (result.exit_code, result.stderr) == (0, "Searching for groups …\n")
    assert "Pairs who meet:" in result.stdout
    assert "Quota cells off by one:" in result.stdout
    seats = _seats(folder / "out" / "groups.csv")
    at = {(s["round"], s["id"]): s["group"] for s in seats if s["role"] == "member"}
    assert len(at) == 6 + 5 + 5
    assert ("2", "F") not in at
    for number in "123":
        assert at[number, "A"] != at[number, "B"]
        assert at[number, "C"] == at[number, "D"]
        assert at[number, "B"] in "13"
        assert at[number, "E"] in "13"
        led = [s["id"] for s in seats if (s["round"], s["role"]) == (number, "facilitator")]
        assert sorted(led) == ["x", "y", "z"]
        ramps = {s["group"] for s in seats if (s["round"], s["role"]) == (number, "resource")}
        assert ramps == {at[number, who] for who in "BEF" if (number, who) in at}
    whole = json.loads((folder / "out" / "plan.json").read_text(encoding="utf-8"))
    assert (whole["seed"], whole["effort"], len(whole["input_sha256"])) == ("1", 2000, 64)
    assert whole["figures"]["pairs_met"] <= whole["figures"]["bound"]


def test_json_says_the_same_as_csv(folder: Path) -> None:
    assert _run(*FULL).exit_code == 0
    problem = {
        "members": [
            {
                "id": row["id"],
                "features": {"gender": row["gender"]},
                "needs": ["ramp"] if row["id"] in "BEF" else [],
            }
            for row in csv.DictReader(MEMBERS.splitlines())
        ],
        "rounds": [{"groups": 3}, {"groups": 3, "absent": ["F"]}, {"groups": 3, "absent": ["F"]}],
        "balance": ["gender"],
        "apart": [["A", "B"]],
        "together": [["C", "D"]],
        "resources": [{"id": "ramp", "limit": 2, "groups": [1, 3]}],
        "facilitators": ["x", "y", "z"],
    }
    (folder / "all.json").write_text(json.dumps(problem), encoding="utf-8")
    result = _run("plan", "all.json", "--seed", "1", "--effort", "2000", "--out", "other")
    assert result.exit_code == 0
    for name in ("groups.csv", "plan.json"):
        assert (folder / "other" / name).read_bytes() == (folder / "out" / name).read_bytes()


def test_semicolons_byte_order_mark_and_other_id_column(folder: Path) -> None:
    (folder / "da.csv").write_text("\ufeffnr;køn\nÅ1;kvinde\nÆ2;mand\n\nØ3;kvinde\n", encoding="utf-8")
    result = _run(
        "plan", "da.csv", "--id", "nr", "--balance", "all", "--groups", "2", "--rounds", "1", "--seed", "s",
        "--out", "out",
    )  # fmt: skip
    assert result.exit_code == 0
    assert {s["id"] for s in _seats(folder / "out" / "groups.csv")} == {"Å1", "Æ2", "Ø3"}


def test_replan_keeps_what_was_held(folder: Path) -> None:
    assert _run(*FULL).exit_code == 0
    seats = _seats(folder / "out" / "groups.csv")
    sat = [s for s in seats if not (s["round"] == "1" and s["id"] in ("D", "F"))]
    lines = ["round,group,role,id", *(",".join(s.values()) for s in sat), "1,2,member,visitor"]
    (folder / "sat.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = _run("re" + FULL[0], *FULL[1:-1], "again", "--attended", "sat.csv", "--done", "1")
    assert result.exit_code == 0
    assert "rounds planned 2, rounds held 1" in result.stdout
    again = _seats(folder / "again" / "groups.csv")
    first = {(s["group"], s["role"], s["id"]) for s in again if s["round"] == "1" and s["role"] != "resource"}
    assert first == {
        *((s["group"], s["role"], s["id"]) for s in sat if s["round"] == "1" and s["role"] != "resource"),
        ("2", "member", "visitor"),
    }
    whole = json.loads((folder / "again" / "plan.json").read_text(encoding="utf-8"))
    assert [each["held"] for each in whole["rounds"]] == [True, False, False]
    assert whole["figures"]["members"] == 7


@pytest.mark.parametrize("language", ["da", "en"])
def test_infeasible_is_exit_3_and_names_rules_and_cures(folder: Path, language: str) -> None:
    _with_rules(folder, "rule,who\ntogether,A B\ntogether,B C\n")
    result = CliRunner().invoke(app, [*FULL, "--language", language])
    assert (result.exit_code, result.stdout) == (3, "")
    words = {
        "da": ("Runde 1", "fjern reglen 'sammen: A, B'"),
        "en": ("Round 1", "drop the rule 'together: A, B'"),
    }
    for part in words[language]:
        assert part in result.stderr
    assert not (folder / "out").exists()


def test_too_few_facilitators_is_exit_3(folder: Path) -> None:
    _with_rules(folder, "rule,who\nfacilitator,x y\n")
    result = _run(*PLAN, "--rules", "rules.csv", "--out", "out")
    assert result.exit_code == 3
    assert "have 3 facilitators" in result.stderr
    assert "make 2 groups" in result.stderr


def test_tangled_rules_are_exit_3(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.deliberation.grouping import feasibility

    monkeypatch.setattr(feasibility, "MAX_STEPS", 1)
    _with_rules(folder, "rule,who\napart,A B C\n")
    result = _run(*PLAN, "--rules", "rules.csv", "--out", "out")
    assert result.exit_code == 3
    assert "tangled" in result.stderr


BAD_MEMBERS = [
    ("gender\nf\n", "no column id"),
    ("", "no column id"),
    ("id,id\nA,B\n", "column id twice"),
    ("id\nA,B\n", "row 2: more cells"),
    ("id\nA\nAnne Berg\n", "row 3: an id is one word"),
    ('id\n"A\n', "quotation mark"),
    ("id\nA\nA\n", "The id A stands twice"),
    ("id\n=A\n", "begins as a formula"),
    ("id\n", "There are no members"),
    ("id,needs\nA,loop\n", "needs loop, which is no resource"),
]


@pytest.mark.parametrize(("text", "words"), BAD_MEMBERS)
def test_bad_members_are_exit_2(folder: Path, text: str, words: str) -> None:
    (folder / "members.csv").write_text(text, encoding="utf-8")
    result = _run(*PLAN, "--out", "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Berg" not in result.stderr
    assert not (folder / "out").exists()


BAD_RULES = [
    ("who\nA\n", "no column rule"),
    ("rule,who\nnear,A B\n", "row 2: the rule must be"),
    ("rule,who\napart,\n", "row 2: the rule needs something in column who"),
    ("rule,who,what\nneed,A,\n", "row 2: the rule needs something in column what"),
    ("rule,who,what\nneed,Z,ramp\n", "Z is no member"),
    ("rule,who,what,limit\nresource,,ramp,two\n", "column limit: write a whole number"),
    ("rule,who,what,limit,groups\nresource,,ramp,1,x\n", "column groups: write a whole number"),
    ("rule,who,rounds\nabsent,A,4\n", "there is no round 4"),
    ("rule,who,rounds\nabsent,A,\n", "column rounds: write a whole number"),
    ("rule,who\napart,A Z\n", "names Z, who is no member"),
]


@pytest.mark.parametrize(("text", "words"), BAD_RULES)
def test_bad_rules_are_exit_2(folder: Path, text: str, words: str) -> None:
    (folder / "members.csv").write_text("id\nA\nB\nC\n", encoding="utf-8")
    (folder / "rules.csv").write_text(text, encoding="utf-8")
    result = _run(*PLAN, "--rules", "rules.csv", "--out", "out")
    assert result.exit_code == 2
    assert words in result.stderr


BAD_ATTENDANCE = [
    ("round,group\n1,1\n", "no column id"),
    ("round,group,id\none,1,A\n", "column round: write a whole number"),
    ("round,group,id,role\n1,1,A,guest\n", "the role must be"),
    ("round,group,id\n1,1,A\n1,1,A\n", "row 3: the same person"),
    ("round,group,id\n1,1,A\n1,2,A\n", "A sat in two places"),
    ("round,group,id,role\n1,1,x,facilitator\n1,1,y,facilitator\n", "has a facilitator already"),
    ("round,group,id\n2,1,A\n", "says nothing about round 1"),
    ("round,group,id\n1,1,Anne Berg\n", "an id is one word"),
    ("round,group,id\n1,1,A\n2,1,A\n3,1,A\n", "nothing is left to plan"),
]


@pytest.mark.parametrize(("text", "words"), BAD_ATTENDANCE)
def test_bad_attendance_is_exit_2(folder: Path, text: str, words: str) -> None:
    (folder / "members.csv").write_text("id\nA\nB\nC\n", encoding="utf-8")
    (folder / "sat.csv").write_text(text, encoding="utf-8")
    result = _run("replan", *PLAN[1:], "--attended", "sat.csv", "--out", "out")
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Berg" not in result.stderr


BAD_JSON = [
    ("{", "no JSON that can be read"),
    ("[]", "not as it should be"),
    ('{"members": [{"id": "A"}]}', "at rounds"),
    ('{"members": [{"id": 1}], "rounds": []}', "at members.0.id"),
    ('{"members": [{"id": "A"}], "rounds": [], "extra": 1}', "at extra"),
    ('{"members": [{"id": "A"}], "rounds": []}', "There are no rounds"),
]


@pytest.mark.parametrize(("text", "words"), BAD_JSON)
def test_bad_json_is_exit_2(folder: Path, text: str, words: str) -> None:
    (folder / "all.json").write_text(text, encoding="utf-8")
    result = _run("plan", "all.json", "--seed", "1", "--out", "out")
    assert result.exit_code == 2
    assert words in result.stderr


def test_options_that_do_not_fit(folder: Path) -> None:
    result = _run("plan", "members.csv", "--seed", "1", "--out", "out")
    assert result.exit_code == 2
    assert "--groups is missing" in result.stderr
    assert "--rounds is missing" in result.stderr
    (folder / "all.json").write_text(
        '{"members": [{"id": "A"}], "rounds": [{"groups": 1}]}', encoding="utf-8"
    )
    result = _run("plan", "all.json", "--groups", "2", "--seed", "1", "--out", "out")
    assert result.exit_code == 2
    assert "--groups is part of the JSON file" in result.stderr
    result = _run(*PLAN[:-1], "0", "--tolerance", "101", "--balance", "size", "--out", "out")
    assert result.exit_code == 2
    assert "no column size" in result.stderr


def test_files_that_cannot_be_read(folder: Path) -> None:
    (folder / "members.csv").unlink()
    assert "members.csv cannot be read" in _run(*PLAN, "--out", "out").stderr
    (folder / "members.csv").write_bytes("id\nÅ\n".encode("latin-1"))
    result = _run(*PLAN, "--out", "out")
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr


def test_a_file_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.deliberation.commands import groups_input

    monkeypatch.setattr(groups_input, "MAX_BYTES", 3)
    result = _run(*PLAN, "--out", "out")
    assert result.exit_code == 2
    assert "larger than 3 bytes" in result.stderr


def test_nothing_is_overwritten(folder: Path) -> None:
    assert _run(*FULL).exit_code == 0
    before = (folder / "out" / "groups.csv").read_bytes()
    result = _run(*FULL, "--seed", "2")
    assert result.exit_code == 2
    assert "out is no empty folder" in result.stderr
    assert (folder / "out" / "groups.csv").read_bytes() == before
    (folder / "empty").mkdir()
    assert _run(*FULL[:-1], "empty").exit_code == 0


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / "file").write_text("x", encoding="utf-8")
    result = _run(*FULL[:-1], "file/out")
    assert result.exit_code == 2
    assert "cannot be written to" in result.stderr


def test_a_defect_shows_its_kind_and_no_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.deliberation.commands import groups

    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(groups, "make_plan", broken)
    result = _run(*FULL)
    assert result.exit_code == 70
    assert "RuntimeError" in result.stderr
    assert "secret" not in result.stderr
    assert "Traceback" not in result.stderr


def test_notices_are_printed(folder: Path) -> None:
    result = _run("plan", "members.csv", "--groups", "9", "--rounds", "1", "--seed", "1", "--out", "out")
    assert result.exit_code == 2  # members.csv names a resource, so the rules are needed
    (folder / "members.csv").write_text("id\nA\nB\n", encoding="utf-8")
    result = _run("plan", "members.csv", "--groups", "9", "--rounds", "1", "--seed", "1", "--out", "out")
    assert result.exit_code == 0
    assert "2 people come to round 1, which has 9 groups" in result.stdout


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_rule_cure_and_clash_has_words(language: str) -> None:
    catalogue = GroupsWords(language).catalogue
    keys = [f"groups.rule.{kind}" for kind in RuleKind] + [f"groups.cure.{kind}" for kind in CureKind]
    engine = Path(sys.modules["services.deliberation.grouping.errors"].__file__ or "").parent
    sources = [*engine.glob("*.py"), *(engine.parent / "commands").glob("groups*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    reasons = re.findall(r'(?:Reason|faults\.add)\(\s*"([A-Z0-9_]+)"', text)
    assert len(set(reasons)) > 35
    keys += [
        f"groups.reason.{code}"
        for code in (*reasons, "EMPTY_GROUPS", "GROUPS_OF_ONE", "NOT_JSON", "JSON_SHAPE")
    ]
    clashes: tuple[str, ...] = (
        "TOGETHER_TOO_LARGE",
        "TOGETHER_DO_NOT_FIT",
        "APART_TOO_MANY",
        "NEEDS_NOT_MET",
    )
    clashes += ("TOGETHER_AND_APART", "RULES_CLASH", "TOO_FEW_FACILITATORS")
    keys += [f"groups.clash.{code}" for code in clashes]
    assert [key for key in keys if key not in catalogue] == []


def test_the_examples_in_the_help_work_as_printed(tmp_path: Path) -> None:
    def example(text: str) -> str:
        return text.split("\b\n", 1)[1].split("\n", 1)[1]

    command = f'"{sys.executable}" -m services.deliberation.commands.groups "$@"'
    shell = f"borgerting() {{ shift; {command}; }}\nset -e\n"
    root = Path(__file__).parents[3]
    script = shell + example(PLAN_HELP) + example(REPLAN_HELP)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{root}:{root / 'gen'}", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert (tmp_path / "plan" / "groups.csv").is_file()
    assert "rounds planned 2, rounds held 1" in done.stdout
    rows = _seats(tmp_path / "plan2" / "groups.csv")
    assert not [row for row in rows if (row["round"], row["id"]) == ("1", "D")]
