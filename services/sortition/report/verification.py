"""Checking a draw's files: the one-file verifier, and what it cannot do alone (signature, another run)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from services.sortition.lottery import signing, verifier
from services.sortition.lottery.audit import Columns
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.problem import Person, Problem


def verify_files(
    record: Path, *, audit: Path | None = None, commitment: Path | None = None, key: Path | None = None
) -> verifier.Report:
    """Every check that these files allow; `key` is the municipality's public key (PEM).

    The signature lies beside what it signs (`record.json.sig`). Raises OSError for a file that cannot be
    read, signing.KeyUnusableError for a key that is none.
    """
    content = record.read_bytes()
    before = commitment.read_bytes() if commitment else None
    report = verifier.verify(content, audit.read_bytes() if audit else None, before)
    if report.unreadable:
        return report
    if key is None:
        report.unchecked.append(
            "the municipality's signature: give --key, or run (KEY: its public key)\n    "
            + verifier.openssl(record)
        )
        return report
    public = key.read_bytes()
    _check_signature(report, record, content, public, required=True)
    if commitment is not None and before is not None:
        _check_signature(report, commitment, before, public, required=False)
    return report


def _check_signature(
    report: verifier.Report, path: Path, content: bytes, public: bytes, *, required: bool
) -> None:
    beside = path.with_name(path.name + signing.SUFFIX)
    if not beside.exists():
        if required:
            signing.verify(b"", b"", public)  # a key that is none is an error before a missing signature
            report.refused.append(f"signature: there is no {beside.name} beside {path.name}")
        return
    if signing.verify(content, beside.read_bytes(), public):
        report.holds.append(f"{path.name} bears the signature of this key")
    else:
        report.refused.append(f"signature: {beside.name} is not this key's signature of {path.name}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a draw was asked as its audit file states it: with pool and targets, enough to solve again."""

    method: Method
    seed: str
    size: int
    per_address: int | None
    include: frozenset[str]
    exclude: frozenset[str]
    columns: Columns
    version: str


class NoAuditFileError(ValueError):
    """The bytes are no audit file."""


def asked(audit: bytes) -> Asked:
    """Read the question out of an audit file. Raises NoAuditFileError."""
    file = _audit(audit)
    return Asked(
        method=Method(file["method"]),
        seed=file["seed"],
        size=file["size"],
        per_address=file["per_address"],
        include=frozenset(p["id"] for p in file["people"] if p["must"]),
        exclude=frozenset(p["id"] for p in file["people"] if p["type"] is None),
        columns=Columns(file["columns"]["id"], tuple(file["columns"]["address"])),
        version=file["program"]["version"],
    )


@dataclass(frozen=True, slots=True)
class Rerun:
    """Whether solving again gave the same; `differences` in words, each about one thing compared.

    `apart` is the largest difference in one person's chance, None when the input itself is another. Other
    panels with chances within the verifier's tolerance are what another processor or library build may
    choose: no reason to refuse a record whose proof holds.
    """

    differences: tuple[str, ...]
    apart: Fraction | None = None

    @property
    def same(self) -> bool:
        return not self.differences


def rerun(record: bytes, audit: bytes, problem: Problem) -> Rerun:
    """Solve `problem` again with the audit file's method and seed, and compare by the pool's own ids.

    The record and audit file must have passed the verifier. Raises what `draw.solve` raises, and
    NoAuditFileError.
    """
    from services.sortition.lottery.draw import solve  # NumPy and HiGHS take 0.6 s to import

    public, private = json.loads(record), _audit(audit)
    differences = _other_input(problem, private)
    if differences:
        return Rerun(tuple(differences))
    question = asked(audit)
    exact, uniform = solve(problem, question.method, question.seed, len(public["panels"]))
    name = {p["random_id"]: p["id"] for p in private["people"]}
    panels = [tuple(sorted(name[member] for member in panel)) for panel in public["panels"]]
    stated = private["lottery"]["chances"]
    chance = {p["id"]: "0/1" if p["type"] is None else stated[p["type"]] for p in private["people"]}
    again = {member: c for kind, c in zip(exact.types, exact.chances, strict=True) for member in kind.members}
    apart = [
        i for i, c in chance.items() if c != f"{again.get(i, 0).numerator}/{again.get(i, 0).denominator}"
    ]
    if apart:
        differences.append(f"the exact chances of {len(apart)} people are other")
    if list(uniform.panels) != panels:
        other = sum(a != b for a, b in zip(uniform.panels, panels, strict=True))
        differences.append(f"{other} of the {len(panels)} panels are other")
    if uniform.panels[public["number"]["value"]] != tuple(
        sorted(name[member] for member in public["outcome"])
    ):
        differences.append("the outcome is another panel")
    largest = max(abs(again.get(i, Fraction(0)) - Fraction(c)) for i, c in chance.items())
    return Rerun(tuple(differences), largest)


def _other_input(problem: Problem, audit: dict[str, Any]) -> list[str]:
    """In what the input at hand is not the input of the draw. Counts only: no ids, no answers."""
    differences = []
    targets = {(t["feature"], t["value"]): (t["minimum"], t["maximum"]) for t in audit["targets"]}
    if targets != {(t.feature, t.value): (t.minimum, t.maximum) for t in problem.targets}:
        differences.append("the targets are other than those of the draw")
    if (problem.size, problem.per_address) != (audit["size"], audit["per_address"]):
        differences.append("the panel's size or the limit per address is other than that of the draw")
    features = audit["features"]
    drawn = {p["id"]: dict(zip(features, p["values"], strict=True)) for p in audit["people"]}
    here = {p.id: dict(zip(problem.features, p.values, strict=True)) for p in problem.people}
    if drawn.keys() != here.keys():
        differences.append(
            f"the pool is another: {len(here.keys() - drawn.keys())} people are new, "
            f"{len(drawn.keys() - here.keys())} are missing"
        )
    changed = sum(here[person] != values for person, values in drawn.items() if person in here)
    if changed:
        differences.append(f"{changed} people of the pool have other answers")
    if problem.per_address is not None:
        homes = {p["id"]: p["household"] for p in audit["people"] if p["household"] is not None}
        if _together(problem.people) != _groups(homes):
            differences.append("other people share an address")
    return differences


def _together(people: tuple[Person, ...]) -> set[frozenset[str]]:
    return _groups({person.id: person.address for person in people if person.address})


def _groups(homes: dict[str, Any]) -> set[frozenset[str]]:
    """Who lives together, as sets of at least two ids."""
    groups: dict[Any, set[str]] = {}
    for person, home in homes.items():
        groups.setdefault(home, set()).add(person)
    return {frozenset(group) for group in groups.values() if len(group) > 1}


def _audit(content: bytes) -> dict[str, Any]:
    try:
        file = json.loads(content)
    except ValueError as error:
        raise NoAuditFileError("the file is not JSON: --rerun needs the draw's audit.json") from error
    if not isinstance(file, dict) or file.get("schema") != verifier.AUDIT_SCHEMA:
        raise NoAuditFileError("the file is not an audit file: --rerun needs the draw's audit.json")
    return file
