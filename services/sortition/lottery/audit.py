"""The second file, `audit.json`: for the pool's holder and auditors, never for the public.

It holds what would name people in a small pool (types, each person's values, salt and household) and the
whole proof: the optimal lottery with rational weights, the stages' duals and what was taken on trust.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from services.sortition.lottery import canonical
from services.sortition.lottery.canonical import JSON
from services.sortition.lottery.commitment import Identity
from services.sortition.lottery.lottery import ExactLottery, Method, PersonType, Row, RowKind, Stage
from services.sortition.lottery.problem import Problem, Target

SCHEMA = "borgerting.audit/1"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the respondents' table were the id and the address, for who solves again."""

    id: str = ""
    address: tuple[str, ...] = ()


def build(
    problem: Problem,
    exact: ExactLottery,
    identities: Mapping[str, Identity],
    *,
    seed: str,
    common: Mapping[str, JSON],
    columns: Columns,
    reasons: Mapping[int, str],
) -> bytes:
    """The canonical bytes of `audit.json`.

    `common` are the parts that it shares with the record (mode, method, program, targets, size, limit per
    address), `columns` where the table had id and address; `reasons` says per unreachable type why it fits
    no panel.
    """
    return canonical.write(
        {
            **common,
            "schema": SCHEMA,
            "seed": seed,
            "columns": {"id": columns.id, "address": list(columns.address)},
            "features": list(problem.features),
            "people": _people(problem, exact, identities),
            "types": [_type(kind) for kind in exact.types],
            "rows": [_row(row) for row in exact.rows],
            "lottery": {
                "chances": [canonical.rational(chance) for chance in exact.chances],
                "panels": [[[t, count] for t, count in enumerate(panel) if count] for panel in exact.panels],
                "weights": [canonical.rational(weight) for weight in exact.weights],
                "residual": canonical.rational(exact.residual),
            },
            "stages": [_stage(stage) for stage in exact.stages],
            "unreachable": [{"type": t, "reason": reasons.get(t, "")} for t in exact.unreachable],
        }
    )


def read_lottery(content: bytes) -> ExactLottery:
    """The exact lottery that an audit file holds. Only for files that the verifier let pass."""
    file: dict[str, Any] = json.loads(content)
    lottery, members = file["lottery"], _members(file)
    panels = []
    for pairs in lottery["panels"]:
        counts = dict(pairs)
        panels.append(tuple(counts.get(t, 0) for t in range(len(members))))
    return ExactLottery(
        method=Method(file["method"]),
        size=file["size"],
        per_address=file["per_address"],
        types=tuple(
            PersonType(
                tuple(kind["values"]),
                tuple((tuple(other["values"]), other["must"]) for other in kind["household"]),
                kind["must"],
                members[t],
                kind["lower"],
                kind["upper"],
            )
            for t, kind in enumerate(file["types"])
        ),
        rows=tuple(
            Row(
                RowKind(row["kind"]),
                tuple((t, a) for t, a in row["coefficients"]),
                row["lower"],
                row["upper"],
                row["feature"],
                row["value"],
            )
            for row in file["rows"]
        ),
        panels=tuple(panels),
        weights=tuple(Fraction(text) for text in lottery["weights"]),
        chances=tuple(Fraction(text) for text in lottery["chances"]),
        excluded=tuple(sorted(p["id"] for p in file["people"] if p["type"] is None)),
        unreachable=tuple(entry["type"] for entry in file["unreachable"]),
        stages=tuple(
            Stage(
                Fraction(stage["level"]),
                tuple(stage["settled"]),
                tuple((t, Fraction(y)) for t, y in stage["weights"]),
                tuple((r, Fraction(multiplier)) for r, multiplier in stage["multipliers"]),
            )
            for stage in file["stages"]
        ),
        residual=Fraction(lottery["residual"]),
    )


def _members(file: dict[str, Any]) -> list[tuple[str, ...]]:
    """The ids of each type's people, sorted."""
    members: list[list[str]] = [[] for _ in file["types"]]
    for person in file["people"]:
        if person["type"] is not None:
            members[person["type"]].append(person["id"])
    return [tuple(sorted(ids)) for ids in members]


def _people(problem: Problem, exact: ExactLottery, identities: Mapping[str, Identity]) -> list[JSON]:
    """Everyone in the pool by random id, which tells nothing; `type` is None for who was excluded by hand.

    `household` numbers addresses that several people share, in order of their first random id.
    """
    type_of = {member: t for t, kind in enumerate(exact.types) for member in kind.members}
    people = sorted(problem.people, key=lambda person: identities[person.id].random_id)
    shared: dict[str, int] = {}
    for person in people:
        if person.address:
            shared[person.address] = shared.get(person.address, 0) + 1
    numbers: dict[str, int] = {}
    result: list[JSON] = []
    for person in people:
        household: int | None = None
        if problem.per_address is not None and person.address and shared[person.address] > 1:
            household = numbers.setdefault(person.address, len(numbers))
        identity = identities[person.id]
        result.append(
            {
                "id": person.id,
                "random_id": identity.random_id,
                "salt": identity.salt,
                "values": list(person.values),
                "household": household,
                "must": person.id in problem.include,
                "type": type_of.get(person.id),
            }
        )
    return result


def _type(kind: PersonType) -> JSON:
    return {
        "values": list(kind.values),
        "household": [{"values": list(values), "must": must} for values, must in kind.household],
        "must": kind.must,
        "members": len(kind.members),
        "lower": kind.lower,
        "upper": kind.upper,
    }


def _row(row: Row) -> JSON:
    return {
        "kind": row.kind.value,
        "coefficients": [[t, a] for t, a in row.coefficients],
        "lower": row.lower,
        "upper": row.upper,
        "feature": row.feature,
        "value": row.value,
    }


def _stage(stage: Stage) -> JSON:
    return {
        "level": canonical.rational(stage.level),
        "settled": list(stage.settled),
        "weights": [[t, canonical.rational(weight)] for t, weight in stage.weights],
        "multipliers": [[row, canonical.rational(value)] for row, value in stage.multipliers],
    }


def targets(entries: tuple[Target, ...]) -> JSON:
    """The targets as both files show them, in the order they were given."""
    return [
        {
            "feature": target.feature,
            "value": target.value,
            "minimum": target.minimum,
            "maximum": target.maximum,
            "reason": target.reason,
        }
        for target in entries
    ]
