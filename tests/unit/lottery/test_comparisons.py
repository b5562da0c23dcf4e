"""The two methods kept for comparison: maximin and the practice's old greedy."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest

from services.sortition.lottery import legacy as greedy
from services.sortition.lottery.certificate import check
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import InfeasibleTargets, LegacyStuck
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.maximin import maximin
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.types import reduce
from tests.unit.lottery.pools import municipality, tight


def test_maximin_has_leximins_lowest_chance_and_proves_it() -> None:
    for seed in range(40):
        problem = tight(random.Random(seed), (10, 20), (3, 8), (2, 6), 0.2, households=seed % 2 == 0)
        if problem is None:
            continue
        reduction = reduce(problem)
        best, other = leximin(reduction), maximin(reduction)
        reached = [t for t in range(len(best.types)) if t not in best.unreachable]
        assert other.unreachable == best.unreachable
        lowest = min(best.chances[t] for t in reached)
        assert abs(min(other.chances[t] for t in reached) - lowest) <= Fraction(1, 10**8)
        report = check(other)
        assert report.holds, report.problems
        assert len(other.stages) == (2 if best.unreachable else 1)


def test_maximin_is_repeatable_and_raises_without_a_panel() -> None:
    problem = municipality(people=80, size=12)
    assert maximin(reduce(problem)) == maximin(reduce(problem))
    impossible = replace(problem, targets=tuple(replace(t, maximum=t.minimum) for t in problem.targets))
    with pytest.raises(InfeasibleTargets):
        maximin(reduce(impossible))


def test_legacy_panels_meet_every_target_and_are_the_lottery() -> None:
    problem = municipality(4, people=150, size=20, households=90)
    problem = replace(problem, include=frozenset({"p00001"}), exclude=frozenset({"p00002"}))
    exact, drawn = solve(problem, Method.LEGACY, "seed", 60)
    people = {person.id: person for person in problem.people}
    for panel in drawn.panels:
        assert len(set(panel)) == problem.size
        assert "p00001" in panel
        assert "p00002" not in panel
        homes = Counter(people[p].address for p in panel if people[p].address)
        assert max(homes.values()) <= 1
        for target in problem.targets:
            f = problem.features.index(target.feature)
            assert target.minimum <= sum(people[p].values[f] == target.value for p in panel) <= target.maximum
    assert exact.stages == ()
    assert exact.residual == 0
    assert sum(exact.weights) == 1
    assert check(exact).holds
    for kind, chance in zip(exact.types, exact.chances, strict=True):
        assert chance == sum(drawn.chances[m] for m in kind.members) / len(kind.members)


def test_legacy_is_repeatable_and_order_free() -> None:
    problem = municipality(people=100, size=15)
    backwards = replace(problem, people=problem.people[::-1], targets=problem.targets[::-1])
    assert solve(problem, Method.LEGACY, "a", 10) == solve(backwards, Method.LEGACY, "a", 10)
    assert solve(problem, Method.LEGACY, "a", 10)[1] != solve(problem, Method.LEGACY, "b", 10)[1]


def test_legacy_that_finds_nothing_says_that_this_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    people = tuple(Person(f"p{i}", (v,)) for i, v in enumerate("vvw"))
    problem = Problem(("a",), (Target("a", "v", 0, 1), Target("a", "w", 0, 0)), people, 2)
    monkeypatch.setattr(greedy, "_RESTARTS", 7)
    with pytest.raises(LegacyStuck, match="7 attempts, which proves nothing") as error:
        solve(problem, Method.LEGACY, "s", 5)
    assert error.value.restarts == 7
