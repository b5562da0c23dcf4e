"""Letters by need, and what is refused of a register that can fill no panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.invitation.allocation import REACHES, check_register, weighted
from services.sortition.invitation.choice import choose
from services.sortition.invitation.errors import BadInput, Infeasible
from services.sortition.invitation.forecast import forecast
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.sample import share_out
from services.sortition.invitation.types import Question, Rates
from services.sortition.lottery.problem import Target
from tests.unit.invitation.cases import CELLS, FEATURES, panels, question

REGISTER = np.array([900, 300, 900, 300], dtype=np.int64)


@given(
    st.lists(st.integers(1, 400), min_size=4, max_size=4),
    st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.3, 1.0]), min_size=4, max_size=4),
    st.floats(0.02, 0.98),
    st.sampled_from([1.0, 2.0, 4.0, 100.0]),
    st.sampled_from([0.0, 1.0, 3.0]),
)
@settings(max_examples=40, deadline=None)
def test_chances_add_up_and_nobody_is_cut_off(
    people: list[int], rates: list[float], share: float, spread: float, per_seat: float
) -> None:
    counts = np.array(people, dtype=np.int64)
    letters = max(1, int(share * counts.sum()))
    made = weighted(panels(question(per_seat=per_seat)), counts, np.array(rates), letters, spread=spread)
    assert made @ counts == pytest.approx(letters, rel=1e-9)
    equal = letters / counts.sum()
    assert ((made >= equal / spread - 1e-12) & (made <= 1)).all()
    if spread == 1 or per_seat == 0 or not any(rates):
        assert made == pytest.approx(np.full(4, equal))


def test_those_who_will_be_scarce_get_more_letters() -> None:
    rates = np.array([0.03, 0.01, 0.03, 0.01])
    made = weighted(panels(question(young=2, per_seat=3)), REGISTER, rates, 600)
    assert made[1] > 1.5 * made[0]
    assert made[3] > 1.5 * made[2]
    # With letters for all, all get one; without, nobody.
    assert weighted(panels(), REGISTER, rates, 2400).tolist() == [1.0] * 4
    assert weighted(panels(), REGISTER, rates, 0).tolist() == [0.0] * 4


def test_it_is_no_worse_for_the_chance_it_maximises_than_its_neighbours() -> None:
    """Moving letters between any two types does not make meeting the needs likelier, by its own measure."""
    from scipy.special import log_ndtr

    asked = panels(question(size=4, young=2, per_seat=1))
    rates = np.array([0.2, 0.02, 0.1, 0.04])
    made = weighted(asked, REGISTER, rates, 600)
    need = asked.minimum[asked.minimum > 0].astype(float)
    has = asked.has[asked.minimum > 0]

    def value(chances: np.ndarray) -> float:
        z = (has @ (REGISTER * rates * chances) - need) / np.sqrt(need + (0.2 * need) ** 2)
        equal = 600 / REGISTER.sum()
        return float(log_ndtr(z).sum() - (REGISTER * (chances / equal - 1) ** 2).sum() / 2 / REGISTER.sum())

    best = value(made)
    for giver in range(4):
        for taker in range(4):
            for letters in (1.0, 10.0):
                moved = made.copy()
                moved[giver] -= letters / REGISTER[giver]
                moved[taker] += letters / REGISTER[taker]
                if moved.min() >= 600 / 2400 / 4 and moved.max() <= 1:
                    assert value(moved) <= best + 1e-9


def test_bad_figures() -> None:
    with pytest.raises(BadInput, match="LETTERS_NEGATIVE, SPREAD_OUT_OF_RANGE"):
        weighted(panels(), REGISTER, np.full(4, 0.1), -1, spread=0.5)


def test_registers_that_can_fill_no_panel() -> None:
    check_register(panels(), np.array([2, 1, 1, 1]))
    for counts, code in (
        ((1, 1, 1, 0), "PEOPLE_UNDER_MINIMUM, REGISTER_UNDER_SIZE"),
        ((9, 1, 9, 0), "PEOPLE_UNDER_MINIMUM"),
        ((0, 0, 0, 0), "PEOPLE_UNDER_MINIMUM, REGISTER_UNDER_SIZE"),
    ):
        with pytest.raises(Infeasible, match=code):
            check_register(panels(), np.array(counts))
    # Two women and two men, and the young are all women: three of them are one too many.
    strict = question(young=3)
    with pytest.raises(Infeasible, match="NO_PANEL_IN_REGISTER"):
        check_register(panels(strict), np.array([5, 5, 5, 0]))


def test_questions_that_contradict_themselves() -> None:
    asked = question()
    with pytest.raises(BadInput, match="PER_SEAT_OUT_OF_RANGE, SIZE_NOT_POSITIVE"):
        Question(FEATURES, asked.targets, 0, -1)
    with pytest.raises(BadInput, match="NO_TARGETS"):
        Question((), (), 1)
    with pytest.raises(BadInput, match="TARGETS_DO_NOT_MATCH"):
        replace(asked, features=("gender",))
    with pytest.raises(Infeasible, match="MAXIMA_UNDER_SIZE, MINIMA_OVER_SIZE"):
        Question(("a", "b"), (Target("a", "x", 3, 3), Target("b", "y", 0, 1)), 2)
    with pytest.raises(BadInput, match="VALUE_WITHOUT_TARGET"):
        asked.codes([("f", "middle")])
    assert [code.tolist() for code in asked.codes(CELLS)] == [[0, 0, 1, 1], [2, 3, 2, 3]]


def test_all_alike_and_a_tie_everywhere() -> None:
    alike = Question(("all",), (Target("all", "same", 0, 3),), 3)
    one = Panels(alike, [("same",)])
    assert weighted(one, np.array([10]), np.array([0.1]), 5).tolist() == pytest.approx([0.5])
    tied = weighted(panels(question(young=0)), np.full(4, 50), np.full(4, 0.1), 100)
    assert tied == pytest.approx(np.full(4, 0.5))


def test_it_does_not_depend_on_the_order_of_the_targets() -> None:
    asked = question()
    turned = replace(asked, targets=asked.targets[::-1])
    rates = np.array([0.03, 0.01, 0.03, 0.01])
    one, two = (weighted(Panels(q, CELLS), REGISTER, rates, 600) for q in (asked, turned))
    assert one == pytest.approx(two, abs=1e-6)


def test_of_several_weightings_the_one_whose_pools_do_best_is_taken() -> None:
    asked = panels(question(young=2, per_seat=3))
    rates = Rates(np.array([6.0, 1, 6, 1]), np.array([194.0, 199, 194, 199]))
    best = choose(asked, REGISTER, rates, 500, "s", simulations=100)
    assert best.chances @ REGISTER == pytest.approx(500)
    scores = []
    for reach in REACHES:
        chances = weighted(asked, REGISTER, rates.mean, 500, reach=reach)
        counts, _ = share_out(REGISTER, chances, 500, "s")
        made = forecast(asked, rates, counts, np.zeros(4, dtype=np.int64), "s", simulations=100)
        scores.append(made.meets.share + made.panel.share)
    assert best.meets + best.panel == max(scores)
    assert choose(asked, REGISTER, rates, 0, "s", simulations=5).chances.tolist() == [0.0] * 4
