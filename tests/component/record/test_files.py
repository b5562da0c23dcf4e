"""The files on disk: the verifier run alone, the printed openssl line, keys, and solving again."""

from __future__ import annotations

import ast
import dataclasses
import json
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from services.sortition.lottery import record, signing, verifier
from services.sortition.lottery.audit import Columns
from services.sortition.lottery.draw import solve
from services.sortition.lottery.lottery import (
    ExactLottery,
    Method,
    Stage,
    UniformLottery,
)
from services.sortition.lottery.number import Mode
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.types import reduce
from services.sortition.report import verification


def pool() -> Problem:
    people = []
    for i in range(60):
        values = ("f" if i % 3 else "m", ("young", "middle", "old")[i % 7 % 3])
        people.append(Person(f"p{i:02}", values, f"street {i // 2}" if i < 12 else None))
    targets = (
        Target("gender", "f", 4, 6),
        Target("gender", "m", 4, 6),
        Target("age", "young", 3, 4),
        Target("age", "middle", 3, 4),
        Target("age", "old", 2, 4),
    )
    return Problem(("gender", "age"), targets, tuple(people), 10, 1, frozenset({"p03"}), frozenset({"p20"}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("draw")
    problem = pool()
    exact, uniform = solve(problem, Method.LEXIMIN, "1848", 200)
    published = record.build(
        problem,
        exact,
        uniform,
        mode=Mode.PUBLIC,
        seed="1848",
        token_bytes=secrets.token_bytes,
        program_version="0.1.0",
        columns=Columns("id", ("street",)),
    )
    content = record.reveal(published.commitment, published.audit, randomness="23.11.2026: 4 8 15 16 23 42")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (where / "public.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    for name, data in (("record", content), ("commitment", published.commitment), ("audit", published.audit)):
        (where / f"{name}.json").write_bytes(data)
        (where / f"{name}.json.sig").write_bytes(signing.sign(data, private))
    shutil.copy(verifier.__file__, where / "verifier.py")
    return where


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "draw"))


def alone(where: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # -I and -S: nothing of this project, nothing installed, only the standard library.
    command = [sys.executable, "-I", "-S", "verifier.py", *options]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)


def test_the_one_file_runs_alone(folder):
    result = alone(folder, "record.json", "--audit", "audit.json", "--commitment", "commitment.json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("The record holds.\n")
    assert "optimal (leximin)" in result.stdout
    assert result.stderr == ""


def test_alone_it_says_what_it_did_not_check(folder):
    result = alone(folder, "record.json")
    assert result.returncode == 0
    assert "not checked  quotas, household limits and optimality: give --audit" in result.stdout
    assert "not checked  the municipality's signature" in result.stdout


def test_the_openssl_line_that_it_prints_checks_the_signature(copied):
    printed = alone(copied, "record.json").stdout
    line = next(line.strip() for line in printed.splitlines() if "openssl pkeyutl" in line)
    command = line.replace("KEY", "public.pem").split()
    assert subprocess.run(command, cwd=copied, capture_output=True, check=False).returncode == 0
    content = (copied / "record.json").read_bytes()
    (copied / "record.json").write_bytes(content.replace(b'"size":10', b'"size":11'))
    assert subprocess.run(command, cwd=copied, capture_output=True, check=False).returncode != 0


def test_the_openssl_line_bears_a_path_that_a_shell_would_take_apart(copied):
    folder = copied.rename(copied.with_name("mayor's draw; 2"))
    printed = subprocess.run(
        [sys.executable, folder / "verifier.py", folder / "record.json"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    line = next(line.strip() for line in printed.splitlines() if "openssl pkeyutl" in line)
    command = shlex.split(line.replace("KEY", shlex.quote(str(folder / "public.pem"))))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_exit_codes_of_the_one_file(copied):
    content = (copied / "record.json").read_bytes()
    (copied / "tampered.json").write_bytes(content.replace(b'"size":10', b'"size":11'))
    result = alone(copied, "tampered.json")
    assert result.returncode == 1
    assert 'REFUSED      part "size": does not match its digest' in result.stdout
    for unreadable in ("missing.json", "verifier.py", "audit.json", "commitment.json"):
        result = alone(copied, unreadable)
        assert result.returncode == 2
        assert "NOT READABLE as a record" in result.stdout
        assert result.stderr == ""
    assert alone(copied, "record.json", "--audit", "missing.json").returncode == 2
    assert alone(copied, "record.json", "--audit", "verifier.py").returncode == 1
    assert alone(copied).returncode == 2


def test_the_verdict_comes_on_a_terminal_without_the_letters(copied):
    content = json.loads((copied / "record.json").read_bytes())
    content["køn"] = []
    (copied / "æ.json").write_bytes(rfc8785.dumps(content))
    command = [sys.executable, "-I", "-S", "verifier.py", "æ.json"]
    # -I ignores PYTHONIOENCODING, so the terminal is named by the locale.
    environment = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PATH": ""}
    result = subprocess.run(
        [*command[:1], "-X", "utf8=0", *command[1:]],
        cwd=copied,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert b"k\\xf8n" in result.stdout
    assert result.stdout.endswith(b"REFUSED: do not trust this record.\n")


def test_the_verifier_imports_the_standard_library_only():
    tree = ast.parse(Path(verifier.__file__).read_text())
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names


# --- signatures ------------------------------------------------------------------------------------------


def test_a_signed_draw_holds_under_its_key(folder):
    report = verification.verify_files(
        folder / "record.json",
        audit=folder / "audit.json",
        commitment=folder / "commitment.json",
        key=folder / "public.pem",
    )
    assert report.exit_code == 0
    assert "record.json bears the signature of this key" in report.holds
    assert "commitment.json bears the signature of this key" in report.holds


def test_without_a_key_the_signature_is_unchecked(folder):
    report = verification.verify_files(folder / "record.json")
    assert report.exit_code == 0
    assert any("--key" in text for text in report.unchecked)


def test_a_redigested_forgery_is_caught_by_the_key(copied):
    content = json.loads((copied / "record.json").read_bytes())
    audit = (copied / "audit.json").read_bytes()
    parts = {k: v for k, v in content.items() if k not in (*record.AFTER_THE_DRAW, *record.SEALS)}
    parts["panels"].reverse()
    sealed = record._seal({name: rfc8785.dumps(part) for name, part in parts.items()})
    (copied / "record.json").write_bytes(record.reveal(sealed, audit, drawn=5))
    assert verification.verify_files(copied / "record.json", audit=copied / "audit.json").exit_code == 0
    report = verification.verify_files(copied / "record.json", key=copied / "public.pem")
    assert report.refused == ["signature: record.json.sig is not this key's signature of record.json"]
    report = verification.verify_files(copied / "record.json", commitment=copied / "commitment.json")
    assert report.refused == ['part "panels": is not what the commitment fixed before the draw']


def test_a_missing_signature_is_refused_when_a_key_is_given(copied):
    (copied / "record.json.sig").unlink()
    report = verification.verify_files(copied / "record.json", key=copied / "public.pem")
    assert report.exit_code == 1
    assert report.refused == ["signature: there is no record.json.sig beside record.json"]
    with pytest.raises(signing.KeyUnusableError):
        verification.verify_files(copied / "record.json", key=copied / "record.json")


def test_a_false_signature_of_the_commitment_is_refused(copied):
    (copied / "commitment.json.sig").write_bytes(bytes(64))
    report = verification.verify_files(
        copied / "record.json", commitment=copied / "commitment.json", key=copied / "public.pem"
    )
    assert report.exit_code == 1


def test_what_is_no_record_is_not_asked_for_a_signature(copied):
    report = verification.verify_files(copied / "audit.json", key=copied / "public.pem")
    assert report.exit_code == 2
    with pytest.raises(OSError, match="missing"):
        verification.verify_files(copied / "missing.json")


# --- solving again ---------------------------------------------------------------------------------------


def again(where: Path, problem: Problem) -> verification.Rerun:
    return verification.rerun(
        (where / "record.json").read_bytes(), (where / "audit.json").read_bytes(), problem
    )


def test_the_audit_file_says_what_was_asked(folder):
    question = verification.asked((folder / "audit.json").read_bytes())
    assert (question.method, question.seed, question.size, question.per_address) == (
        Method.LEXIMIN,
        "1848",
        10,
        1,
    )
    assert (question.include, question.exclude) == ({"p03"}, {"p20"})
    assert question.columns == Columns("id", ("street",))
    for other in (b"no", b"[]", (folder / "record.json").read_bytes()):
        with pytest.raises(verification.NoAuditFileError, match=r"audit\.json"):
            verification.asked(other)


def test_solving_again_gives_the_same_whatever_the_order_of_rows(folder):
    problem = pool()
    assert again(folder, problem).same
    turned = dataclasses.replace(
        problem, people=tuple(reversed(problem.people)), targets=tuple(reversed(problem.targets))
    )
    assert again(folder, turned).differences == ()


def changed(problem: Problem, **changes: Any) -> Problem:
    return dataclasses.replace(problem, **changes)


def test_another_input_is_told_apart_without_naming_anybody(folder):
    problem = pool()
    first = problem.people[0]
    other_answer = dataclasses.replace(first, values=("f", "young"))
    found = {
        "answers": changed(problem, people=(other_answer, *problem.people[1:])),
        "missing": changed(problem, people=problem.people[1:]),
        "new": changed(problem, people=(*problem.people, Person("q", ("f", "old")))),
        "targets": changed(problem, targets=(*problem.targets[:-1], Target("age", "old", 1, 4))),
        "size": changed(problem, size=11),
        "address": changed(problem, people=(dataclasses.replace(first, address=None), *problem.people[1:])),
    }
    for word, other in found.items():
        result = again(folder, other)
        assert not result.same
        assert any(word in text for text in result.differences), (word, result)
        assert "p00" not in " ".join(result.differences)


def test_panels_that_do_not_follow_from_the_seed_are_told_apart(copied):
    content = json.loads((copied / "record.json").read_bytes())
    content["panels"].reverse()
    content["outcome"] = content["panels"][content["number"]["value"]]
    (copied / "record.json").write_text(json.dumps(content))
    result = again(copied, pool())
    assert any("panels are other" in text for text in result.differences)


# --- size ------------------------------------------------------------------------------------------------


def test_a_nations_record_is_checked_within_a_minute(tmp_path):
    """20,000 people, 1,000 panels of 200, four types, built without a solver."""
    n, k, m = 20_000, 200, 1_000
    names = [f"v{i:05}" for i in range(n)]
    answers = [(("f", "m")[i % 2], ("young", "old")[i // 2 % 2]) for i in range(n)]
    people = tuple(Person(name, values) for name, values in zip(names, answers, strict=True))
    targets = tuple(
        Target(f, v, k // 2, k // 2) for f, vs in (("gender", "fm"), ("age", ("young", "old"))) for v in vs
    )
    problem = Problem(("gender", "age"), targets, people, k)
    reduction = reduce(problem)
    share = Fraction(1, n // k)
    stage = Stage(share, (0, 1, 2, 3), tuple((t, Fraction(1, 4)) for t in range(4)), ((0, Fraction(1, n)),))
    exact = ExactLottery(
        Method.LEXIMIN, k, None, reduction.types, reduction.rows, ((50,) * 4,), (Fraction(1),), (share,) * 4,
        (), (), (stage,), Fraction(0),
    )  # fmt: skip
    panels = [
        tuple(
            sorted(kind.members[(j * 50 + i) % len(kind.members)] for kind in exact.types for i in range(50))
        )
        for j in range(m)
    ]
    uniform = UniformLottery(tuple(panels), dict.fromkeys(names, share))
    published = record.build(
        problem,
        exact,
        uniform,
        mode=Mode.SEEDED,
        seed="s",
        token_bytes=secrets.token_bytes,
        program_version="0",
    )
    (tmp_path / "record.json").write_bytes(record.reveal(published.commitment, published.audit))
    (tmp_path / "audit.json").write_bytes(published.audit)
    shutil.copy(verifier.__file__, tmp_path / "verifier.py")
    started = time.monotonic()
    result = alone(tmp_path, "record.json", "--audit", "audit.json")
    assert result.returncode == 0, result.stdout
    assert time.monotonic() - started < 40
