"""Small cells stay hidden, and nobody can work them out, not even one who knows the rule."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.lottery.suppression import SMALL, hidden


def shown(counts: tuple[int, ...]) -> tuple[int | None, ...]:
    secret = hidden(counts, [0] * len(counts))
    return tuple(None if i in secret else count for i, count in enumerate(counts))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((40, 60), (40, 60)),
        ((5, 5), (5, 5)),
        ((3, 97), (None, None)),  # the total would give one away
        ((3, 50, 47), (None, 50, None)),  # the next smallest with it
        ((3, 4, 50, 43), (None, None, 50, 43)),  # two hide each other
        ((0, 1, 50, 49), (None, None, 50, None)),  # together under 5: the sum itself is a small cell
        ((0, 0, 50, 50), (None, None, None, 50)),  # a sum of 0 gives both away
        ((4, 4, 50, 42), (None, None, 50, None)),  # a sum of 8 gives both away
        ((0, 5, 40, 55), (None, None, None, 55)),  # 5 of two cells: the small one can only be 0
        ((4, 30, 30, 36), (None, None, None, 36)),  # 34 with nothing shown under 30: it can only be 4
        ((2,), (None,)),
        ((), ()),
    ],
)
def test_known_cases(counts, expected):
    assert shown(counts) == expected


@pytest.mark.parametrize(("values", "top"), [(2, 40), (3, 24), (4, 12)])
def test_who_knows_total_and_rule_cannot_solve_for_any_hidden_cell(values, top):
    """Exhaustive: among all pools that would be published alike, each hidden cell has several values."""
    alike = defaultdict(list)
    for counts in product(range(top + 1), repeat=values):
        alike[(shown(counts), sum(counts))].append(counts)
    for (public, total), pools in alike.items():
        if total == 0 or (None in public and not any(public) and total > top):
            continue  # an empty pool; or pools beyond this enumeration would look alike too
        for i, count in enumerate(public):
            if count is None:
                assert len({pool[i] for pool in pools}) > 1, (public, total, pools)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.data())
def test_every_small_cell_is_hidden_and_never_alone(counts, data):
    minima = [data.draw(st.integers(0, count)) for count in counts]
    secret = hidden(counts, minima)
    small = {i for i, count in enumerate(counts) if count < SMALL}
    assert small <= secret
    assert bool(small) == bool(secret)
    if secret and len(counts) > 1:
        assert len(secret) > 1
    if secret and len(secret) < len(counts):
        # What is hidden besides is the smallest there is, and all of it together is no small cell.
        rest = [count for i, count in enumerate(counts) if i not in secret]
        assert all(counts[i] <= min(rest) for i in secret)
        assert sum(counts[i] for i in secret) >= SMALL


def test_a_public_minimum_counts_as_known():
    # Sum 6 of two cells: (2, 4), (3, 3), (4, 2). A target of at least 2 and 4 leaves only (2, 4).
    assert hidden([2, 4, 50, 44], [0, 0, 0, 0]) == {0, 1}
    assert hidden([2, 4, 50, 44], [2, 4, 0, 0]) == {0, 1, 3}
