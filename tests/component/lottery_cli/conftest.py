"""Runs the commands as scripts do: real processes, real files, on pools made here."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "services.sortition.commands"]
TARGETS = """feature,value,min,max,reason
gender,female,3,4,
gender,male,3,4,
age,young,2,3,hard to reach
age,middle,2,3,
age,old,2,3,
"""
SIZE = "7"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def lottery(*arguments: str | Path, language: str = "en_GB.UTF-8") -> Result:
    environment = {**os.environ, "LANG": language, "LC_ALL": language}
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, env=environment, timeout=120, check=False
    )
    result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in result.text
    return result


def respondents(count: int = 60) -> list[list[str]]:
    """Invented people; the ids' order is not that of the values, and every fourth shares an address."""
    generator = random.Random(2025)
    rows = [["id", "name", "gender", "age", "street", "post"]]
    for i in range(count):
        gender = generator.choices(["female", "male"], [2, 1])[0]
        age = generator.choices(["young", "middle", "old"], [2, 3, 4])[0]
        rows.append(
            [f"n{(i * 37) % 101}", f"Name {i}", gender, age, f"Road {i // 4}" if i % 4 < 2 else "", "2791"]
        )
    return rows


def write(path: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


@dataclass(frozen=True)
class Case:
    """A folder with a pool and targets that can be drawn from."""

    folder: Path
    respondents: Path
    targets: Path

    @property
    def options(self) -> list[str]:
        return ["--respondents", str(self.respondents), "--targets", str(self.targets), "--size", SIZE]

    def draw(self, out: str, *more: str | Path, seed: str = "s") -> Result:
        fixed = ["--seed", seed, "--out", str(self.folder / out), "--panels", "50"]
        return lottery("draw", *self.options, *fixed, *more)


def make_case(folder: Path) -> Case:
    targets = folder / "targets.csv"
    targets.write_text(TARGETS, encoding="utf-8")
    return Case(folder, write(folder / "respondents.csv", respondents()), targets)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A case with a finished, signed draw in `out`, and two pairs of keys. Not to be changed."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    case = make_case(tmp_path_factory.mktemp("drawn"))
    for name, public in (("", "public.pem"), ("other-", "other-public.pem")):
        key = Ed25519PrivateKey.generate()
        (case.folder / f"{name}key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (case.folder / public).write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
    result = case.draw("out", "--sign", case.folder / "key.pem")
    assert result.code == 0, result.text
    return case
