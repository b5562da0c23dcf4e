"""Seats of combinations: both margins, the nearest table, limits, and what clashes, against brute force."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.representation.cross import fit, round_to_margins
from services.sortition.representation.errors import BadInput, Infeasible, LimitKind
from services.sortition.representation.seats import seats
from services.sortition.representation.types import Cross, PopulationCell, PopulationValue, Seats

GENDERS, AGES = ("f", "m"), ("young", "middle", "old")


def question(cells: Mapping[Any, tuple[int, int, int | None]], *names: str) -> Any:
    """Features with the cross's own margins as populations, and the cross."""
    values = []
    for axis, feature in enumerate(names):
        for value in sorted({key[axis] for key in cells}):
            count = sum(cell[0] for key, cell in cells.items() if key[axis] == value)
            values.append(PopulationValue(feature, value, count))
    return values, Cross(names, tuple(PopulationCell(key, *cell) for key, cell in cells.items()))


def check(made: Seats) -> None:
    """Every cross adds up to its features' seats, within its own targets."""
    of = {(v.feature, v.value): v.seats for v in made.values}
    for cross in made.crosses:
        for axis, feature in enumerate(cross.features):
            for value in {cell.values[axis] for cell in cross.cells}:
                total = sum(cell.seats for cell in cross.cells if cell.values[axis] == value)
                assert total == of[feature, value]
        for cell in cross.cells:
            assert 0 <= cell.minimum <= cell.seats <= cell.maximum


@settings(max_examples=60)
@given(st.lists(st.integers(0, 50), min_size=6, max_size=6), st.integers(0, 12))
def test_two_features_are_rounded_to_a_neighbour_and_none_is_nearer(counts: list[int], size: int) -> None:
    cells = {
        key: (count + 3, 0, None) for key, count in zip(itertools.product(GENDERS, AGES), counts, strict=True)
    }
    size = min(size, sum(cell[0] for cell in cells.values()))
    values, cross = question(cells, "gender", "age")
    made = seats(size, values, [cross])
    check(made)
    table = made.crosses[0].cells
    assert sum(cell.fitted for cell in table) == pytest.approx(size)
    capped = any(cell.population < cell.fitted + 1 for cell in table)
    if capped:
        return
    assert all(abs(cell.seats - cell.fitted) < 1 + 1e-6 for cell in table)
    best = min(
        sum((n - cell.fitted) ** 2 for n, cell in zip(other, table, strict=True))
        for other in itertools.product(
            *({int(cell.fitted + 1e-7), -int(-(cell.fitted - 1e-7) // 1)} for cell in table)
        )
        if _margins(other) == _margins(tuple(cell.seats for cell in table))
    )
    assert sum((cell.seats - cell.fitted) ** 2 for cell in table) == pytest.approx(best, abs=1e-6)


def _margins(numbers: tuple[int, ...]) -> tuple[int, ...]:
    first, second = numbers[:3], numbers[3:]
    return (sum(first), sum(second), *(a + b for a, b in zip(first, second, strict=True)))


@settings(max_examples=25)
@given(st.lists(st.integers(5, 60), min_size=12, max_size=12), st.integers(1, 15))
def test_three_features_have_all_margins(counts: list[int], size: int) -> None:
    keys = itertools.product(GENDERS, AGES, ("east", "west"))
    cells = {key: (count, 0, None) for key, count in zip(keys, counts, strict=True)}
    values, cross = question(cells, "gender", "age", "district")
    check(seats(size, values, [cross]))


def test_fitting_keeps_odds_ratios_and_zeros() -> None:
    population = np.array([[40.0, 10.0, 0.0], [20.0, 30.0, 100.0]])
    margins = [np.array([3, 7]), np.array([4, 3, 3])]
    table = fit(population, margins)
    assert table.sum(axis=1) == pytest.approx(margins[0])
    assert table.sum(axis=0) == pytest.approx(margins[1])
    assert table[0, 2] == 0
    assert table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]) == pytest.approx(6)


def test_ties_everywhere_are_broken_by_the_order_and_repeatable() -> None:
    cells = dict.fromkeys(itertools.product(("a", "b"), ("x", "y")), (10, 0, None))
    values, cross = question(cells, "one", "two")
    made = [seats(2, values, [cross]) for _ in range(3)]
    assert made[0] == made[1] == made[2]
    assert [cell.seats for cell in made[0].crosses[0].cells] == [1, 0, 0, 1]


def test_a_tie_goes_to_the_combination_with_more_people() -> None:
    fitted = np.full((2, 2), 0.5)
    margins = [np.array([1, 1]), np.array([1, 1])]
    bounds = np.zeros((2, 2), dtype=np.int64), np.ones((2, 2), dtype=np.int64)
    found = round_to_margins(fitted, margins, *bounds, order=[1, 0, 2, 3])
    assert found is not None
    assert found.tolist() == [[0, 1], [1, 0]]
    three = [np.array([1, 1])] * 3
    cube = np.zeros((2, 2, 2), dtype=np.int64), np.ones((2, 2, 2), dtype=np.int64)
    found = round_to_margins(np.full((2, 2, 2), 0.25), three, *cube, order=[3, 0, 1, 2, 4, 5, 6, 7])
    assert found is not None
    assert (found[0, 1, 1], found.sum()) == (1, 2)


def test_floors_move_cells_further_than_a_neighbour_when_they_must() -> None:
    cells = {
        ("f", "young"): (10, 4, None), ("f", "old"): (90, 0, None),
        ("m", "young"): (90, 0, None), ("m", "old"): (10, 0, None),
    }  # fmt: skip
    values, cross = question(cells, "gender", "age")
    made = seats(10, values, [cross])
    check(made)
    assert [cell.seats for cell in made.crosses[0].cells] == [1, 4, 4, 1] or made.crosses[0].cells[
        1
    ].seats == 4
    assert {cell.values: cell.seats for cell in made.crosses[0].cells}["f", "young"] == 4


def test_a_clash_is_minimal_and_named() -> None:
    cells = {
        ("f", "young"): (100, 2, None), ("f", "old"): (400, 0, None),
        ("m", "young"): (100, 1, None), ("m", "old"): (400, 0, None),
    }  # fmt: skip
    values, cross = question(cells, "gender", "age")
    with pytest.raises(Infeasible) as refusal:
        seats(10, values, [cross])
    assert [(limit.kind, limit.values, limit.seats) for limit in refusal.value.clash] == [
        (LimitKind.FLOOR, ("f", "young"), 2),
        (LimitKind.FLOOR, ("m", "young"), 1),
        (LimitKind.SEATS, ("young",), 2),
    ]


def test_a_clash_of_ceilings_and_of_people() -> None:
    cells = {
        ("f", "young"): (100, 0, 1), ("f", "old"): (100, 0, 1),
        ("m", "young"): (100, 0, None), ("m", "old"): (100, 0, None),
    }  # fmt: skip
    values, cross = question(cells, "gender", "age")
    with pytest.raises(Infeasible) as refusal:
        seats(10, values, [cross])
    kinds = [limit.kind for limit in refusal.value.clash]
    assert kinds == [LimitKind.CEILING, LimitKind.CEILING, LimitKind.SEATS]
    # Features whose figures are those of other people than the cross's.
    values = [PopulationValue("gender", g, 50) for g in "fm"] + [PopulationValue("age", a, 50) for a in "xy"]
    empty = Cross(("gender", "age"), (PopulationCell(("f", "x"), 9), PopulationCell(("m", "x"), 9)))
    with pytest.raises(Infeasible) as refusal:
        seats(10, values, [empty])
    kinds = [limit.kind for limit in refusal.value.clash]
    assert kinds == [LimitKind.SEATS, LimitKind.POPULATION, LimitKind.POPULATION]
    assert refusal.value.clash[0].values == ("y",)


def test_a_floor_over_the_people_there_are() -> None:
    cells = {("f", "x"): (1, 2, None), ("m", "x"): (50, 0, None)}
    values, cross = question(cells, "gender", "age")
    with pytest.raises(Infeasible) as refusal:
        seats(5, values, [cross])
    assert refusal.value.reasons[0].params == {"place": "gender × age: f × x", "floor": 2, "people": 1}


def test_a_panel_of_nobody() -> None:
    cells = dict.fromkeys(itertools.product(GENDERS, AGES), (10, 0, None))
    values, cross = question(cells, "gender", "age")
    assert {cell.seats for cell in seats(0, values, [cross]).crosses[0].cells} == {0}


def test_a_cross_of_other_people_is_told() -> None:
    cells = dict.fromkeys(itertools.product(GENDERS, AGES), (10, 0, None))
    values, cross = question(cells, "gender", "age")
    other = Cross(cross.features, (*cross.cells[:-1], PopulationCell(cross.cells[-1].values, 11)))
    assert [n.code for n in seats(6, values, [other]).notices][-1] == "CROSS_BASE_DIFFERS"


@pytest.mark.parametrize(
    ("cross", "codes"),
    [
        (Cross(("gender",), ()), ["CROSS_TOO_FEW"]),
        (Cross(("gender", "gender"), ()), ["CROSS_TOO_FEW"]),
        (Cross(("gender", "shoe"), ()), ["CROSS_FEATURE_UNKNOWN"]),
        (Cross(("gender", "age"), (PopulationCell(("f", "none"), 1),)), ["CROSS_VALUE_UNKNOWN"]),
        (Cross(("gender", "age"), (PopulationCell(("f",), 1),)), ["CROSS_VALUE_UNKNOWN"]),
        (Cross(("gender", "age"), (PopulationCell(("f", "x"), 1),) * 2), ["VALUE_TWICE"]),
        (Cross(("gender", "age"), (PopulationCell(("f", "x"), -1),)), ["NEGATIVE"]),
        (Cross(("gender", "age"), (PopulationCell(("f", "x"), 9, 3, 2),)), ["FLOOR_OVER_CEILING"]),
    ],
)
def test_bad_crosses_by_name(cross: Cross, codes: list[str]) -> None:
    values = [PopulationValue("gender", "f", 9), PopulationValue("age", "x", 9)]
    with pytest.raises(BadInput) as refusal:
        seats(1, values, [cross])
    assert [reason.code for reason in refusal.value.reasons] == codes


def test_a_cross_too_large_to_round() -> None:
    values = [PopulationValue(f, str(i), 1) for f in "ab" for i in range(71)]
    with pytest.raises(BadInput, match="CROSS_TOO_LARGE"):
        seats(1, values, [Cross(("a", "b"), ())])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_seats_are_found_exactly_when_listing_every_table_finds_some(data: st.DataObject) -> None:
    """Floors and ceilings at random; a clash is minimal: each limit of it left out, the others can hold."""
    keys: list[tuple[str, ...]] = list(itertools.product(GENDERS, ("old", "young")))
    people = [data.draw(st.sampled_from([0, 1, 3, 20, 300])) for _ in keys]
    floors = [data.draw(st.integers(0, min(count, 2))) for count in people]
    ceilings = [data.draw(st.none() | st.integers(floor, floor + 2)) for floor in floors]
    size = data.draw(st.integers(0, min(8, sum(people))))
    values, cross = question(
        dict(zip(keys, zip(people, floors, ceilings, strict=True), strict=True)), "gender", "age"
    )
    of = {v.value: v.seats for v in seats(size, values).values}

    def exists(limits: list[tuple[LimitKind, tuple[str, ...], int]]) -> bool:
        def holds(table: tuple[int, ...]) -> bool:
            for kind, named, figure in limits:
                count = sum(n for n, key in zip(table, keys, strict=True) if set(named) <= set(key))
                if kind is LimitKind.SEATS and count != figure:
                    return False
                if kind is LimitKind.FLOOR and count < figure:
                    return False
                if kind in (LimitKind.CEILING, LimitKind.POPULATION) and count > figure:
                    return False
            return True

        return any(holds(table) for table in itertools.product(range(size + 3), repeat=len(keys)))

    every: list[tuple[LimitKind, tuple[str, ...], int]]
    every = [(LimitKind.SEATS, (value,), count) for value, count in of.items()]
    every += [(LimitKind.POPULATION, key, count) for key, count in zip(keys, people, strict=True)]
    every += [(LimitKind.FLOOR, key, floor) for key, floor in zip(keys, floors, strict=True)]
    every += [(LimitKind.CEILING, k, c) for k, c in zip(keys, ceilings, strict=True) if c is not None]
    if exists(every):
        made = seats(size, values, [cross])
        check(made)
        for cell, floor, ceiling in zip(made.crosses[0].cells, floors, ceilings, strict=True):
            assert floor <= cell.seats <= (size if ceiling is None else ceiling)
        return
    with pytest.raises(Infeasible) as refusal:
        seats(size, values, [cross])
    clash = [(limit.kind, limit.values, limit.seats) for limit in refusal.value.clash]
    assert not exists(clash)
    assert all(exists([other for other in clash if other != limit]) for limit in clash)
