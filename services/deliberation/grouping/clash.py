"""Why a round is impossible: a minimal set of rules that clash, and the single changes that help."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from services.deliberation.grouping.errors import Cure, CureKind, Infeasible, Rule, RuleKind, Undecided
from services.deliberation.grouping.feasibility import Offer, place
from services.deliberation.grouping.model import Model, find, merge


def clash(model: Model, offer: Offer, present: Sequence[int]) -> Infeasible:
    """The error for a round that `place` found impossible under all rules."""

    def holds(rules: Sequence[Rule]) -> bool:
        try:
            return place(model, offer, present, rules) is not None
        except Undecided:
            # Not shown to clash: the rule left out stays in the set, which may then not be minimal.
            return True

    core = _minimal(list(model.rules), holds)
    seats = -(-offer.people // offer.groups)
    cures = list(_cures(model, offer, present, core))
    return Infeasible(_reason(model, core, seats), offer.number, offer.groups, seats, core, cures)


def _minimal(rules: list[Rule], holds: Callable[[Sequence[Rule]], bool]) -> list[Rule]:
    """Rules that clash, of which none, and no member of one, can be left out (deletion filter)."""
    core = list(rules)
    for rule in rules:
        without = [other for other in core if other is not rule]
        if not holds(without):
            core = without
    for position, rule in enumerate(core):
        for member in rule.members:
            kept = tuple(m for m in core[position].members if m != member)
            if len(kept) < (1 if rule.kind is RuleKind.NEED else 2):
                continue
            smaller = [*core[:position], Rule(rule.kind, kept, rule.resource), *core[position + 1 :]]
            if not holds(smaller):
                core = smaller
    return core


def _reason(model: Model, core: Sequence[Rule], seats: int) -> str:
    kinds = {rule.kind for rule in core}
    if kinds == {RuleKind.TOGETHER}:
        root = list(range(len(model.ids)))
        for rule in core:
            merge(root, [model.number[member] for member in rule.members])
        people = {model.number[member] for rule in core for member in rule.members}
        in_one = len({find(root, person) for person in people}) == 1
        return "TOGETHER_TOO_LARGE" if in_one and len(people) > seats else "TOGETHER_DO_NOT_FIT"
    if kinds == {RuleKind.APART}:
        return "APART_TOO_MANY"
    if kinds == {RuleKind.NEED}:
        return "NEEDS_NOT_MET"
    return "TOGETHER_AND_APART" if RuleKind.NEED not in kinds else "RULES_CLASH"


def _cures(model: Model, offer: Offer, present: Sequence[int], core: Sequence[Rule]) -> Iterator[Cure]:
    """Each change is tried on the whole round; one that the check cannot decide is not offered."""

    def works(rules: Sequence[Rule] = model.rules, under: Offer = offer) -> bool:
        try:
            return place(model, under, present, rules) is not None
        except Undecided:
            return False

    for rule in core:
        # The core's rule may name fewer people than the one it comes from, which is what can be dropped.
        source = next(r for r in model.rules if _covers(r, rule))
        if works([r for r in model.rules if r is not source]):
            yield Cure(CureKind.DROP_RULE, rule=source)
    for resource in sorted({rule.resource for rule in core if rule.resource}):
        had = offer.resources[resource]
        for limit in range(had.limit + 1, offer.groups + 1):
            more = dataclasses.replace(had, limit=limit)
            if works(under=dataclasses.replace(offer, resources={**offer.resources, resource: more})):
                yield Cure(CureKind.MORE_OF_RESOURCE, count=limit, resource=resource)
                break
        anywhere = dataclasses.replace(had, groups=frozenset())
        if had.groups and works(
            under=dataclasses.replace(offer, resources={**offer.resources, resource: anywhere})
        ):
            yield Cure(CureKind.ANY_GROUP, resource=resource)
    for kind, counts in (
        (CureKind.FEWER_GROUPS, range(offer.groups - 1, 0, -1)),
        (CureKind.MORE_GROUPS, range(offer.groups + 1, offer.people + 1)),
    ):
        found = next((n for n in counts if works(under=dataclasses.replace(offer, groups=n))), 0)
        if found:
            yield Cure(kind, count=found)


def _covers(rule: Rule, part: Rule) -> bool:
    same = rule.kind is part.kind and rule.resource == part.resource
    return same and set(part.members) <= set(rule.members)
