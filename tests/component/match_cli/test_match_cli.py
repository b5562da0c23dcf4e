"""The commands `match rank`, `assign` and `cover` as coordinators run them: files in, words and files out."""

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
from services.volunteer.commands.match import ASSIGN_HELP, COVER_HELP, RANK_HELP, app
from services.volunteer.commands.match_output import cover_lines
from services.volunteer.commands.match_words import MatchWords
from services.volunteer.matching.cover_types import CoverPlan, Level, LevelResult

ROOT = Path(__file__).parents[3]
TASKS = (
    "task,organisation,places,left,age,children,declared,skills,wished,languages,times,x,y,access,closes,beginners\n"
    "reading,library,4,3,15,regular,2027-06-01,,patience,da;en,tue-afternoon,0,0,lift,,yes\n"
    "garden,park,10,2,,none,,,,,sat-morning;sun-morning,3000,4000,lift,2026-12-01,\n"
)
PEOPLE = (
    "person,born,guardian,newcomer,x,y,reach,languages,skills,free,needs,clearances\n"
    "p1,1990-05-01,,yes,0,0,6000,da,patience,sat-morning;tue-afternoon,lift,library=2027-01-01\n"
    "p2,2012-11-27,,,0,0,4000,,,,,\n"
)
WISHES = "applicant,host,rank\nann,museum,1\nann,radio,2\nben,museum,1\ncy,museum,1\n"
CHOICES = "host,applicant,rank\nmuseum,ben,1\nmuseum,ann,2\nmuseum,cy,2\nradio,ann,1\n"
HOSTS = "host,capacity\nmuseum,2\nradio,2\n"
SLOTS = (
    "slot,start,end,capacity,critical,guarded\n"
    "gate,2027-05-08T08:00+02:00,2027-05-08T12:00+02:00,2,1,no\n"
    "play,2027-05-08T12:00+02:00,2027-05-08T16:00+02:00,1,1,yes\n"
)
CREW = "person,most,rest,last_served\np1,2,11,2026-05-01\np2,1,,\np3,,,\n"
ABLE = "person,slot,rank\np1,gate,1\np1,play,2\np2,gate,1\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _file(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def _run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


def _rank(tasks: str = TASKS, people: str = PEOPLE, *more: str, language: str = "en") -> Result:
    files = ("rank", _file("t.csv", tasks), "--people", _file("p.csv", people))
    return _run(*files, "--on", "2026-11-26", *more, language=language)


def _assign(
    *more: str, wishes: str = WISHES, choices: str = CHOICES, hosts: str = HOSTS, language: str = "en"
) -> Result:
    files = ("--choices", _file("c.csv", choices), "--hosts", _file("h.csv", hosts))
    return _run("assign", _file("w.csv", wishes), *files, *more, language=language)


def _cover(
    *more: str, slots: str = SLOTS, people: str = CREW, able: str = ABLE, language: str = "en"
) -> Result:
    files = ("--people", _file("p.csv", people), "--able", _file("a.csv", able))
    return _run("cover", _file("s.csv", slots), *files, *more, language=language)


def _sound(text: str) -> bool:
    """Every key became words, every parameter was filled."""
    return not re.search(r"(match|slots)\.[a-z]+\.|[{}]| –[ .,]*$", text)


def _rows(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))


def test_rank_says_why_and_what_would_open() -> None:
    result = _rank(TASKS, PEOPLE, "--out", "out")
    assert result.exit_code == 3, result.stderr
    assert "  1. reading: 96 points\n" in result.stdout
    assert "  2. garden: 48 points\n" in result.stdout
    assert "     distance 3 of 20: 5.0 km away\n" in result.stdout
    assert "     > under 15 a guardian has to consent\n" in result.stdout
    assert "     > for those of 15 and over; opens on 27 November 2027\n" in result.stdout
    assert "p2\n  nothing is open\n" in result.stdout
    assert [(row["person"], row["task"], row["points"]) for row in _rows("out/shown.csv")] == [
        ("p1", "reading", "96"),
        ("p1", "garden", "48"),
    ]
    blocked = _rows("out/blocked.csv")
    assert {row["opened_by"] for row in blocked} == {"waiting", "guardian", "organisation", "person"}
    assert "too_far (metres=5000, reach=4000)" in {row["reason"] for row in blocked}
    assert _sound(result.stdout)
    danish = _rank(language="da")
    assert "5,0 km væk" in danish.stdout
    assert _sound(danish.stdout)
    assert _rank(TASKS, PEOPLE, "--person", "p1").exit_code == 0


def test_rank_from_one_json_file_is_the_same() -> None:
    content = {
        "tasks": list(csv.DictReader(TASKS.splitlines())),
        "people": [row | {"free": row["free"].split(";")} for row in csv.DictReader(PEOPLE.splitlines())],
    }
    one = _run("rank", _file("all.json", json.dumps(content)), "--on", "2026-11-26")
    assert (one.exit_code, one.stdout) == (3, _rank().stdout)


def test_assign_says_who_goes_where_and_why() -> None:
    schools = _file("s.csv", "applicant,school\nann,north\nben,north\ncy,south\ndi,\n")
    quotas = _file("q.csv", "host,school,most\nmuseum,north,1\n")
    result = _assign("--applicants", schools, "--quotas", quotas, "--out", "out")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(
        "ann: radio (rank 2)\n  > museum (rank 1) takes 1 of their school, and has them\n"
    )
    assert "di: no host\n  > has ranked no host" in result.stdout
    assert "radio: places left: 1\n  > nobody else ranks it" in result.stdout
    assert [tuple(row.values()) for row in _rows("out/matches.csv")] == [
        ("ann", "radio", "2", "1"),
        ("ben", "museum", "1", "1"),
        ("cy", "museum", "1", "2"),
    ]
    assert (len(_rows("out/applicants.csv")), len(_rows("out/hosts.csv"))) == (4, 2)
    lots = {_assign("--seed", str(n)).stdout for n in range(20)}
    assert len(lots) == 2
    assert all("and the lot decided" in text and _sound(text) for text in lots)
    assert _sound(_assign("--applicants", schools, "--quotas", quotas, language="da").stdout)
    content = {
        "wishes": list(csv.DictReader(WISHES.splitlines())),
        "choices": list(csv.DictReader(CHOICES.splitlines())),
        "hosts": list(csv.DictReader(HOSTS.splitlines())),
    }
    assert _run("assign", _file("all.json", json.dumps(content))).stdout == _assign().stdout


def test_lower_quotas_are_refused_with_the_reason() -> None:
    result = _assign(hosts="host,capacity,least\nmuseum,2,1\nradio,1,0\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Lower quotas are refused: with them there can be no stable matching" in result.stderr
    quotas = _file("q.csv", "host,school,least\nmuseum,north,1\n")
    assert "least number from the school north" in _assign("--quotas", quotas).stderr


def test_cover_plans_and_takes_its_plan_back() -> None:
    result = _cover("--out", "out")
    assert result.exit_code == 0, result.stderr
    assert "Critical places filled: 2 – proved best\n" in result.stdout
    assert "waiting for a coordinator before anybody is assigned: 1\n" in result.stdout
    assert "p3: no slot\n  > is able to take no slot" in result.stdout
    plan = _rows("out/plan.csv")
    assert [(row["slot"], row["person"], row["status"]) for row in plan] == [
        ("gate", "p2", "proposed"),
        ("play", "p1", "needs_coordinator"),
    ]
    assert [row["gap"] for row in _rows("out/levels.csv")] == ["0.000000"] * 5
    assert [row["slot"] for row in _rows("out/unfilled.csv")] == ["gate"]
    assert [row["slots"] for row in _rows("out/people.csv")] == ["play", "gate", ""]
    again = _cover("--last", "out/plan.csv")
    assert "Placements changed from the last plan: 0 – proved best\n" in again.stdout
    confirmed = Path("out/plan.csv").read_text().replace("needs_coordinator", "confirmed")
    third = _cover("--last", _file("last.csv", confirmed), "--out", "third")
    assert [row["status"] for row in _rows("third/plan.csv")] == ["proposed", "confirmed"]
    assert "coordinator before" not in third.stdout
    assert _sound(_cover(language="da").stdout)
    content = {
        "slots": list(csv.DictReader(SLOTS.splitlines())),
        "people": list(csv.DictReader(CREW.splitlines())),
        "able": list(csv.DictReader(ABLE.splitlines())),
    }
    assert _run("cover", _file("all.json", json.dumps(content))).stdout == _cover().stdout


def test_critical_places_that_stay_empty_end_with_three_and_a_plan() -> None:
    result = _cover("--out", "out", able="person,slot,rank\np2,gate,1\n")
    assert result.exit_code == 3
    assert "play: critical places empty: 1 (places left: 1)\n  > nobody else is able" in result.stdout
    assert len(_rows("out/plan.csv")) == 1


def test_confirmed_placements_that_clash_end_with_three_and_no_plan() -> None:
    slots = SLOTS.replace("T12:00+02:00,2027-05-08T16:00", "T11:00+02:00,2027-05-08T16:00")
    last = _file("l.csv", "slot,person,status\ngate,p1,confirmed\nplay,p1,confirmed\n")
    result = _cover("--last", last, "--out", "out", slots=slots)
    assert (result.exit_code, result.stdout, Path("out").exists()) == (3, "", False)
    assert "p1: the confirmed slots gate and play overlap" in result.stderr


def test_a_level_that_is_not_proved_best_says_how_far_it_may_be() -> None:
    levels = tuple(LevelResult(level, 3974, 3988) for level in Level)
    english, danish = (
        cover_lines(CoverPlan((), levels, (), ()), MatchWords(language)) for language in ("en", "da")
    )
    assert english[0] == "Critical places filled: 3974 – no plan can do better than 3988, a gap of 0.35%"
    assert danish[0].startswith("Kritiske pladser fyldt: 3974 – ingen plan kan gøre det bedre end 3988")
    assert "0,35" in danish[0]


def test_empty_tables() -> None:
    assert (
        _assign(wishes="applicant,host,rank\n", choices="host,applicant,rank\n", hosts="host\n").exit_code
        == 0
    )
    empty = _cover(slots="slot,start,end\n", people="person\n", able="person,slot\n")
    assert (empty.exit_code, "People with a slot: 0 – proved best" in empty.stdout) == (0, True)
    assert "no people to search for" in _rank(people="person\n").stderr
    assert "There is no person x" in _rank(TASKS, PEOPLE, "--person", "x").stderr
    nothing = _rank(tasks="task,organisation\n")
    assert (nothing.exit_code, nothing.stdout) == (3, "p1\n  nothing is open\np2\n  nothing is open\n")


HEAD = "task,organisation,places,left,age,children,times,x,y\n"


@pytest.mark.parametrize(
    ("tasks", "people", "words"),
    [
        ("task\n", "person\n", "t.csv: the column organisation is missing"),
        (f"{HEAD}a,o,few\n", "person\np\n", "t.csv, row 2 places: 'few' is no whole number"),
        (f"{HEAD}a,o,1,2\n", "person\np\n", "The task a: 2 places left of 1"),
        (f"{HEAD}a,o,,,200\n", "person\np\n", "The task a: the least age is to lie between"),
        (f"{HEAD}a,o,,,,some\n", "person\np\n", "children: 'some' is none of: none, incidental, regular"),
        (f"{HEAD}a,o,,,,,noon\n", "person\np\n", "a: 'noon' is no time: write a weekday"),
        (f"{HEAD}a,o,,,,,,1.5,2\n", "person\np\n", "t.csv, row 2 x: '1.5' is no whole number of metres"),
        (f"{HEAD}a,o,,,,,,-1\n", "person\np\n", "t.csv, row 2: x and y belong together"),
        (f"{HEAD}a,o\na,o\n", "person\np\n", "There are two tasks a"),
        (HEAD, "person\np\np\n", "There are two people p"),
        (HEAD, "person,born\np,2030-01-01\n", "p is born after 26 November 2026"),
        (HEAD, "person,clearances\np,library\n", "p.csv, row 2 clearances: write each clearance as"),
        (HEAD, "person,clearances\np,library=soon\n", "p.csv, row 2 clearances: write each clearance as"),
    ],
)
def test_bad_search(tasks: str, people: str, words: str) -> None:
    result = _rank(tasks, people)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert _sound(result.stderr)
    # A birth date is nobody's business but the rule's.
    assert "2030" not in result.stderr


@pytest.mark.parametrize(
    ("wishes", "choices", "hosts", "words"),
    [
        ("ann,x,1", "", "museum,1", "ann ranks x, which is no host"),
        ("ann,museum,0", "", "museum,1", "ann, museum: a rank is 1"),
        ("ann,museum,", "", "museum,1", "w.csv, row 2 rank: '' is no whole number"),
        ("ann,museum,1\nann,museum,2", "", "museum,1", "w.csv, row 3: museum stands there twice"),
        ("", "museum,ann,1", "museum,1", "museum ranks ann, who is no applicant"),
        ("", "x,ann,1", "museum,1", "x has choices or quotas but no row"),
        ("", "", "museum,1\nmuseum,1", "h.csv, row 3: museum stands there twice"),
    ],
)
def test_bad_sides(wishes: str, choices: str, hosts: str, words: str) -> None:
    result = _assign(
        wishes=f"applicant,host,rank\n{wishes}\n",
        choices=f"host,applicant,rank\n{choices}\n",
        hosts=f"host,capacity\n{hosts}\n",
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert _sound(result.stderr)


def test_bad_applicants_and_quotas() -> None:
    twice = _file("s.csv", "applicant,school\nann,n\nann,n\n")
    result = _assign("--applicants", twice)
    assert "s.csv, row 3: ann stands there twice" in result.stderr
    assert "ben has wishes but no row among the applicants" in result.stderr
    quotas = _file("q.csv", "host,school,most\nmuseum,n,1\nmuseum,n,2\n")
    assert "q.csv, row 3: n stands there twice" in _assign("--quotas", quotas).stderr


TIMES = "2027-05-08T08:00+02:00,2027-05-08T12:00+02:00"


@pytest.mark.parametrize(
    ("slots", "people", "able", "last", "words"),
    [
        ("a,2027-05-08T08:00,2027-05-08T12:00", "", "", "", "is no time with an offset"),
        ("a,2027-05-08T08:00Z,2027-05-08T08:00Z", "", "", "", "The slot a ends before or as it starts"),
        (f"a,{TIMES},1,2", "", "", "", "The slot a: 2 critical places of 1 places"),
        (f"a,{TIMES}\na,{TIMES}", "", "", "", "There are two slots a"),
        (f"a,{TIMES},1,0,perhaps", "", "", "", "'perhaps' is neither yes nor no"),
        (f"a,{TIMES}", "p,-1", "", "", "p.csv, row 2 most: '-1' is no whole number"),
        (f"a,{TIMES}", "p\np", "", "", "There are two people p"),
        (f"a,{TIMES}", "p,,,soon", "", "", "p.csv, row 2 last_served: 'soon' is no date"),
        (f"a,{TIMES}", "p", "p,b", "", "Somebody is able to take b, which is no slot"),
        (f"a,{TIMES}", "p", "q,a", "", "q is able to take slots but has no row"),
        (f"a,{TIMES}", "p", "p,a,1000", "", "p, a: a rank is from 1, the most wanted, to 999"),
        (f"a,{TIMES}", "p", "p,a\np,a", "", "p is listed twice as able to take a"),
        (f"a,{TIMES}", "p", "", "a,p,confirmed", "p is confirmed for a but not able"),
        (f"a,{TIMES}", "p", "", "a,p,\na,p,", "p stands twice in a in the last plan"),
        (f"a,{TIMES}", "p", "", "a,p,maybe", "status: 'maybe' is none of: proposed, needs_coordinator"),
    ],
)
def test_bad_cover(slots: str, people: str, able: str, last: str, words: str) -> None:
    earlier = _file("l.csv", f"slot,person,status\n{last}\n")
    result = _cover(
        "--last",
        earlier,
        slots=f"slot,start,end,capacity,critical,guarded\n{slots}\n",
        people=f"person,most,rest,last_served\n{people}\n",
        able=f"person,slot,rank\n{able}\n",
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert _sound(result.stderr)


def test_bad_files_and_options(folder: Path) -> None:
    assert "f.json is no JSON object: docs/matching.md" in _run("cover", _file("f.json", "[]")).stderr
    assert "there is no field people" in _run("assign", _file("f.json", '{"people": []}')).stderr
    assert "slots is to be a list" in _run("cover", _file("f.json", '{"slots": {}}')).stderr
    assert "none.csv cannot be read" in _run("cover", "none.csv").stderr
    assert "--on: 'soon' is no date" in _run("rank", "t.csv", "--on", "soon").stderr
    (folder / "full").mkdir()
    (folder / "full" / "kept").write_text("")
    for result in (_rank(TASKS, PEOPLE, "--out", "full"), _assign("--out", "full"), _cover("--out", "full")):
        assert result.exit_code == 2
        assert "The folder full is there already" in result.stderr
    assert [path.name for path in (folder / "full").iterdir()] == ["kept"]


def test_a_defect_shows_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("services.volunteer.commands.match.read_sides", fail)
    result = _assign()
    assert result.exit_code == 70
    assert "RuntimeError" in result.stderr
    assert "secret" not in result.stderr


def test_every_code_has_words_in_both_languages() -> None:
    sources = [
        *(ROOT / "services/volunteer").glob("matching/*.py"),
        *(ROOT / "services/volunteer").glob("commands/match*.py"),
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'(?:Reason|faults\.add)\(\s*"([A-Z_]+)"', text))
    codes |= {f"CONFIRMED_{code}" for code in re.findall(r'Reason\(f"\{prefix\}([A-Z_]+)"', text)}
    codes |= set(re.findall(r'"([A-Z_]+(?:FULL|_BY_LOT))"', text))
    codes |= {"AT_LIMIT", "CLASHES", "RESTS", "ENOUGH_ELSEWHERE"}
    # What a check of a finished plan finds is for programs: a plan that breaks a rule is never shown.
    checks = set(re.findall(r'"([A-Z_]+)"', "".join(_checks(path) for path in sources)))
    # One row names a confirmed placement once, so the file's own fault comes first.
    codes -= checks | {"CONFIRMED_TWICE"}
    assert len(codes) > 80
    for language in LANGUAGES:
        known = set(read_package("services.volunteer", language))
        spaces = ("match.fault", "match.reason", "slots.fault")
        assert {c for c in codes if not {f"{space}.{c}" for space in spaces} & known} == set()


def _checks(path: Path) -> str:
    """The source of the functions `broken_rules`."""
    found = re.search(r"^def broken_rules.*?(?=^def |\Z)", path.read_text(encoding="utf-8"), re.M | re.S)
    return found[0] if found else ""


def test_the_examples_in_the_help_work_as_printed(folder: Path) -> None:
    def example(text: str) -> str:
        return re.split(r"as it stands[^\n]*:\n", text, maxsplit=1)[1]

    script = f'borgerting() {{ "{sys.executable}" -m chassis "$@"; }}\nset -e\n'
    script += "".join(example(text) for text in (RANK_HELP, ASSIGN_HELP, COVER_HELP))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "  1. garden: 65 points\n" in done.stdout
    assert "ann: radio (rank 2)\n" in done.stdout
    assert "Critical places filled: 2 – proved best\n" in done.stdout
    assert (folder / "plan" / "plan.csv").is_file()


def test_the_json_in_the_docs_is_read(folder: Path) -> None:
    text = (ROOT / "docs/matching.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", text, re.S)
    for command, block in zip(("rank", "assign", "cover"), blocks, strict=True):
        result = _run(command, _file(f"{command}.json", block))
        assert result.exit_code == 0, result.output


def test_the_engine_imports_alone() -> None:
    engine = "services.volunteer.matching"
    code = (
        f"import sys, {engine}.cover, {engine}.search, {engine}.acceptance, {engine}.stability\n"
        "print([m for m in ('chassis', 'typer', 'babel', 'sqlalchemy', 'grpc') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
