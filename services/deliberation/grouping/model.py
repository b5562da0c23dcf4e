"""The problem in numbers: people sorted by id, so that the order of the input never changes a plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.deliberation.grouping.errors import Rule, RuleKind
from services.deliberation.grouping.types import HeldGroup, Problem, Resource

Held = Sequence[Sequence[HeldGroup]]


@dataclass(frozen=True, slots=True)
class Model:
    """`ids[i]` is person i. `present[r]`: who comes to the r-th round to be planned, ascending.

    `values[i]`: person i's values, one per balanced feature, as indices into `labels` (feature, value).
    `met`: pairs (i < j) → how often they met in held rounds. `rules` are all hard rules, sorted.
    """

    ids: tuple[str, ...]
    first_round: int
    groups: tuple[int, ...]
    present: tuple[tuple[int, ...], ...]
    labels: tuple[tuple[str, str], ...]
    values: tuple[tuple[int, ...], ...]
    met: dict[tuple[int, int], int]
    rules: tuple[Rule, ...]
    resources: dict[str, Resource]
    number: dict[str, int]

    def clusters(self) -> list[int]:
        """Person → the least number of those who must always sit with them, themselves included."""
        root = list(range(len(self.ids)))
        for rule in self.rules:
            if rule.kind is RuleKind.TOGETHER:
                merge(root, [self.number[member] for member in rule.members])
        return [find(root, i) for i in range(len(root))]

    def users(self, resource: str) -> list[int]:
        """Who needs the resource."""
        rules = (rule for rule in self.rules if rule.kind is RuleKind.NEED and rule.resource == resource)
        return [self.number[rule.members[0]] for rule in rules]

    def apart(self) -> list[set[int]]:
        """Person → whom they may not sit with."""
        result: list[set[int]] = [set() for _ in self.ids]
        for rule in self.rules:
            if rule.kind is RuleKind.APART:
                people = [self.number[member] for member in rule.members]
                for person in people:
                    result[person].update(other for other in people if other != person)
        return result


def find(root: list[int], i: int) -> int:
    """The root of i's set in a forest of parents (union-find)."""
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


def merge(root: list[int], members: Iterable[int]) -> None:
    """Makes one set of the members' sets; its root is the least."""
    roots = sorted({find(root, i) for i in members})
    for other in roots[1:]:
        root[other] = roots[0]


def build(problem: Problem, held: Held) -> Model:
    """The model of a problem that `check` has found sound."""
    members = sorted(problem.members, key=lambda member: member.id)
    number = {member.id: i for i, member in enumerate(members)}
    balance = sorted(problem.balance)
    labels = sorted({(feature, member.features[feature]) for member in members for feature in balance})
    index = {label: i for i, label in enumerate(labels)}
    met: dict[tuple[int, int], int] = {}
    for groups in held:
        for group in groups:
            known = sorted(number[member] for member in group.members if member in number)
            for position, i in enumerate(known):
                for j in known[position + 1 :]:
                    met[i, j] = met.get((i, j), 0) + 1
    remaining = problem.rounds[len(held) :]
    rules = {Rule(RuleKind.APART, tuple(sorted(people))) for people in problem.apart}
    rules |= {Rule(RuleKind.TOGETHER, tuple(sorted(people))) for people in problem.together}
    rules |= {Rule(RuleKind.NEED, (member.id,), need) for member in members for need in member.needs}
    return Model(
        ids=tuple(number),
        first_round=len(held) + 1,
        groups=tuple(planned.groups for planned in remaining),
        present=tuple(
            tuple(i for i, member in enumerate(members) if member.id not in planned.absent)
            for planned in remaining
        ),
        labels=tuple(labels),
        values=tuple(tuple(index[f, member.features[f]] for f in balance) for member in members),
        met=met,
        rules=tuple(sorted(rules, key=lambda rule: (rule.kind, rule.members, rule.resource))),
        resources={resource.id: resource for resource in sorted(problem.resources, key=lambda r: r.id)},
        number=number,
    )


def sizes(people: int, groups: int) -> list[int]:
    """The sizes of groups that differ by one at most, larger ones first."""
    return [people // groups + (g < people % groups) for g in range(groups)]


def input_digest(problem: Problem, held: Held) -> str:
    """SHA-256 (hex) over everything that goes into the plan but seed and effort, whatever its order."""
    content = {
        "members": [
            [member.id, {f: member.features[f] for f in sorted(problem.balance)}, sorted(member.needs)]
            for member in sorted(problem.members, key=lambda member: member.id)
        ],
        "rounds": [[planned.groups, sorted(planned.absent)] for planned in problem.rounds],
        "balance": sorted(problem.balance),
        "apart": sorted(sorted(people) for people in problem.apart),
        "together": sorted(sorted(people) for people in problem.together),
        "resources": sorted([r.id, r.limit, sorted(r.groups)] for r in problem.resources),
        "facilitators": sorted(problem.facilitators),
        "tolerance": problem.tolerance,
        "held": [sorted([sorted(g.members), g.facilitator or ""] for g in groups) for groups in held],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
