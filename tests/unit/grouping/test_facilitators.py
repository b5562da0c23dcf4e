"""Facilitators: the cheapest assignment, everyone works as often, and groups see new ones."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from services.deliberation.grouping.facilitators import Shift, assign, rotate
from services.deliberation.grouping.plan import plan, replan
from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.types import HeldGroup, Member, Problem, Round


@given(
    st.integers(1, 4).flatmap(
        lambda rows: st.integers(rows, 5).flatmap(
            lambda columns: st.lists(
                st.lists(st.integers(0, 20), min_size=columns, max_size=columns), min_size=rows, max_size=rows
            )
        )
    )
)
def test_assign_is_the_cheapest_of_all(costs: list[list[int]]) -> None:
    chosen = assign(costs)
    assert len(set(chosen)) == len(costs)
    best = min(
        sum(row[c] for row, c in zip(costs, columns, strict=True))
        for columns in permutations(range(len(costs[0])), len(costs))
    )
    assert sum(row[c] for row, c in zip(costs, chosen, strict=True)) == best


def test_assign_nothing() -> None:
    assert assign([]) == []


def test_everybody_works_equally_often_and_idle_groups_get_nobody() -> None:
    shifts = [Shift(range(4), [[1, 2], [3, 4], []]) for _ in range(6)]
    chosen = rotate(4, shifts, {}, [0] * 4, Stream("1", "f"))
    led = [f for groups in chosen for f in groups[:2]]
    assert all(groups[2] is None for groups in chosen)
    assert sorted(led.count(f) for f in range(4)) == [3, 3, 3, 3]


def _members(n: int) -> tuple[Member, ...]:
    return tuple(Member(f"m{i}") for i in range(n))


def test_with_enough_facilitators_nobody_has_one_twice() -> None:
    leaders = ("u", "v", "w", "x", "y", "z")
    figures = plan(Problem(_members(9), (Round(3),) * 2, facilitators=leaders), "1", 5_000).figures
    assert figures.facilitator_repeats == 0


def test_three_for_three_groups_reach_the_least_repeats_there_can_be() -> None:
    # Nobody meets twice here, so x's groups of two rounds share just one member: a repeat for each of three
    # facilitators and three pairs of rounds, or two for three rounds that share the same member.
    figures = plan(Problem(_members(9), (Round(3),) * 3, facilitators=("x", "y", "z")), "1", 5_000).figures
    assert figures.most_meetings == 1
    assert 6 <= figures.facilitator_repeats <= 9


def test_history_of_facilitators_counts() -> None:
    problem = Problem(_members(2), (Round(1), Round(1)), facilitators=("x", "y"))
    for first, second in (("x", "y"), ("y", "x")):
        held = [[HeldGroup(frozenset(("m0", "m1")), first)]]
        made = replan(problem, held, "1", 10)
        assert made.rounds[1].groups[0].facilitator == second
        assert made.figures.facilitator_repeats == 0


def test_an_absent_facilitator_leads_nobody() -> None:
    problem = Problem(_members(4), (Round(1, frozenset(("x",))),) * 3, facilitators=("x", "y"))
    assert {each.groups[0].facilitator for each in plan(problem, "1", 10).rounds} == {"y"}
