"""A draw small enough to work out on paper, and a forger who recomputes every digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
import rfc8785

from services.sortition.lottery import record, verifier
from services.sortition.lottery.lottery import ExactLottery, Method, Stage, UniformLottery
from services.sortition.lottery.number import Mode
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.types import reduce


def counted_bytes(start: int = 0) -> Callable[[int], bytes]:
    """Bytes that differ at each call and repeat from one test run to the next."""
    calls = iter(range(start, 1 << 60))

    def token_bytes(n: int) -> bytes:
        return hashlib.sha256(str(next(calls)).encode()).digest()[:n]

    return token_bytes


@pytest.fixture(scope="session")
def fresh() -> Callable[..., Callable[[int], bytes]]:
    """`fresh(start)`: a source of salts and ids that differs for each start."""
    return counted_bytes


@dataclass(frozen=True)
class Draw:
    problem: Problem
    exact: ExactLottery
    uniform: UniformLottery

    def publish(self, mode: Mode = Mode.PUBLIC, start: int = 0, seed: str = "1848") -> record.Published:
        return record.build(
            self.problem,
            self.exact,
            self.uniform,
            mode=mode,
            seed=seed,
            token_bytes=counted_bytes(start),
            program_version="0.1.0",
            title="Borgerting om ældre og unge",
            announced="two ten-sided dice",
        )


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Eight women and six men, one of them excluded: two of each are drawn. Chances 1/4 and 2/5."""
    people = tuple(Person(f"p{i:02}", ("kvinde" if i < 8 else "mand",), None) for i in range(14))
    problem = Problem(
        features=("køn",),
        targets=(Target("køn", "kvinde", 2, 2, reason="fewer women signed up"), Target("køn", "mand", 2, 2)),
        people=people,
        size=4,
        exclude=frozenset({"p13"}),
    )
    reduction = reduce(problem)
    assert [kind.values for kind in reduction.types] == [("kvinde",), ("mand",)]
    women, men = (kind.members for kind in reduction.types)
    exact = ExactLottery(
        method=Method.LEXIMIN,
        size=4,
        per_address=None,
        types=reduction.types,
        rows=reduction.rows,
        panels=((2, 2),),
        weights=(Fraction(1),),
        chances=(Fraction(1, 4), Fraction(2, 5)),
        excluded=reduction.excluded,
        unreachable=(),
        stages=(
            Stage(Fraction(1, 4), (0,), ((0, Fraction(1)),), ((1, Fraction(1, 8)),)),
            Stage(Fraction(2, 5), (1,), ((1, Fraction(1)),), ((2, Fraction(1, 5)),)),
        ),
        residual=Fraction(0),
    )
    panels = []
    for j in range(20):
        chosen = {women[2 * j % 8], women[(2 * j + 1) % 8], men[2 * j % 5], men[(2 * j + 1) % 5]}
        panels.append(tuple(sorted(chosen)))
    chances = {p.id: Fraction(sum(p.id in panel for panel in panels), 20) for p in people}
    return Draw(problem, exact, UniformLottery(tuple(panels), chances))


@dataclass
class Files:
    """The three files of one draw as values that may be edited, and resealed as a forger would."""

    record: dict[str, Any]
    audit: dict[str, Any]
    commitment: bytes

    def sealed(self) -> tuple[bytes, bytes]:
        audit = rfc8785.dumps(self.audit)
        changed = self.record | {"audit": {"file": "audit.json", "sha256": hashlib.sha256(audit).hexdigest()}}
        parts = {k: v for k, v in changed.items() if k not in record.SEALS}
        parts["commitment"] = self.seal({k: v for k, v in parts.items() if k not in record.AFTER_THE_DRAW})[
            "digest"
        ]
        return rfc8785.dumps(self.seal(parts)), audit

    @staticmethod
    def seal(parts: dict[str, Any]) -> dict[str, Any]:
        digests = {name: hashlib.sha256(rfc8785.dumps(part)).hexdigest() for name, part in parts.items()}
        sealed = parts | {"digests": digests}
        return sealed | {"digest": hashlib.sha256(rfc8785.dumps(sealed)).hexdigest()}

    def refusals(self) -> list[str]:
        """What the verifier has against the resealed files, the commitment not at hand."""
        report = verifier.verify(*self.sealed())
        assert not report.unreadable
        return report.refused


@pytest.fixture
def files(draw: Draw) -> Files:
    published = draw.publish()
    revealed = record.reveal(published.commitment, published.audit, drawn=7)
    return Files(json.loads(revealed), json.loads(published.audit), published.commitment)


@pytest.fixture
def seeded_files(draw: Draw) -> Files:
    published = draw.publish(Mode.SEEDED)
    revealed = record.reveal(published.commitment, published.audit)
    return Files(json.loads(revealed), json.loads(published.audit), published.commitment)
