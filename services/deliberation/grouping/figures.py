"""A plan counted anew, from the plan and the problem alone: nothing of the search is believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from services.deliberation.grouping.errors import RuleKind
from services.deliberation.grouping.model import Held, Model, build, find, merge
from services.deliberation.grouping.types import Figures, PlannedRound, Problem

Pair = tuple[str, str]


def measure(problem: Problem, held: Held, rounds: Sequence[PlannedRound]) -> Figures:
    """The figures of `rounds` (held ones first), over the members and all who ever sat in a group."""
    model = build(problem, held)
    everyone = {member.id for member in problem.members}
    everyone |= {member for planned in rounds for group in planned.groups for member in group.members}
    meetings: Counter[Pair] = Counter()
    before: set[Pair] = set()
    for planned in rounds:
        for group in planned.groups:
            pairs = list(_pairs(group.members))
            meetings.update(pairs)
            if planned.held:
                before.update(pairs)
    future = [planned for planned in rounds if not planned.held]
    tied = _tied(model)
    spread = Counter(meetings.values())
    spread[0] = len(everyone) * (len(everyone) - 1) // 2 - len(meetings)
    others: Counter[str] = Counter(dict.fromkeys(everyone, 0))
    for one, other in meetings:
        others[one] += 1
        others[other] += 1
    cells, off_by_one, off_by_more = _cells(problem, future)
    return Figures(
        members=len(everyone),
        pairs_met=len(meetings),
        bound=_bound(model, future, before, tied),
        meetings=dict(sorted(spread.items())),
        most_meetings=max((times for pair, times in meetings.items() if pair not in tied), default=0),
        fewest_met=min(others.values(), default=0),
        cells=cells,
        off_by_one=off_by_one,
        off_by_more=off_by_more,
        facilitator_repeats=_facilitator_repeats(rounds),
    )


def _pairs(members: Iterable[str]) -> Iterable[Pair]:
    return combinations(sorted(members), 2)


def _tied(model: Model) -> set[Pair]:
    """Pairs who share a group whenever both come: by rule, or both need what one group alone can have."""
    clusters: dict[int, list[str]] = {}
    for person, root in enumerate(model.clusters()):
        clusters.setdefault(root, []).append(model.ids[person])
    sets = list(clusters.values())
    for resource in model.resources.values():
        if resource.limit == 1:
            sets.append([model.ids[person] for person in model.users(resource.id)])
    return {pair for members in sets for pair in _pairs(members)}


def _bound(model: Model, future: Sequence[PlannedRound], before: set[Pair], tied: set[Pair]) -> int:
    """Types.Figures.bound: pairs met, plus the smaller of pairs that still can and places left for them.

    A pair that must sit together uses a place each round both come, but is a new pair once.
    """
    apart = {pair for rule in model.rules if rule.kind is RuleKind.APART for pair in _pairs(rule.members)}
    places = 0
    able: set[Pair] = set()
    together: Counter[Pair] = Counter()
    for planned in future:
        present = [member for group in planned.groups for member in group.members]
        places += sum(len(group.members) * (len(group.members) - 1) // 2 for group in planned.groups)
        pairs = set(_pairs(present))
        able |= pairs
        together.update(pairs & tied)
    wasted = sum(times - (pair not in before) for pair, times in together.items())
    return len(before) + min(len(able - before - apart), places - wasted)


def _cells(problem: Problem, future: Sequence[PlannedRound]) -> tuple[int, int, int]:
    features = {member.id: member.features for member in problem.members}
    cells = off_by_one = off_by_more = 0
    for planned in future:
        people = [member for group in planned.groups for member in group.members]
        for feature in problem.balance:
            total = Counter(features[member][feature] for member in people)
            for group in planned.groups:
                count = Counter(features[member][feature] for member in group.members)
                for value, number in total.items():
                    low = number * len(group.members) // len(people)
                    high = -(-number * len(group.members) // len(people))
                    distance = max(low - count[value], count[value] - high, 0)
                    cells += 1
                    off_by_one += distance == 1
                    off_by_more += distance > 1
    return cells, off_by_one, off_by_more


def _facilitator_repeats(rounds: Sequence[PlannedRound]) -> int:
    met = Counter(
        (group.facilitator, member)
        for planned in rounds
        for group in planned.groups
        if group.facilitator is not None
        for member in group.members
    )
    return sum(times - 1 for times in met.values())


def broken_rules(problem: Problem, held: Held, rounds: Sequence[PlannedRound]) -> list[str]:
    """What a plan does wrong, one line per break, no ids of people; empty for every plan that `plan` returns.

    Checks that everyone who comes sits in one group, that sizes differ by one at most, the rules apart,
    together and needs, the resources' limits, and that held rounds are as they were.
    """
    faults: list[str] = []
    resources = {resource.id: resource for resource in problem.resources}
    needs = {member.id: member.needs for member in problem.members}
    root = list(range(len(problem.members)))
    number = {member.id: i for i, member in enumerate(problem.members)}
    for people in problem.together:
        merge(root, [number[member] for member in people])
    for planned in rounds[: len(held)]:
        was = sorted((sorted(g.members), g.facilitator or "") for g in held[planned.number - 1])
        if sorted((list(g.members), g.facilitator or "") for g in planned.groups) != was:
            faults.append(f"round {planned.number}: history changed")
    for planned in rounds[len(held) :]:
        here = f"round {planned.number}"
        wanted = problem.rounds[planned.number - 1]
        seated = Counter(member for group in planned.groups for member in group.members)
        coming = {member.id for member in problem.members} - wanted.absent
        if seated != Counter(coming) or len(planned.groups) != wanted.groups:
            faults.append(f"{here}: not everyone who comes sits in exactly one of the groups")
        count = [len(group.members) for group in planned.groups]
        if max(count) - min(count) > 1:
            faults.append(f"{here}: sizes differ by more than one")
        place = {member: group.number for group in planned.groups for member in group.members}
        clusters: dict[int, set[int]] = {}
        for member, group_number in place.items():
            clusters.setdefault(find(root, number[member]), set()).add(group_number)
        if any(len(numbers) > 1 for numbers in clusters.values()):
            faults.append(f"{here}: people who belong together sit in different groups")
        for people in problem.apart:
            numbers = [place[member] for member in people if member in place]
            if len(set(numbers)) < len(numbers):
                faults.append(f"{here}: people who must be apart share a group")
        for resource in resources.values():
            users = {place[member] for member in place if resource.id in needs[member]}
            given = {group.number for group in planned.groups if resource.id in group.resources}
            if (
                not users <= given
                or len(given) > resource.limit
                or (resource.groups and given - resource.groups)
            ):
                faults.append(f"{here}: {resource.id} is missing, over its limit or in the wrong group")
        leaders = [group.facilitator for group in planned.groups if group.facilitator is not None]
        if len(set(leaders)) < len(leaders) or set(leaders) & wanted.absent:
            faults.append(f"{here}: a facilitator leads two groups or is away")
        if problem.facilitators and any(group.members and not group.facilitator for group in planned.groups):
            faults.append(f"{here}: a group has no facilitator")
    return faults
