"""Can the hard rules of one round hold? An exact check, a placement when they can, a minimal clash when not.

People whom no rule names fill whatever places are left, so only the others are searched: blocks (people who
must sit together) into groups, the block with the fewest groups open to it first (as DSATUR colours graphs,
Brélaz 1979), by backtracking. Groups nobody has entered yet are alike, so only one of them is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.deliberation.grouping.errors import Rule, RuleKind, Undecided
from services.deliberation.grouping.model import Model, find, merge
from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.types import Resource

MAX_STEPS = 20_000


@dataclass(slots=True)
class Block:
    """People who share a group: their count, the resources they need, the blocks they may not meet."""

    people: list[int]
    needs: set[str] = field(default_factory=set)
    apart: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a round offers: how many people come, groups, and resources."""

    number: int
    people: int
    groups: int
    resources: dict[str, Resource]


def place(
    model: Model, offer: Offer, present: Sequence[int], rules: Sequence[Rule], order: Stream | None = None
) -> list[list[int]] | None:
    """Groups with the people whom `rules` name, all rules kept and room for the rest; None if impossible.

    `order` tries the groups in random order, for different starts. Raises Undecided after MAX_STEPS.
    """
    blocks = _blocks(model, set(present), rules)
    if blocks is None:
        return None
    search = _Search(blocks, offer, order)
    return search.groups() if search.run() else None


def _blocks(model: Model, present: set[int], rules: Sequence[Rule]) -> list[Block] | None:
    """The blocks with more than one person or with a rule; None when two must sit together and apart."""
    root = list(range(len(model.ids)))
    for rule in rules:
        if rule.kind is RuleKind.TOGETHER:
            merge(root, [model.number[member] for member in rule.members])
    blocks: dict[int, Block] = {}
    named = sorted({model.number[member] for rule in rules for member in rule.members} & present)
    for person in named:
        blocks.setdefault(find(root, person), Block([])).people.append(person)
    position = {block: i for i, block in enumerate(blocks)}
    for rule in rules:
        roots = [find(root, p) for p in map(model.number.__getitem__, rule.members) if p in present]
        if rule.kind is RuleKind.NEED:
            for block in roots:
                blocks[block].needs.add(rule.resource)
        elif rule.kind is RuleKind.APART:
            if len(set(roots)) < len(roots):
                return None
            for block in roots:
                blocks[block].apart.update(position[other] for other in roots if other != block)
    return list(blocks.values())


class _Search:
    def __init__(self, blocks: list[Block], offer: Offer, order: Stream | None) -> None:
        self.blocks, self.offer, self.order = blocks, offer, order
        self.seats = -(-offer.people // offer.groups)
        self.small = offer.people // offer.groups
        # How many groups may be larger than the small ones.
        self.larger = offer.people % offer.groups if self.seats > self.small else offer.groups
        self.inside: list[list[int]] = [[] for _ in range(offer.groups)]
        self.load = [0] * offer.groups
        self.large = 0
        self.open: dict[str, dict[int, int]] = {resource: {} for resource in offer.resources}
        self.waiting = list(range(len(blocks)))
        self.steps = 0

    def groups(self) -> list[list[int]]:
        return [[p for block in inside for p in self.blocks[block].people] for inside in self.inside]

    def run(self) -> bool:
        if not self.waiting:
            return True
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Undecided(self.offer.number, MAX_STEPS)
        best, choices = -1, list[int]()
        rank: tuple[int, int, int] | None = None
        for block in self.waiting:
            fitting = [g for g in range(self.offer.groups) if self._fits(block, g)]
            if not fitting:
                return False
            its = self.blocks[block]
            here = (len(fitting), -len(its.people), -len(its.apart))
            if rank is None or here < rank:
                rank, best, choices = here, block, fitting
        if self.order is not None:
            self.order.shuffle(choices)
        self.waiting.remove(best)
        tried: set[frozenset[str]] = set()
        for g in choices:
            if not self.inside[g]:
                kind = frozenset(
                    r.id for r in self.offer.resources.values() if not r.groups or g + 1 in r.groups
                )
                if kind in tried:
                    continue
                tried.add(kind)
            self._enter(best, g, 1)
            if self.run():
                return True
            self._enter(best, g, -1)
        self.waiting.append(best)
        self.waiting.sort()
        return False

    def _fits(self, block: int, g: int) -> bool:
        its = self.blocks[block]
        load = self.load[g] + len(its.people)
        if load > self.seats or (self.load[g] <= self.small < load and self.large >= self.larger):
            return False
        if not its.apart.isdisjoint(self.inside[g]):
            return False
        for need in its.needs:
            resource = self.offer.resources[need]
            if resource.groups and g + 1 not in resource.groups:
                return False
            if g not in self.open[need] and len(self.open[need]) >= resource.limit:
                return False
        return True

    def _enter(self, block: int, g: int, sign: int) -> None:
        its = self.blocks[block]
        before = self.load[g] > self.small
        self.load[g] += sign * len(its.people)
        self.large += (self.load[g] > self.small) - before
        if sign > 0:
            self.inside[g].append(block)
        else:
            self.inside[g].remove(block)
        for need in its.needs:
            users = self.open[need]
            users[g] = users.get(g, 0) + sign
            if not users[g]:
                del users[g]
