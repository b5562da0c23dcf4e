"""The search's running totals equal what is counted from nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.deliberation.grouping.anneal import HOT, STAGES, anneal, beyond_at, limits_at, price_of_misses
from services.deliberation.grouping.errors import Infeasible
from services.deliberation.grouping.model import build
from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.seating import random_seating
from services.deliberation.grouping.state import HARD, State
from tests.unit.grouping.cases import histories, problems


@st.composite
def _sides(draw: st.DrawFn, state: State, r: int, a: int, b: int) -> tuple[list[int], list[int]]:
    """a with others of their group, and as many with b."""
    left = [x for x in state.seating[r][state.group[r][a]] if x != a]
    right = [x for x in state.seating[r][state.group[r][b]] if x != b]
    more = draw(st.integers(0, min(len(left), len(right), 2)))
    return [a, *left[:more]], [b, *right[:more]]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_swaps_keep_every_table_right(data: st.DataObject) -> None:
    problem = data.draw(problems())
    model = build(problem, data.draw(histories(problem)))
    try:
        state = State(model, random_seating(model, Stream("s", "start")))
    except Infeasible:
        assume(False)
    assert state.cost() < HARD
    cost, misses = state.cost(), state.misses
    for _ in range(8):
        r = data.draw(st.integers(0, state.rounds - 1))
        people = model.present[r]
        if len(people) < 2:
            continue
        a, b = data.draw(st.sampled_from(people)), data.draw(st.sampled_from(people))
        if state.group[r][a] == state.group[r][b]:
            continue
        sides = data.draw(_sides(state, r, a, b))
        change = state.change(r, *sides)
        needs = HARD * state.needs_change(r, *sides)
        for one, other in zip(*sides, strict=True):
            state.swap(r, one, other)
        cost, misses = cost + change[0] + needs, misses + change[1]
        assert (cost, misses) == (state.cost(), state.misses)
    again = State(model, state.seating)
    assert again.misses == state.misses
    assert again.needs_broken() == state.needs_broken()
    for name in ("met", "rise", "fall", "count", "group", "users", "opened"):
        assert getattr(again, name) == getattr(state, name)
    for r, people in enumerate(model.present):
        for x in people:
            # The last column belongs to those who are away, and to nobody's price.
            assert again.pull[r][x][:-1] == state.pull[r][x][:-1]


def test_annealing_reports_what_its_best_state_costs() -> None:
    from tests.unit.grouping.test_properties import _twelve

    model = build(_twelve(), ())
    found = anneal(State(model, random_seating(model, Stream("1", "start"))), 5_000, 1, Stream("1", "x"), HOT)
    best = State(model, found.seating)
    assert found.total == best.cost() + price_of_misses(best.misses, 1)
    assert found.misses == best.misses


def test_temperatures_fall_from_start_to_end_and_limits_follow() -> None:
    temperatures = HOT.temperatures()
    assert len(temperatures) == STAGES
    assert (temperatures[0], abs(temperatures[-1] - HOT.end) <= 1) == (HOT.start, True)
    assert temperatures == sorted(temperatures, reverse=True)
    # Half of all probabilities are above 1/2, so half the limits at temperature 1 lie under ln 2.
    limits = limits_at(1_000_000)
    assert sum(limit < 693 for limit in limits) == len(limits) // 2
    assert limits_at(0) == [0] * len(limits)


def test_misses_beyond_the_tolerance_grow_dearer() -> None:
    prices = [beyond_at(stage) for stage in range(STAGES)]
    assert prices == sorted(prices)
    assert len(set(prices[: STAGES // 2])) == 1
    assert price_of_misses(7, 5, prices[0]) < price_of_misses(7, 5, prices[-1]) <= price_of_misses(7, 5)
    assert price_of_misses(5, 5) == 5 * price_of_misses(1, 5)
