"""The commands `ballots …` as a secretariat and a journalist run them: files in, files and words out."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from services.deliberation.ballots import recount as recount_file
from services.deliberation.ballots.blind import PrivateKey
from services.deliberation.ballots.box import Ballot, ballot_json
from services.deliberation.ballots.opening import Role, Way, opening_from_json
from services.deliberation.ballots.rule import Base, Choice, Comparator, Counted, Outcome
from services.deliberation.ballots.signer import Signer
from services.deliberation.ballots.tokens import TokenRequest
from services.deliberation.commands import ballots_help
from services.deliberation.commands.ballots import app
from services.deliberation.commands.ballots_words import BallotsWords
from tests.unit.ballots import house

KEYS = ("--secretariat", "secretariat.pem", "--teller", "teller.pem")
OPEN = (
    "open",
    "--question",
    "Flere træer?",
    "--threshold",
    "70 %",
    "--entitled",
    "12",
    "--box",
    "box.pem",
    *KEYS,
)
SEAL = ("seal", "opened/opening.json", *KEYS)
PEM, PRIVATE = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


def _run(*arguments: str, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*arguments, "--language", language])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("secretariat", "teller", "box"), 1):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number] * 32))
        Path(f"{name}.pem").write_bytes(key.private_bytes(PEM, PRIVATE, serialization.NoEncryption()))
        Path(f"{name}.pub.pem").write_bytes(key.public_key().public_bytes(PEM, PUBLIC))
    return tmp_path


def _codes() -> list[str]:
    return Path("opened/codes.csv").read_text(encoding="utf-8").split()[1:]


def _box(*lines: str) -> None:
    Path("box.csv").write_text("choice,code\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def _sealed(folder: Path) -> Path:
    assert _run(*OPEN, "--codes", "8", "--out", "opened").exit_code == 0
    codes = _codes()
    _box(*(f"ja,{code.lower()}" for code in codes[:5]), *(f"no,{code}" for code in codes[5:7]))
    Path("left.csv").write_text(f"code\n{codes[7]}\n", encoding="utf-8")
    made = _run(*SEAL, "--votes", "box.csv", "--voided", "left.csv", "--issued", "code=7", "--out", "closed")
    assert made.exit_code == 0, made.stderr
    return folder / "closed" / "bundle.json"


# -- tally ---------------------------------------------------------------------------------------------------


def test_counts_by_question(folder: Path) -> None:
    Path("votes.csv").write_text(
        "question,yes,no,abstain,blank,entitled,threshold,comparator,base,present\n"
        "A,16,7,,,36,70 %,,,\n"
        "B,7,3,0,0,36,70 %,>=,,\n"
        "C,7,3,0,0,36,70 %,more_than,,\n"
        "D,0,0,0,5,36,70 %,,,\n"
        "E,20,0,0,0,36,2/3,>,present,30\n"
        "=F,1,0,0,0,36,50 %,,entitled,\n",
        encoding="utf-8",
    )
    result = _run("tally", "votes.csv", "--out", "counted")
    assert result.exit_code == 0, result.stderr
    assert "for: 16 of 23 (for and against) = 69.6 %; at least 70 % needed" in result.stdout
    assert "for: 0 of 0 (for and against): the share is undefined" in result.stdout
    with Path("counted/tally.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    outcomes = ["not_adopted", "adopted", "not_adopted", "undefined", "not_adopted", "not_adopted"]
    assert [row["outcome"] for row in rows] == outcomes
    assert rows[3]["percent"] == ""
    assert rows[5]["question"] == "'=F"
    whole = json.loads(Path("counted/tally.json").read_text(encoding="utf-8"))
    assert whole["questions"][4]["base"] == {"name": "present", "count": 30}
    assert whole["questions"][5]["notices"] == [{"reason": "UNANIMOUS", "cast": 1}]


def test_single_votes_and_danish(folder: Path) -> None:
    Path("votes.csv").write_text("choice\n" + "ja\n" * 6999 + "nej\n" * 3001, encoding="utf-8")
    rule = ("--threshold", "70 %", "--entitled", "20000", "--quorum", "50%", "--quorum-of", "cast")
    result = _run("tally", "votes.csv", *rule, language="da")
    assert result.exit_code == 0, result.stderr
    assert "for: 6.999 af 10.000 (for og imod) = 69,99 %; mindst 70 % kræves" in result.stdout
    assert "10.000 har stemt af 20.000 stemmeberettigede; mindst 50 % kræves" in result.stdout
    assert "ikke vedtaget" in result.stdout


def test_json_says_the_same_as_csv(folder: Path) -> None:
    question = {
        "question": "A",
        "yes": 2,
        "no": 1,
        "entitled": 5,
        "threshold": "2/3",
        "comparator": "at_least",
    }
    Path("votes.json").write_text(json.dumps({"questions": [question]}), encoding="utf-8")
    result = _run("tally", "votes.json")
    assert "for: 2 of 3 (for and against) = 66.7 %; at least 2/3 needed\n  adopted" in result.stdout


def test_no_votes_at_all(folder: Path) -> None:
    Path("votes.csv").write_text("question,choice\n", encoding="utf-8")
    result = _run("tally", "votes.csv", "--threshold", "50 %", "--entitled", "9")
    assert (result.exit_code, "undefined" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("question,yes,no,weight\nA,1,1,2\n", (), "Votes are not weighted"),
        ("question,choice,stemmevægt\nA,yes,2\n", (), "Votes are not weighted"),
        ("question,yes,no\nA,1,1\n", (), "Give --entitled"),
        ("question,yes,no,entitled\nA,1,1,9\n", (), "Give --threshold"),
        ("question,yes,no\nA,1,1\n", ("--threshold", "0.7", "--entitled", "9"), "'0.7' is no share"),
        (
            "question,yes,no\nA,9,1\n",
            ("--threshold", "7 %", "--entitled", "9"),
            "Row 2: 10 votes are more than the 9 people entitled",
        ),
        (
            "question,yes,no\nA,1.5,1\n",
            ("--threshold", "7 %", "--entitled", "9"),
            "yes must be a whole number",
        ),
        ("question,yes,no\nA,1,1\nA,1,1\n", ("--threshold", "7 %", "--entitled", "9"), "Row 3: The question"),
        ("question,yes\nA,1\n", (), "column no is missing"),
        ("question,yes,no,noo\nA,1,1,1\n", (), "column noo is not known"),
        ("question,yes,no,no\nA,1,1,1\n", (), "a column stands there twice"),
        ("question,yes,no\nA,1,1,1\n", (), "more cells"),
        ("question,yes,no\n", (), "has no questions"),
        ("", (), "column yes is missing"),
        ("question,choice\nA,maybe\n", (), "Row 2: votes.csv: a choice is"),
        (
            "question,yes,no\nA,1,1\n",
            ("--threshold", "7 %", "--entitled", "9", "--base", "all"),
            "base must be one",
        ),
        (
            "question,yes,no\nA,1,1\n",
            ("--threshold", "7 %", "--entitled", "9", "--quorum-of", "cast"),
            "give --quorum",
        ),
        (
            "question,yes,no\nA,1,1\n",
            ("--threshold", "7 %", "--entitled", "9", "--base", "present"),
            "Row 2: The rule uses the number present",
        ),
        ('question,yes,no\n"A,1,1\n', (), "is no CSV"),
    ],
)
def test_bad_votes_are_refused_with_the_cure(
    folder: Path, content: str, options: tuple[str, ...], words: str
) -> None:
    Path("votes.csv").write_text(content, encoding="utf-8")
    result = _run("tally", "votes.csv", *options, "--out", "counted")
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not Path("counted").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is no JSON"),
        (b'{"questions":[],"questions":[]}', "has a key twice"),
        (b'{"questions":{}}', "at questions"),
        (b'{"questions":[{"yes":1.5}]}', "at questions.1"),
        (b'{"questions":[{"yes":1,"weight":2}]}', "not weighted"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_bad_json_is_refused(folder: Path, content: bytes, words: str) -> None:
    Path("votes.json").write_bytes(content)
    result = _run("tally", "votes.json")
    assert result.exit_code == 2
    assert words in result.stderr


def test_files_that_are_not_there_and_folders_that_are_full(folder: Path) -> None:
    assert "cannot be read" in _run("tally", "none.csv").stderr
    Path("votes.csv").write_text("yes,no\n1,1\n", encoding="utf-8")
    result = _run("tally", "votes.csv", "--threshold", "7%", "--entitled", "9", "--out", ".")
    assert (result.exit_code, "is not empty" in result.stderr) == (2, True)


# -- open, seal ----------------------------------------------------------------------------------------------


def test_open_seal_and_recount_by_codes(folder: Path) -> None:
    bundle = _sealed(folder)
    keys = ("--key", "secretariat.pub.pem", "--key", "teller.pub.pem", "--opening", "opened/opening.json")
    result = _run("recount", str(bundle), *keys)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("The count holds.\n")
    assert "for: 5 of 7 (for and against) = 71.4 %; at least 70 % needed" in result.stdout
    alone = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(recount_file.__file__)), str(bundle), *keys],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout.endswith("The count holds.\n")
    danish = _run("recount", str(bundle), *keys, language="da")
    assert "5 ja, 2 nej, 0 undlader, 0 blanke" in danish.stdout
    assert danish.stdout.endswith("Optællingen holder.\n")


def test_a_tampered_bundle_is_refused_and_the_kind_named(folder: Path) -> None:
    bundle = _sealed(folder)
    content = bundle.read_bytes()
    made = json.loads(content)
    made["entries"].pop()
    bundle.write_bytes(json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    result = _run("recount", str(bundle))
    assert result.exit_code == 1
    assert "REFUSED      dropped: 1 of the 7 entries on the board are missing" in result.stdout
    bundle.write_bytes(content + b"\n")
    result = _run("recount", str(bundle), language="da")
    assert (result.exit_code, "ikke de bytes, kanonisk JSON har" in result.stdout) == (1, True)
    Path("other.json").write_text("{}", encoding="utf-8")
    result = _run("recount", "other.json")
    assert (result.exit_code, result.stdout) == (2, "NOT READABLE as a bundle.\n")
    assert _run("recount", "none.json").exit_code == 2
    result = _run("recount", str(bundle), "--key", "box.pem")
    assert (result.exit_code, "no public Ed25519 key" in result.stderr) == (2, True)
    bundle.write_bytes(content)
    result = _run("recount", str(bundle), "--key", "box.pub.pem")
    assert (result.exit_code, "wrong key" in result.stdout) == (1, True)


def test_a_changed_byte_is_refused_alone_too(folder: Path) -> None:
    bundle = _sealed(folder)
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.write_bytes(content)
    script = str(Path(recount_file.__file__))
    for arguments, code in (
        ([str(bundle)], 1),
        (["none.json"], 2),
        ([str(bundle), "--key", "box.pem"], 2),
        (["box.pem"], 2),
    ):
        done = subprocess.run(
            [sys.executable, "-I", "-S", script, *arguments], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (code, ""), arguments


def test_paper_and_tokens_too(folder: Path) -> None:
    made = {role: rsa.generate_private_key(65537, 2048) for role in Role}
    for role, key in made.items():
        Path(f"{role.value}.rsa.pem").write_bytes(key.public_key().public_bytes(PEM, PUBLIC))
    rsa_keys = ("--token-keys", "secretariat.rsa.pem", "teller.rsa.pem")
    result = _run(
        *OPEN,
        "--paper",
        *rsa_keys,
        "--subject",
        "0" * 64,
        "--option",
        "no",
        "--option",
        "yes",
        "--out",
        "opened",
    )
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in Path("opened").iterdir()) == ["opening.json"]
    opening = opening_from_json(json.loads(Path("opened/opening.json").read_bytes())["opening"])
    assert opening.options == (Choice.YES, Choice.NO)
    ballots = []
    for member in ("m1", "m2"):
        request = TokenRequest.make(opening, _random)
        answers = {
            role: Signer(opening, role, PrivateKey.of(key), house.Ledger([member]), _random).sign(
                member, request.blinded[role]
            )
            for role, key in made.items()
        }
        ballots.append(ballot_json(Ballot(Choice.YES, request.finish(answers))))
    Path("box.json").write_text(json.dumps({"ballots": ballots}), encoding="utf-8")
    counts = "role,yes,no,abstain,blank\nsecretariat,3,1,0,0\nteller,3,1,0,0\n"
    Path("papers.csv").write_text(counts, encoding="utf-8")
    told = ("--votes", "box.json", "--papers", "papers.csv", "--issued", "token=2", "--issued", "paper=4")
    result = _run(*SEAL, *told, "--present", "6", "--out", "closed")
    assert result.exit_code == 0, result.stderr
    assert "5 yes, 1 no" in result.stdout
    assert "Note: only 2 voted by token" in result.stdout
    assert _run("recount", "closed/bundle.json").exit_code == 0
    Path("papers.csv").write_text(counts.replace("teller,3", "teller,2"), encoding="utf-8")
    result = _run(*SEAL, *told, "--out", "other")
    assert (result.exit_code, "count again" in result.stderr) == (2, True)
    result = _run(*SEAL, *told[2:], "--votes", "box.json", "--issued", "token=1", "--out", "other")
    assert (result.exit_code, "--issued takes" in result.stderr) == (2, True)


def _random(number: int) -> bytes:
    import secrets

    return secrets.token_bytes(number)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "No way to vote"),
        (("--codes", "3", "--threshold", "70"), "'70' is no share"),
        (("--codes", "3", "--entitled", "many"), "must be a whole number"),
        (("--codes", "3", "--box", "teller.pem"), "keys of their own"),
        (("--codes", "3", "--box", "box.pub.pem"), "no unencrypted private Ed25519 key"),
        (("--codes", "3", "--subject", "x"), "SHA-256"),
        (("--codes", "3", "--question", ""), "text on one line"),
        (("--token-keys", "box.pub.pem", "teller.pub.pem"), "no public RSA key"),
    ],
)
def test_an_opening_that_cannot_be(folder: Path, options: tuple[str, ...], words: str) -> None:
    result = _run(*OPEN, *options, "--out", "opened")
    assert (result.exit_code, Path("opened").exists()) == (2, False)
    assert words in result.stderr


def test_votes_that_must_not_count_are_refused_with_their_place_only(folder: Path) -> None:
    assert _run(*OPEN, "--codes", "3", "--out", "opened").exit_code == 0
    codes = _codes()
    _box(f"yes,{codes[0]}", f"no,{codes[0]}", "yes," + "0" * 20)
    result = _run(*SEAL, "--votes", "box.csv", "--issued", "code=3", "--out", "closed")
    assert (result.exit_code, result.stdout, Path("closed").exists()) == (3, "", False)
    assert result.stderr.splitlines() == [
        "Vote 2 uses the code or token of vote 1: one vote per credential.",
        "Vote 3 has a code that was not sealed for this question.",
    ]
    _box(*(f"yes,{code}" for code in codes))
    result = _run(*SEAL, "--votes", "box.csv", "--issued", "code=2", "--out", "closed")
    assert (result.exit_code, "3 votes by code are more than the 2 issued" in result.stderr) == (3, True)
    _box("yes,short", f"perhaps,{codes[0]}")
    result = _run(*SEAL, "--votes", "box.csv", "--issued", "code=3", "--out", "closed")
    assert result.exit_code == 2
    assert "Row 2: A code has 20 characters" in result.stderr
    assert "Row 3: Not a vote" in result.stderr


def test_an_opening_that_was_changed_seals_nothing(folder: Path) -> None:
    assert _run(*OPEN, "--codes", "3", "--out", "opened").exit_code == 0
    path = Path("opened/opening.json")
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"entitled":12', b'"entitled":99'))
    result = _run(*SEAL, "--issued", "code=3", "--out", "closed")
    assert (result.exit_code, "signature is missing or does not fit" in result.stderr) == (3, True)
    path.write_bytes(good + b" ")
    assert "Not canonical JSON" in _run(*SEAL, "--issued", "code=3", "--out", "closed").stderr
    path.write_bytes(b"{}")
    assert "Not an opening record" in _run(*SEAL, "--issued", "code=3", "--out", "closed").stderr
    path.write_bytes(good)
    swapped = ("--secretariat", "teller.pem", "--teller", "secretariat.pem", "--issued", "code=3")
    result = _run("seal", "opened/opening.json", *swapped, "--out", "closed")
    assert (result.exit_code, "not the one that the opening record names" in result.stderr) == (2, True)


def test_a_defect_says_its_kind_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("a vote")

    monkeypatch.setattr("services.deliberation.commands.ballots.decide", broken)
    Path("votes.csv").write_text("yes,no\n1,1\n", encoding="utf-8")
    result = _run("tally", "votes.csv", "--threshold", "7%", "--entitled", "9")
    assert (result.exit_code, "RuntimeError" in result.stderr, "a vote" in result.stderr) == (70, True, False)


# -- words and help ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["da", "en"])
def test_everything_said_has_words(language: str) -> None:
    catalogue = BallotsWords(language).catalogue
    engine = Path(recount_file.__file__).parent
    sources = [path for path in engine.glob("*.py") if path.name != "recount.py"]
    sources += (engine.parent / "commands").glob("ballots*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    made = r'(?:Reason|reason|bad|refused|faults\.add)\(\s*"([A-Z0-9_]+)"'
    reasons = set(re.findall(made, text)) | set(re.findall(r'yield "([A-Z0-9_]+)"', text))
    reasons |= {"ISSUED_WITHOUT_WAY", "PAPERS_WITHOUT_WAY", "CODES_WITHOUT_WAY", "WAY_WITHOUT_CODES"}
    reasons |= {"WAY_WITHOUT_TOKEN_KEYS", "OUT_NOT_EMPTY", "OUT_NOT_WRITABLE", "ISSUED_MISSING"}
    checked = ("OPTION_NOT_OFFERED", "WAY_NOT_OPEN", "OTHER_QUESTION", "FORGED", "CODE_UNKNOWN")
    reasons |= {f"BALLOT_{code}" for code in checked}
    assert len(reasons) > 80
    keys = [f"ballots.reason.{code}" for code in reasons]
    keys += [f"ballots.recount.{kind}" for kind in recount_file.WORDS]
    for name, kinds in (
        ("base", Base),
        ("choice", Choice),
        ("comparator", Comparator),
        ("counted", Counted),
        ("outcome", Outcome),
        ("role", Role),
        ("way", Way),
    ):
        keys += [f"ballots.{name}.{kind}" for kind in kinds]
    assert [key for key in sorted(keys) if key not in catalogue] == []


def test_the_recounts_own_words_and_the_catalogues_say_the_same() -> None:
    """In English, but for how a threshold is put."""
    catalogue = BallotsWords("en").catalogue
    for kind, words in recount_file.WORDS.items():
        (said,) = catalogue.forms(f"ballots.recount.{kind}")
        expected = words.replace(", {comparator} {share[0]}/{share[1]} needed", "; {needed}")
        if kind == "SHARE":
            expected = expected.replace(";", " = {percent} %;")
        assert said == expected, kind


def test_the_examples_in_the_help_work_as_printed(tmp_path: Path) -> None:
    def example(text: str) -> str:
        return text.split("\b\n", 1)[1].split("\n", 1)[1]

    command = f'"{sys.executable}" -m services.deliberation.commands.ballots "$@"'
    shell = f"borgerting() {{ shift; {command}; }}\nset -e\n"
    root = Path(__file__).parents[3]
    help_ = ballots_help
    texts = (help_.TALLY_HELP, help_.OPEN_HELP, help_.SEAL_HELP, help_.RECOUNT_HELP)
    done = subprocess.run(
        ["bash", "-c", shell + "".join(example(text) for text in texts)],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{root}:{root / 'gen'}", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "for: 16 of 23 (for and against) = 69.6 %; at least 70 % needed" in done.stdout
    assert done.stdout.endswith("The count holds.\n")


def test_the_group_is_one_of_deliberations() -> None:
    from services.deliberation.service import DESCRIPTOR

    assert DESCRIPTOR.commands is not None
    assert DESCRIPTOR.commands()["ballots"] is app
    assert "ballots" in DESCRIPTOR.command_help
