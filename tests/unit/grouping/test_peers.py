"""The benchmark's peers seat everybody once, or a comparison with them would say nothing."""

from __future__ import annotations

from itertools import product

import pytest

from benchmarks.peers.groupselect import Seating, dream, legacy, pairs_met

VALUES = [list(values) for values in product("fm", "abc", "xy")] + [["f", "a", "x"], ["m", "b", "y"]]


@pytest.mark.parametrize("heuristic", [legacy, dream])
@pytest.mark.parametrize("sizes", [[5, 5, 4], [4, 4, 3, 3], [14]])
def test_everybody_sits_once_in_groups_of_the_sizes(heuristic: object, sizes: list[int]) -> None:
    assert callable(heuristic)
    seating: Seating = heuristic(VALUES, sizes, 3, 1)
    assert len(seating) == 3
    for groups in seating:
        assert [len(group) for group in groups] == sizes
        assert sorted(i for group in groups for i in group) == list(range(14))
    assert seating == heuristic(VALUES, sizes, 3, 1)


def test_legacy_spreads_a_value() -> None:
    values = [["f"]] * 6 + [["m"]] * 6
    for groups in legacy(values, [4, 4, 4], 2, 1):
        assert all(sum(i < 6 for i in group) == 2 for group in groups)


def test_dream_avoids_meeting_again_better_than_chance() -> None:
    alike = [["x"]] * 16
    assert pairs_met(dream(alike, [4] * 4, 4, 1)) > 72


def test_pairs_met_counts_a_pair_once() -> None:
    assert pairs_met([[[0, 1], [2, 3]], [[0, 1], [3, 2]], [[0, 2], [1, 3]]]) == 4
