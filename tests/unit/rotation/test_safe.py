"""Panels within the room of a plan that no plan completes: told by inequalities, or left out by stages."""

from __future__ import annotations

import numpy as np
import pytest

from services.sortition.lottery.leximin import leximin, silent
from services.sortition.lottery.lottery import Row
from services.sortition.lottery.types import reduce
from services.sortition.rotation.calendar import CoolingOff
from services.sortition.rotation.draw import _problem
from services.sortition.rotation.model import Plans
from services.sortition.rotation.question import Question
from services.sortition.rotation.safe import SafePanels, safe_leximin
from tests.unit.rotation.cases import question

ONCE = CoolingOff(forever=True)
# An unsafe panel that an inequality tells, and one in the midst of safe ones, found by trying random cases.
TOLD = question(
    ["axm", "axn", "aym", "aym", "ayn", "bxm", "bym"],
    {"a": (0, 2), "b": (1, 2), "x": (0, 2), "y": (0, 2), "m": (1, 2), "n": (1, 2)},
    (1, 2), 3, cooling=ONCE,
)  # fmt: skip
AMIDST = question(
    ["ax", "ax", "ay", "ay", "bx", "bx", "bx", "by", "by"],
    {"a": (2, 3), "b": (2, 2), "x": (2, 2), "y": (0, 2)},
    (2, 1, 1), 3, cooling=ONCE,
)  # fmt: skip


@pytest.mark.parametrize(("asked", "by_stages"), [(TOLD, False), (AMIDST, True)])
def test_unsafe_panels_leave_the_lottery_and_the_chances_are_those_by_stages(
    asked: Question, by_stages: bool
) -> None:
    plans = Plans(asked)
    reduction = reduce(_problem(plans, sum(plans.groups[g].seats for g in plans.drawn_now)))
    steps: list[str] = []
    exact = safe_leximin(plans, reduction, lambda step, _: steps.append(step))
    assert "ahead" in steps
    assert ("stage" in steps) == by_stages
    panels = SafePanels(plans, reduction)
    assert all(panels.safe(np.array(panel, dtype=float)) for panel in exact.panels)
    other = safe_leximin(plans, reduction, silent, rounds=0)
    assert [float(c) for c in exact.chances] == pytest.approx([float(c) for c in other.chances], abs=1e-6)
    unsafe = [panel for panel in leximin(reduction).panels if not panels.safe(np.array(panel, dtype=float))]
    assert unsafe
    for panel in unsafe:
        cut = panels.cut(np.array(panel, dtype=float))
        assert (cut is None) == by_stages
        if cut is not None:
            assert _left(cut, panel) > (cut.upper or 0)
            assert all(_left(cut, safe) <= (cut.upper or 0) for safe in other.panels)


def _left(cut: Row, panel: tuple[int, ...]) -> int:
    return sum(a * panel[t] for t, a in cut.coefficients)
