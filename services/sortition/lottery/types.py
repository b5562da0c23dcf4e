"""From people to types: the few hundred counts that thousands of volunteers come down to.

People of one type are interchangeable, so an exact leximin lottery gives them equal chances and a panel is
a vector of counts per type (the symmetry argument of Flanigan et al., 'Fair algorithms for selecting
citizens' assemblies', Nature 2021, section 'Equality among equals').

A household limit c keeps that exact: the N households of one signature (the multiset of their members)
form one row, sum of counts <= c N, and a type with m members in each has at most N min(c, m) seats. Any
counts within these bounds can be handed out with at most c seats in each household: spreading them evenly
is a fractional flow from types to households within capacities, so an integral one exists.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from services.sortition.lottery.errors import InfeasibleTargets, PoolTooSmall
from services.sortition.lottery.lottery import PersonType, Row, RowKind
from services.sortition.lottery.problem import Person, Problem

Profile = tuple[tuple[str, ...], bool]


@dataclass(frozen=True, slots=True)
class Reduction:
    """A problem in types: `rows` bound a panel's counts, `excluded` are the ids kept off by hand, sorted."""

    types: tuple[PersonType, ...]
    rows: tuple[Row, ...]
    excluded: tuple[str, ...]
    size: int
    per_address: int | None


def reduce(problem: Problem) -> Reduction:
    """Group the pool into types and write the problem's constraints as rows over them.

    The result depends on neither the order of people, targets nor features, except that a type's values
    stand in `problem.features` order. Raises PoolTooSmall when fewer people than seats are left after
    exclusion, InfeasibleTargets when a household has more people who must be drawn than it may send.
    """
    people = [person for person in problem.people if person.id not in problem.exclude]
    if len(people) < problem.size:
        raise PoolTooSmall(len(people), problem.size)
    order = sorted(range(len(problem.features)), key=lambda i: problem.features[i])

    def rank(profile: Profile) -> tuple[tuple[str, ...], bool]:
        return tuple(profile[0][i] for i in order), profile[1]

    households = _households(problem, people)
    signatures = {
        address: tuple(sorted(((p.values, p.id in problem.include) for p in members), key=rank))
        for address, members in households.items()
    }
    counts = Counter(signatures.values())
    groups: dict[tuple[Profile, tuple[Profile, ...]], list[str]] = defaultdict(list)
    for person in people:
        signature = signatures.get(person.address, ()) if person.address else ()
        groups[((person.values, person.id in problem.include), signature)].append(person.id)

    types = []
    for (profile, signature), members in sorted(
        groups.items(), key=lambda item: (rank(item[0][0]), tuple(rank(p) for p in item[0][1]))
    ):
        upper = len(members)
        if signature and problem.per_address is not None:
            upper = counts[signature] * min(problem.per_address, signature.count(profile))
        lower = len(members) if profile[1] else 0
        if lower > upper:
            raise InfeasibleTargets(
                "more people who must be drawn share an address than one address may send: "
                "raise the limit per address, or take one of them off the list"
            )
        types.append(PersonType(profile[0], signature, profile[1], tuple(sorted(members)), lower, upper))
    return Reduction(
        types=tuple(types),
        rows=_rows(problem, tuple(types), counts),
        excluded=tuple(sorted(problem.exclude)),
        size=problem.size,
        per_address=problem.per_address,
    )


def _households(problem: Problem, people: list[Person]) -> dict[str, list[Person]]:
    """Addresses where the limit can bind, with the people there who may be drawn."""
    if problem.per_address is None:
        return {}
    households: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        if person.address:
            households[person.address].append(person)
    return {a: members for a, members in households.items() if len(members) > problem.per_address}


def _rows(
    problem: Problem, types: tuple[PersonType, ...], counts: Counter[tuple[Profile, ...]]
) -> tuple[Row, ...]:
    rows = [Row(RowKind.SIZE, tuple((t, 1) for t in range(len(types))), problem.size, problem.size)]
    holders: dict[tuple[int, str], list[int]] = defaultdict(list)
    for t, kind in enumerate(types):
        for f, value in enumerate(kind.values):
            holders[(f, value)].append(t)
    for target in sorted(problem.targets, key=lambda target: (target.feature, target.value)):
        members = holders.get((problem.features.index(target.feature), target.value), [])
        rows.append(
            Row(
                RowKind.QUOTA,
                tuple((t, 1) for t in members),
                target.minimum,
                target.maximum,
                target.feature,
                target.value,
            )
        )
    by_signature: dict[tuple[Profile, ...], list[int]] = defaultdict(list)
    for t, kind in enumerate(types):
        if kind.household:
            by_signature[kind.household].append(t)
    for signature, members in sorted(by_signature.items(), key=lambda item: item[1]):
        limit = (problem.per_address or 0) * counts[signature]
        rows.append(Row(RowKind.HOUSEHOLD, tuple((t, 1) for t in members), None, limit))
    return tuple(rows)
