"""Small problems for property tests, and the rules of a round checked by trying every seating."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from hypothesis import strategies as st

from services.deliberation.grouping.errors import Rule, RuleKind
from services.deliberation.grouping.types import HeldGroup, Member, Problem, Resource, Round

FEATURES = {"age": ("young", "old", "older"), "tenure": ("owner", "renter")}


@st.composite
def problems(draw: st.DrawFn, *, most_people: int = 9, most_rounds: int = 3) -> Problem:
    """Any sound problem, most of them feasible, with every kind of rule now and then."""
    ids = [f"p{i}" for i in range(draw(st.integers(1, most_people)))]
    leaders = [f"f{i}" for i in range(draw(st.sampled_from((0, 0, 3, 5))))]
    groups = draw(st.integers(1, 4))
    resources = [
        Resource(name, draw(st.integers(0, 2)), draw(st.frozensets(st.integers(1, groups), max_size=2)))
        for name in ("ramp", "arabic")[: draw(st.integers(0, 2))]
    ]
    names = [resource.id for resource in resources]
    some = st.frozensets(st.sampled_from(names), max_size=1) if names else st.just(frozenset[str]())
    needs = st.one_of(st.just(frozenset[str]()), some)
    members = [
        Member(i, {f: draw(st.sampled_from(values)) for f, values in FEATURES.items()}, draw(needs))
        for i in ids
    ]
    away = st.frozensets(st.sampled_from(ids + leaders[:1]), max_size=3)
    sets = st.lists(st.frozensets(st.sampled_from(ids), min_size=2, max_size=3), max_size=2)
    rules = sets if len(ids) > 2 else st.just(list[frozenset[str]]())
    return Problem(
        members=tuple(members),
        rounds=tuple(Round(groups, draw(away)) for _ in range(draw(st.integers(1, most_rounds)))),
        balance=tuple(draw(st.sampled_from(((), ("age",), ("age", "tenure"))))),
        apart=tuple(draw(rules)),
        together=tuple(draw(rules)),
        resources=tuple(resources),
        facilitators=tuple(leaders),
        tolerance=draw(st.sampled_from((0, 6, 100))),
    )


@st.composite
def histories(draw: st.DrawFn, problem: Problem) -> list[list[HeldGroup]]:
    """Held rounds, at least one round left to plan: any attendance, also by people who have left since."""
    everyone = [member.id for member in problem.members] + ["left1", "left2"]
    held = []
    for _ in range(draw(st.integers(0, len(problem.rounds) - 1))):
        at = {person: draw(st.integers(0, 3)) for person in everyone}
        leaders = draw(st.permutations([*problem.facilitators, "gone"]))
        held.append(
            [
                HeldGroup(frozenset(p for p in everyone if at[p] == g), leaders[0] if g == 1 else None)
                for g in (1, 2, 3)
            ]
        )
    return held


def seatings(people: Sequence[str], sizes: Sequence[int]) -> Iterator[list[tuple[str, ...]]]:
    """Every way to seat all people in groups of these sizes."""
    if not sizes:
        yield []
        return
    for first in combinations(people, sizes[0]):
        rest = [person for person in people if person not in first]
        for others in seatings(rest, sizes[1:]):
            yield [first, *others]


def all_sizes(people: int, groups: int) -> Iterator[list[int]]:
    """Every list of sizes that differ by one at most."""
    small, larger = divmod(people, groups)
    for which in combinations(range(groups), larger):
        yield [small + (g in which) for g in range(groups)]


def can_be_seated(problem: Problem, round_index: int, rules: Sequence[Rule]) -> bool:
    """Whether some seating of the round keeps these rules, by trying all."""
    planned = problem.rounds[round_index]
    present = sorted(m.id for m in problem.members if m.id not in planned.absent)
    resources = {resource.id: resource for resource in problem.resources}
    return any(
        _keeps(seating, rules, resources)
        for sizes in all_sizes(len(present), planned.groups)
        for seating in seatings(present, sizes)
    )


def _keeps(seating: list[tuple[str, ...]], rules: Sequence[Rule], resources: dict[str, Resource]) -> bool:
    at = {person: g for g, people in enumerate(seating, 1) for person in people}
    clusters: list[set[str]] = []
    used: dict[str, set[int]] = {}
    for rule in rules:
        if rule.kind is RuleKind.APART:
            places = [at[m] for m in rule.members if m in at]
            if len(set(places)) < len(places):
                return False
        elif rule.kind is RuleKind.NEED and rule.members[0] in at:
            used.setdefault(rule.resource, set()).add(at[rule.members[0]])
        elif rule.kind is RuleKind.TOGETHER:
            joined = set(rule.members)
            for cluster in [c for c in clusters if c & joined]:
                clusters.remove(cluster)
                joined |= cluster
            clusters.append(joined)
    if any(len({at[m] for m in cluster if m in at}) > 1 for cluster in clusters):
        return False
    return all(
        len(places) <= resources[name].limit
        and (not resources[name].groups or places <= resources[name].groups)
        for name, places in used.items()
    )
