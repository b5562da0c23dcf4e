"""Shares, differences and the index, and what of them may be published."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sortition.representation.account import account, attainable, dissimilarity
from services.sortition.representation.publication import publish
from services.sortition.representation.suppression import Suppression, suppress
from services.sortition.representation.types import Account, Key, Stage, Table

counts = st.lists(st.integers(0, 30), min_size=3, max_size=3)


def age(**stages: tuple[int, ...]) -> Table:
    cells = tuple((name,) for name in ("young", "middle", "old"))
    return Table(("age",), cells, {Stage(name): numbers for name, numbers in stages.items()})


def figure(made: Account, stage: Stage, value: str) -> tuple[int, int, Fraction | None, Fraction | None]:
    [found] = [f for f in made.figures if f.key == Key(stage, ("age",), (value,))]
    return found.count, found.base, found.share, found.difference


def test_figures_by_hand() -> None:
    """A panel of 36, of whom 27 remain: the middle lost ten percentage points, as in the reference case."""
    made = account([age(population=(200, 400, 400), panel=(6, 16, 14), end=(6, 9, 12))])
    assert made.reference == Stage.POPULATION
    assert figure(made, Stage.PANEL, "middle") == (16, 36, Fraction(4, 9), Fraction(40, 9))
    assert figure(made, Stage.END, "middle") == (9, 27, Fraction(1, 3), Fraction(-20, 3))
    values = {index.stage: index.value for index in made.indices}
    assert values[Stage.POPULATION] == 0
    assert values[Stage.PANEL] == Fraction(2, 45)
    assert values[Stage.END] == (Fraction(1, 45) + Fraction(1, 15) + Fraction(2, 45)) / 2
    assert made.means == values
    assert made.notices == ()


@given(counts, counts)
def test_the_index_is_a_distance_between_0_and_1(one: list[int], other: list[int]) -> None:
    value = dissimilarity(one, other)
    assert value == dissimilarity(other, one)
    assert (value is None) == (not sum(one) or not sum(other))
    if value is not None:
        assert 0 <= value <= 1
        assert (value == 0) == all(a * sum(other) == b * sum(one) for a, b in zip(one, other, strict=True))
        for merged in ([0, 1], [0, 1, 2]):
            bound = dissimilarity(one, other, merged)
            assert bound is not None
            assert bound <= value


@given(st.integers(1, 7), counts)
def test_no_panel_is_nearer_than_what_is_attainable(size: int, people: list[int]) -> None:
    least = attainable(size, people)
    if not sum(people):
        assert least is None
        return
    panels = (p for p in itertools.product(range(size + 1), repeat=3) if sum(p) == size)
    distances = (dissimilarity(panel, people) for panel in panels)
    assert least == min(d for d in distances if d is not None)


def test_a_stage_of_nobody_and_a_reference_of_nobody() -> None:
    made = account([age(population=(2, 4, 4), end=(0, 0, 0))])
    assert figure(made, Stage.END, "old") == (0, 0, None, None)
    assert made.means[Stage.END] is None
    made = account([age(population=(0, 0, 0), end=(1, 2, 3))])
    assert figure(made, Stage.END, "old") == (3, 6, Fraction(1, 2), None)
    assert made.means[Stage.END] is None
    assert [notice.code for notice in made.notices] == ["STAGE_NOT_WITHIN"]


def test_all_alike_and_no_population() -> None:
    made = account([Table(("age",), (("all",),), {Stage.POOL: (9,), Stage.PANEL: (1,)})])
    assert made.reference == Stage.POOL
    assert set(made.means.values()) == {0}


def test_bases_that_differ_are_told() -> None:
    tenure = Table(("tenure",), (("owner",), ("renter",)), {Stage.POOL: (5, 6)})
    made = account([age(pool=(4, 4, 4)), tenure])
    assert [notice.code for notice in made.notices] == ["STAGE_BASES_DIFFER"]


def test_a_cross_is_no_part_of_the_mean() -> None:
    cells = (("f", "x"), ("f", "y"), ("m", "x"), ("m", "y"))
    table = Table(("g", "a"), cells, {Stage.POPULATION: (1, 1, 1, 1), Stage.PANEL: (2, 0, 0, 2)})
    made = account([table])
    assert {i.features: i.value for i in made.indices if i.stage == Stage.PANEL} == {
        ("g",): 0, ("a",): 0, ("g", "a"): Fraction(1, 2),
    }  # fmt: skip
    assert made.means[Stage.PANEL] == 0


def hide(*keys: Key) -> Suppression:
    return Suppression(frozenset(keys), frozenset(), frozenset())


def test_published_figures_do_not_depend_on_what_is_hidden() -> None:
    """Other figures in the hidden places, with the same sum, give the same publication to the last digit."""
    secret = [Key(Stage.PANEL, ("age",), (value,)) for value in ("young", "old")]
    published = [
        publish(account([age(population=(200, 400, 400), panel=panel)]), hide(*secret))
        for panel in ((1, 16, 9), (4, 16, 6), (9, 16, 1))
    ]
    assert published[0] == published[1] == published[2]
    hidden = [figure for figure in published[0].figures if figure.hidden]
    assert [f.key for f in hidden] == secret
    assert all((f.count, f.share, f.difference) == (None, None, None) for f in hidden)
    [index] = [i for i in published[0].indices if i.index.stage == Stage.PANEL]
    assert index.at_least
    assert published[0].means[Stage.PANEL] == (index.index.value, True)
    assert published[0].means[Stage.POPULATION] == (Fraction(0), False)


def test_a_hidden_reference_hides_what_is_compared_with_it() -> None:
    made = account([age(pool=(2, 9, 40), panel=(5, 6, 7))])
    found = suppress(made.tables)
    published = publish(made, found)
    for f in published.figures:
        if Key(Stage.POOL, f.key.features, f.key.values) in found.hidden:
            assert f.difference is None
    assert all(i.index.attainable is None for i in published.indices)


def test_nothing_hidden_is_published_whole() -> None:
    made = account([age(population=(200, 400, 400), panel=(8, 16, 12))])
    published = publish(made, suppress(made.tables))
    assert [(f.key, f.count, f.difference) for f in published.figures] == [
        (f.key, f.count, f.difference) for f in made.figures
    ]
    assert tuple(i.index for i in published.indices) == made.indices
    assert {stage: value for stage, (value, _) in published.means.items()} == pytest.approx(made.means)
