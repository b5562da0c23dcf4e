"""The checker accepts what leximin proves and refuses every way of claiming more."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from services.sortition.lottery.certificate import check, stage_bound
from services.sortition.lottery.leximin import leximin
from services.sortition.lottery.lottery import ExactLottery, Method, PersonType, Row, RowKind, Stage
from services.sortition.lottery.maximin import maximin
from services.sortition.lottery.types import reduce
from tests.unit.lottery.pools import municipality


@pytest.fixture(scope="module")
def exact() -> ExactLottery:
    return leximin(reduce(municipality(people=90, size=14)))


def hand_made() -> ExactLottery:
    """Two types of two people, one seat, at most one of each: everyone has a quarter, by the size alone."""
    types = tuple(PersonType((v,), (), False, (f"{v}1", f"{v}2"), 0, 2) for v in "ab")
    return ExactLottery(
        method=Method.LEXIMIN,
        size=1,
        per_address=None,
        types=types,
        rows=(Row(RowKind.SIZE, ((0, 1), (1, 1)), 1, 1),),
        panels=((0, 1), (1, 0)),
        weights=(Fraction(1, 2), Fraction(1, 2)),
        chances=(Fraction(1, 4), Fraction(1, 4)),
        excluded=(),
        unreachable=(),
        stages=(
            Stage(
                Fraction(1, 4),
                (0, 1),
                ((0, Fraction(1, 2)), (1, Fraction(1, 2))),
                ((0, Fraction(1, 4)),),
            ),
        ),
        residual=Fraction(0),
    )


def test_a_proof_by_hand_holds_exactly() -> None:
    lottery = hand_made()
    assert stage_bound(lottery, lottery.stages[0]) == Fraction(1, 4)
    report = check(lottery)
    assert report.problems == ()
    assert report.gap == report.looseness == report.trusted == 0
    assert report.proven == {0, 1}
    assert report.holds


def test_any_multipliers_bound_but_loose_ones_prove_nothing() -> None:
    lottery = hand_made()
    loose = replace(lottery.stages[0], multipliers=())
    assert stage_bound(lottery, loose) == 1
    problems = check(replace(lottery, stages=(loose,))).problems
    assert "a stage's bound is too loose to prove its level" in problems


def test_a_worse_lottery_fails_its_own_proof() -> None:
    lottery = replace(
        hand_made(), weights=(Fraction(2, 3), Fraction(1, 3)), chances=(Fraction(1, 6), Fraction(1, 3))
    )
    assert "a stage's bound is too loose to prove its level" in check(lottery).problems


def test_a_multiplier_on_a_missing_bound_is_an_error() -> None:
    lottery = hand_made()
    lottery = replace(lottery, rows=(replace(lottery.rows[0], upper=None),))
    with pytest.raises(ValueError, match="no bound"):
        stage_bound(lottery, lottery.stages[0])


def test_solved_lotteries_hold(exact: ExactLottery) -> None:
    assert check(exact).holds
    assert check(maximin(reduce(municipality(people=90, size=14)))).holds


def test_lies_are_found(exact: ExactLottery) -> None:
    def problems(**changes: object) -> str:
        return " ".join(check(replace(exact, **changes)).problems)  # type: ignore[arg-type]

    weights = list(exact.weights)
    weights[0] += Fraction(1, 10)
    assert "not a distribution" in problems(weights=tuple(weights))
    chances = list(exact.chances)
    chances[3] += Fraction(1, 10**9)
    assert "chance of type 3" in problems(chances=tuple(chances))
    panels = [list(panel) for panel in exact.panels]
    panels[0][panels[0].index(0)] += 1
    assert "breaks a size row" in problems(panels=tuple(tuple(panel) for panel in panels))
    panels[0][0] = 99
    assert "more or fewer of a type" in problems(panels=tuple(tuple(panel) for panel in panels))
    assert "does not reach every type" in problems(stages=exact.stages[:-1])
    assert "too loose" in problems(stages=exact.stages[1:])
    negative = replace(exact.stages[0], weights=((0, Fraction(-1)), *exact.stages[0].weights[1:]))
    assert "negative weight" in problems(stages=(negative, *exact.stages[1:]))
    empty = replace(exact.stages[0], weights=(), multipliers=())
    assert "bounds nothing" in problems(stages=(empty, *exact.stages[1:]))
    weightless = next(t for t in range(len(exact.types)) if t not in dict(exact.stages[0].weights))
    greedy = replace(exact.stages[0], settled=(*exact.stages[0].settled, weightless))
    assert "without a reason" in problems(stages=(greedy, *exact.stages[1:]))
    assert "bounds nothing" in problems(stages=(*exact.stages, exact.stages[-1]))
    higher = replace(exact.stages[0], level=exact.stages[0].level + Fraction(1, 1000))
    assert "another level" in problems(stages=(higher, *exact.stages[1:]))
