"""The property: no rotation breaks a quota that a feasible plan could have kept; by exhaustive search."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from services.sortition.lottery.leximin import silent
from services.sortition.lottery.types import reduce
from services.sortition.rotation.draw import _problem, after, draw
from services.sortition.rotation.errors import Infeasible
from services.sortition.rotation.model import Plans
from services.sortition.rotation.plan import plan
from services.sortition.rotation.question import Question
from services.sortition.rotation.safe import safe_leximin
from tests.unit.rotation.cases import questions
from tests.unit.rotation.oracle import Oracle

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@FEW
@given(questions())
def test_there_is_a_plan_exactly_if_a_search_finds_one(asked: Question) -> None:
    safe = Oracle(asked).safe()
    if not safe:
        with pytest.raises(Infeasible) as caught:
            plan(asked)
        first = caught.value.rotation
        assert first == asked.now or Oracle(replace(asked, dates=asked.dates[:first])).safe()
        assert not Oracle(replace(asked, dates=asked.dates[: first + 1])).safe()
        return
    made = plan(asked)
    people = {candidate.id: candidate.values for candidate in asked.candidates}
    for room in (room for room in made.rooms if room.rotation == asked.now):
        f = asked.features.index(room.feature)
        counts = [sum(people[p][f] == room.value for p, _ in one) for one in safe]
        assert room.lowest <= min(counts) <= max(counts) <= room.highest
        assert room.lowest <= room.planned <= room.highest
    for room in made.rooms:
        assert room.minimum <= room.body <= room.maximum


@FEW
@given(questions(wide=True), st.integers(0, 3))
def test_every_panel_of_the_lottery_is_safe_and_the_worst_chance_is_the_best(
    asked: Question, seed: int
) -> None:
    safe = Oracle(asked).safe()
    assume(safe)
    drawn = draw(asked, str(seed), panels=20)
    assert tuple(sorted((s.id, s.cohort) for s in drawn.seated)) in safe
    panels = {frozenset(person for person, _ in one) for one in safe}
    assert set(map(frozenset, drawn.lottery.panels)) <= panels
    if drawn.exact is None:
        return
    chances = {m: c for t, c in zip(drawn.exact.types, drawn.exact.chances, strict=True) for m in t.members}
    able = sorted(set().union(*panels))
    assert {person for person, chance in chances.items() if chance} == set(able)
    listed = sorted(panels, key=sorted)
    matrix = np.array([[1.0 if person in panel else 0.0 for panel in listed] for person in able])
    best = linprog(
        np.append(np.zeros(len(listed)), -1.0),
        A_ub=np.hstack([-matrix, np.ones((len(able), 1))]),
        b_ub=np.zeros(len(able)),
        A_eq=[[*[1.0] * len(listed), 0.0]],
        b_eq=[1.0],
    )
    assert float(min(chances[person] for person in able)) == pytest.approx(-float(best.fun or 0), abs=1e-6)


@FEW
@given(questions(wide=True))
def test_by_inequalities_and_by_stages_the_chances_are_the_same(asked: Question) -> None:
    plans = Plans(asked)
    assume(plans.any() is not None and plans.drawn_now)
    seats = sum(plans.groups[g].seats for g in plans.drawn_now)
    reduction = reduce(_problem(plans, seats))
    one = safe_leximin(plans, reduction, silent)
    other = safe_leximin(plans, reduction, silent, rounds=0)
    assert [float(c) for c in one.chances] == pytest.approx([float(c) for c in other.chances], abs=1e-6)


@FEW
@given(questions(wide=True), st.integers(0, 3))
def test_played_to_the_end_no_quota_breaks_and_nobody_comes_back_too_early(
    asked: Question, seed: int
) -> None:
    asked = replace(asked, later=None)
    assume(Oracle(asked).safe())
    left: dict[str, int] = {}
    while True:
        drawn = draw(asked, f"{seed} {asked.now}", panels=5)
        body = [*(m.id for m in asked.members), *(s.id for s in drawn.seated)]
        assert len(body) == len(set(body)) == asked.size
        assert Oracle(asked).kept(body)
        for one in drawn.seated:
            if one.id in left:
                assert not asked.cooling.forever
                assert asked.now >= left[one.id] + asked.cooling.rotations
            left[one.id] = one.end
        if asked.now == asked.last:
            return
        asked = after(asked, drawn)


@FEW
@given(questions(wide=True), st.randoms(use_true_random=False))
def test_the_order_of_people_and_targets_changes_nothing(asked: Question, order: random.Random) -> None:
    assume(Plans(asked).any() is not None)

    def mixed(items: tuple) -> tuple:  # type: ignore[type-arg]
        listed = list(items)
        order.shuffle(listed)
        return tuple(listed)

    other = replace(
        asked,
        targets=mixed(asked.targets),
        members=mixed(asked.members),
        candidates=mixed(asked.candidates),
    )
    one, two = draw(asked, "7", panels=10), draw(other, "7", panels=10)
    assert (one.lottery, one.seated, one.number) == (two.lottery, two.seated, two.number)
    assert plan(asked) == plan(other)
    assert sum(one.lottery.chances.values(), Fraction(0)) == len(one.seated)
