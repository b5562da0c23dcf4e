"""What each volunteer may be handed: enough to find themselves in the record, and nothing about others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.sortition.lottery.commitment import Identity
from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.problem import Problem

DIGITS = 12


@dataclass(frozen=True, slots=True)
class Receipts:
    """`receipts.csv`: `header`, and a row per person of the pool in the pool's order."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def decimal(value: Fraction) -> str:
    """A chance as a plain decimal with 12 digits after the point, rounded half up."""
    scaled = (value.numerator * 10**DIGITS * 2 + value.denominator) // (2 * value.denominator)
    return f"{scaled // 10**DIGITS}.{scaled % 10**DIGITS:0{DIGITS}d}"


def optimal_chances(problem: Problem, exact: ExactLottery) -> dict[str, Fraction]:
    """Everyone's chance under the method's exact lottery; 0 for who was excluded by hand."""
    chances = {person.id: Fraction(0) for person in problem.people}
    for kind, chance in zip(exact.types, exact.chances, strict=True):
        for member in kind.members:
            chances[member] = chance
    return chances


def receipts(
    problem: Problem,
    exact: ExactLottery,
    uniform: UniformLottery,
    identities: Mapping[str, Identity],
    commitments: Mapping[str, str],
) -> Receipts:
    """A receipt per person: what opens their commitment (by random id), and their two chances."""
    optimal = optimal_chances(problem, exact)
    rows = []
    for person in problem.people:
        identity = identities[person.id]
        rows.append(
            (
                person.id,
                identity.random_id,
                identity.salt,
                *person.values,
                decimal(optimal[person.id]),
                decimal(uniform.chances[person.id]),
                commitments[identity.random_id],
            )
        )
    header = ("id", "random_id", "salt", *problem.features, "optimal", "drawn", "commitment")
    return Receipts(header, tuple(rows))
