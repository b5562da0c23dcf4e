"""Designs really repeat nobody, and the published numbers of repeat-free rounds are reached by `plan`."""

from __future__ import annotations

from itertools import combinations

import pytest

from services.deliberation.grouping.designs import Design, repeat_free, shortened
from services.deliberation.grouping.plan import plan
from services.deliberation.grouping.types import Member, Problem, Round


def _check(design: Design, groups: int, people: int) -> None:
    seen: set[tuple[int, int]] = set()
    for each in design:
        assert len(each) == groups
        assert sorted(point for group in each for point in group) == list(range(people))
        sizes = [len(group) for group in each]
        assert max(sizes) - min(sizes) <= 1
        for group in each:
            for pair in combinations(sorted(group), 2):
                assert pair not in seen
                seen.add(pair)


# Affine planes over each kind of field, lines of fewer points, lines modulo 6, 10 and 15, cyclic families.
SIZES = [
    *((q, q, q + 1) for q in (2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 25)),
    *(
        (13, 8, 13),
        (16, 5, 16),
        (15, 3, 15),
        (6, 6, 3),
        (10, 10, 3),
        (6, 5, 6),
        (6, 4, 7),
        (5, 3, 7),
        (7, 3, 9),
    ),
    *((4, 1, 9), (1, 5, 1), (3, 7, 1)),
]


@pytest.mark.parametrize(("groups", "size", "rounds"), SIZES)
def test_nobody_meets_twice(groups: int, size: int, rounds: int) -> None:
    design = repeat_free(groups, size, rounds)
    assert design is not None
    assert len(design) == rounds
    _check(design, groups, groups * size)


@pytest.mark.parametrize(
    ("groups", "size", "rounds"), [(5, 6, 2), (3, 3, 5), (6, 6, 4), (0, 3, 1), (2, 2, 4)]
)
def test_impossible_or_out_of_reach_is_none(groups: int, size: int, rounds: int) -> None:
    assert repeat_free(groups, size, rounds) is None


@pytest.mark.parametrize("people", range(92, 105))
def test_left_out_points_never_meet_so_sizes_stay_even(people: int) -> None:
    design = repeat_free(13, 8, 8)
    assert design is not None
    fewer = shortened(design, people)
    assert fewer is not None
    _check(fewer, 13, people)


def test_shortened_gives_up_where_everybody_meets() -> None:
    plane = repeat_free(3, 3, 4)
    assert plane is not None
    # In an affine plane all pairs meet, so only one point can go.
    assert shortened(plane, 8) is not None
    assert shortened(plane, 7) is None
    assert shortened(plane, 10) is None


@pytest.mark.parametrize(
    ("groups", "size", "rounds"), [(6, 6, 3), (5, 5, 6), (6, 5, 6), (6, 4, 7), (5, 6, 1)]
)
def test_plan_reaches_the_published_repeat_free_rounds(groups: int, size: int, rounds: int) -> None:
    members = tuple(Member(f"m{i:02}") for i in range(groups * size))
    made = plan(Problem(members, (Round(groups),) * rounds), "1", 1_000)
    assert made.figures.most_meetings == 1
    assert made.figures.pairs_met == made.figures.bound


def test_five_groups_of_six_cannot_avoid_repeats_in_two_rounds() -> None:
    # Six people spread over five groups: in each old group two meet again, so 5 repeats at least.
    members = tuple(Member(f"m{i:02}") for i in range(30))
    figures = plan(Problem(members, (Round(5),) * 2), "1", 60_000).figures
    assert figures.meetings[2] == 5
    assert figures.most_meetings == 2


def test_a_design_also_serves_keep_apart_and_quotas() -> None:
    members = tuple(Member(f"m{i:02}", {"g": "x" if i < 12 else "y"}) for i in range(25))
    apart = (frozenset(("m00", "m01")),)
    # Four of the six rounds: two who never meet exist then.
    made = plan(Problem(members, (Round(5),) * 4, balance=("g",), apart=apart), "1", 60_000)
    assert made.figures.share_of_bound > 0.95
    assert made.figures.share_off <= 0.06
