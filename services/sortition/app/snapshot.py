"""The frozen input of a draw: targets and pool as they stood, as canonical bytes with a digest.

Only what the lottery reads: the pool's own ids, values, household keys. Names and addresses are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import Code, DomainError
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.spreadsheets import lottery_targets
from services.sortition.domain.pool import Inclusion, Person
from services.sortition.domain.selection import Selection
from services.sortition.domain.target import Target
from services.sortition.lottery import canonical
from services.sortition.lottery.problem import Person as LotteryPerson
from services.sortition.lottery.problem import Problem

SCHEMA = "borgerting.draw-input/1"


@dataclass(frozen=True, slots=True)
class Frozen:
    """`digest` is the SHA-256 of `content` in hexadecimal."""

    content: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Headers of the imported file: of the id, and of those that make an address together."""

    id: str
    address: tuple[str, ...]


def import_columns(uow: UnitOfWork, selection_id: UUID) -> Columns:
    """Those of the import that is the pool."""
    stored = uow.imports.get(selection_id)
    applied = stored.applied if stored is not None else None
    return Columns(applied.id_header, applied.address_columns) if applied else Columns("", ())


def freeze(selection: Selection, people: Sequence[Person], columns: Columns) -> Frozen:
    """`columns` are the headers that the pool came under.

    Raises DomainError FAILED_PRECONDITION: TARGETS_MISSING, POOL_EMPTY, POOL_INCOMPLETE, SIZE_OVER_POOL,
    INCLUDED_OVER_SIZE, MINIMA_OVER_SIZE, PER_ADDRESS_WITHOUT_ADDRESS.
    """
    problem = problem_of(selection.targets, selection.size, selection.per_address, people, columns)
    content = canonical.write(
        {
            "schema": SCHEMA,
            "title": selection.title,
            "size": problem.size,
            "per_address": problem.per_address,
            "columns": {"id": columns.id, "address": [*columns.address]},
            "features": list(problem.features),
            "targets": [
                {
                    "feature": t.feature,
                    "value": t.value,
                    "minimum": t.minimum,
                    "maximum": t.maximum,
                    "min_flex": t.min_flex,
                    "max_flex": t.max_flex,
                    "reason": t.reason,
                }
                for t in selection.targets
            ],
            "people": [[p.id, list(p.values), p.address] for p in problem.people],
            "include": [*sorted(problem.include)],
            "exclude": [*sorted(problem.exclude)],
        }
    )
    return Frozen(content, hashlib.sha256(content).hexdigest())


def thaw(content: bytes) -> Problem:
    """The lottery's question that was frozen."""
    data = json.loads(content)
    return Problem(
        features=tuple(data["features"]),
        targets=lottery_targets(targets_of(content)),
        people=tuple(LotteryPerson(i, tuple(values), home) for i, values, home in data["people"]),
        size=data["size"],
        per_address=data["per_address"],
        include=frozenset(data["include"]),
        exclude=frozenset(data["exclude"]),
    )


def title_of(content: bytes) -> str:
    return str(json.loads(content)["title"])


def columns_of(content: bytes) -> Columns:
    columns = json.loads(content)["columns"]
    return Columns(columns["id"], tuple(columns["address"]))


def targets_of(content: bytes) -> tuple[Target, ...]:
    return tuple(Target(**target) for target in json.loads(content)["targets"])


def problem_of(
    targets: Sequence[Target],
    size: int,
    per_address: int | None,
    people: Sequence[Person],
    columns: Columns,
) -> Problem:
    """What the lottery is asked, with people in the order of their pool ids. Raises as `freeze`."""
    if not targets:
        raise _refusal("TARGETS_MISSING")
    if not people:
        raise _refusal("POOL_EMPTY")
    features = tuple(dict.fromkeys(target.feature for target in targets))
    known = {(target.feature, target.value) for target in targets}
    incomplete = sum(
        any((feature, person.values.get(feature, "")) not in known for feature in features)
        for person in people
    )
    if incomplete:
        raise _refusal("POOL_INCOMPLETE", people=incomplete, pool=len(people))
    if per_address is not None and not columns.address:
        # Without addresses everybody is nobody's neighbour: the limit would promise what it does not keep.
        raise _refusal("PER_ADDRESS_WITHOUT_ADDRESS", per_address=per_address)
    include = frozenset(p.pool_id for p in people if p.inclusion is Inclusion.MUST)
    exclude = frozenset(p.pool_id for p in people if p.inclusion is Inclusion.MUST_NOT)
    if size > len(people) - len(exclude):
        raise _refusal("SIZE_OVER_POOL", size=size, pool=len(people), excluded=len(exclude))
    if len(include) > size:
        raise _refusal("INCLUDED_OVER_SIZE", size=size, included=len(include))
    for feature in features:
        minima = sum(target.minimum for target in targets if target.feature == feature)
        if minima > size:
            raise DomainError(
                Code.FAILED_PRECONDITION,
                "MINIMA_OVER_SIZE",
                {"feature": feature, "size": str(size), "minima": str(minima)},
            )
    return Problem(
        features=features,
        targets=lottery_targets(targets),
        people=tuple(
            LotteryPerson(p.pool_id, tuple(p.values[feature] for feature in features), p.household or None)
            for p in sorted(people, key=lambda person: person.pool_id)
        ),
        size=size,
        per_address=per_address,
        include=include,
        exclude=exclude,
    )


def _refusal(reason: str, **sizes: int) -> DomainError:
    return DomainError(Code.FAILED_PRECONDITION, reason, {name: str(size) for name, size in sizes.items()})
