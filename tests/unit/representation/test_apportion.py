"""Seats of one feature: largest remainder, floors, ceilings, ties; what is refused, by name."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sortition.representation.apportion import apportion
from services.sortition.representation.errors import BadInput, Infeasible
from services.sortition.representation.seats import seats
from services.sortition.representation.types import PopulationValue


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[int], int, list[int], list[int]]:
    """(weights, size, floors, ceilings) that have an answer."""
    weights = draw(st.lists(st.integers(0, 40), min_size=1, max_size=5))
    ceilings = [draw(st.integers(0, min(w, 9))) for w in weights]
    floors = [draw(st.integers(0, c)) for c in ceilings]
    ceilings = [high if w else low for w, low, high in zip(weights, floors, ceilings, strict=True)]
    return weights, draw(st.integers(sum(floors), sum(ceilings))), floors, ceilings


@given(questions())
def test_seats_add_up_within_limits_and_less_than_one_from_the_fair_share(
    question: tuple[list[int], int, list[int], list[int]],
) -> None:
    weights, size, floors, ceilings = question
    made = apportion(weights, size, floors, ceilings)
    assert sum(made.seats) == size == sum(made.fair)
    for i, given_seats in enumerate(made.seats):
        assert floors[i] <= given_seats <= ceilings[i]
        assert abs(given_seats - made.fair[i]) < 1


@given(questions())
def test_values_that_no_limit_binds_share_in_proportion(
    question: tuple[list[int], int, list[int], list[int]],
) -> None:
    weights, size, floors, ceilings = question
    fair = apportion(weights, size, floors, ceilings).fair
    free = [i for i in range(len(fair)) if floors[i] < fair[i] < ceilings[i]]
    scales = {fair[i] / weights[i] for i in free}
    assert len(scales) <= 1
    for scale in scales:
        for i, weight in enumerate(weights):
            if fair[i] < scale * weight:
                assert fair[i] == ceilings[i]
            elif fair[i] > scale * weight:
                assert fair[i] == floors[i]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 8))
def test_without_limits_no_seats_are_nearer_to_the_shares(weights: list[int], size: int) -> None:
    size = min(size, sum(weights))
    made = apportion(weights, size, [0] * len(weights), weights)
    shares = [Fraction(size * w, sum(weights)) for w in weights]
    assert list(made.fair) == shares

    def distance(numbers: tuple[int, ...]) -> tuple[Fraction, Fraction]:
        off = [abs(n - share) for n, share in zip(numbers, shares, strict=True)]
        return sum(off, Fraction(0)), sum((d * d for d in off), Fraction(0))

    for other in itertools.product(range(size + 1), repeat=len(weights)):
        if sum(other) == size:
            assert distance(made.seats)[0] <= distance(other)[0]
            assert distance(made.seats)[1] <= distance(other)[1]


def test_hand_counted_case() -> None:
    made = apportion([47_000, 16_000, 15_900, 12_000, 6_000, 3_100], 10, [0] * 6, [10] * 6)
    assert made.seats == (5, 2, 1, 1, 1, 0)  # the textbook's: quotas 4.70 1.60 1.59 1.20 0.60 0.31
    assert made.tied == ()


def test_a_floor_takes_from_the_others_in_proportion() -> None:
    made = apportion([6, 3, 1], 10, [0, 0, 4], [6, 3, 4])
    assert made.fair == (Fraction(4), Fraction(2), Fraction(4))


def test_a_tie_everywhere_goes_to_the_first_and_is_told() -> None:
    made = apportion([5, 5, 5, 5], 6, [0] * 4, [5] * 4)
    assert made.seats == (2, 2, 1, 1)
    assert made.tied == (0, 1, 2, 3)


def test_a_tie_goes_to_the_larger_value_first() -> None:
    made = apportion([10, 30], 2, [0, 0], [10, 30])
    assert made.seats == (0, 2)
    assert made.tied == (0, 1)


@pytest.mark.parametrize(
    ("weights", "size", "floors", "ceilings"),
    [([1], 1, [1], [0]), ([0], 1, [0], [1]), ([3], 4, [0], [3]), ([3], 0, [1], [3])],
)
def test_questions_without_an_answer(
    weights: list[int], size: int, floors: list[int], ceilings: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"floor|people|seats"):
        apportion(weights, size, floors, ceilings)


def people(**counts: int) -> list[PopulationValue]:
    return [PopulationValue("age", name, count) for name, count in counts.items()]


def test_targets_stand_on_both_sides_of_the_share() -> None:
    made = seats(10, people(young=24, old=76))
    assert [(v.seats, v.minimum, v.maximum) for v in made.values] == [(2, 2, 3), (8, 7, 8)]
    assert made.values[0].share == Fraction(12, 5)
    wider = seats(10, people(young=24, old=76), slack=2)
    assert [(v.minimum, v.maximum) for v in wider.values] == [(0, 5), (5, 10)]
    same = seats(10, people(young=24, old=76), exact=True)
    assert [(v.minimum, v.maximum) for v in same.values] == [(2, 2), (8, 8)]


def test_a_target_never_asks_for_more_seats_than_people_or_limits_allow() -> None:
    values = [PopulationValue("age", "young", 3, floor=1), PopulationValue("age", "old", 97, ceiling=9)]
    made = seats(10, values, slack=5)
    assert [(v.minimum, v.maximum) for v in made.values] == [(1, 3), (4, 9)]


def test_nobody_one_person_and_all_alike() -> None:
    assert [v.seats for v in seats(0, people(young=0, old=0)).values] == [0, 0]
    assert [v.seats for v in seats(0, people(young=5, old=5)).values] == [0, 0]
    assert [v.seats for v in seats(1, people(young=1)).values] == [1]
    assert [(v.seats, v.minimum, v.maximum) for v in seats(7, people(all=9)).values] == [(7, 7, 7)]


def test_notices_of_ties_and_different_bases() -> None:
    values = [*people(young=5, old=5), PopulationValue("gender", "f", 4), PopulationValue("gender", "m", 8)]
    notices = seats(3, values).notices
    assert [n.code for n in notices] == ["TIE", "BASES_DIFFER"]
    assert notices[0].params == {"feature": "age", "values": "young, old"}


@pytest.mark.parametrize(
    ("size", "values", "codes"),
    [
        (1, [], ["NO_FEATURES"]),
        (-1, people(young=1), ["SIZE_NEGATIVE"]),
        (3, people(young=1, old=1), ["PANEL_OVER_POPULATION"]),
        (1, [*people(young=1), *people(young=2)], ["VALUE_TWICE"]),
        (0, people(young=-1, old=3), ["NEGATIVE"]),
        (0, [PopulationValue("a", "x", 1, -1)], ["NEGATIVE"]),
        (0, [PopulationValue("a", "x", 1, 0, -1)], ["NEGATIVE"]),
        (1, [PopulationValue("a", "x", 9, 2, 1)], ["FLOOR_OVER_CEILING"]),
    ],
)
def test_bad_input_by_name(size: int, values: list[PopulationValue], codes: list[str]) -> None:
    with pytest.raises(BadInput) as refusal:
        seats(size, values)
    assert [reason.code for reason in refusal.value.reasons] == codes
    with pytest.raises(BadInput, match="SLACK_NEGATIVE"):
        seats(1, people(young=1), slack=-1)


def test_every_infeasible_feature_is_named_with_how_far_it_is_off() -> None:
    values = [
        PopulationValue("age", "young", 50, floor=4),
        PopulationValue("age", "old", 50, floor=8),
        PopulationValue("gender", "f", 60, ceiling=4),
        PopulationValue("gender", "m", 40, ceiling=5),
        PopulationValue("island", "on it", 1, floor=2),
        PopulationValue("island", "off it", 99),
    ]
    with pytest.raises(Infeasible) as refusal:
        seats(10, values)
    assert [dict(reason.params) | {"code": reason.code} for reason in refusal.value.reasons] == [
        {"code": "FLOORS_OVER_SIZE", "feature": "age", "floors": 12, "size": 10, "over": 2,
         "values": "young 4, old 8"},
        {"code": "CEILINGS_UNDER_SIZE", "feature": "gender", "ceilings": 9, "size": 10, "under": 1,
         "values": "f 4, m 5"},
        {"code": "FLOOR_OVER_PEOPLE", "place": "island: on it", "floor": 2, "people": 1},
    ]  # fmt: skip
