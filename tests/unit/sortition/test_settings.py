"""Sortition's own settings, and what it measures."""

from __future__ import annotations

import pytest

from chassis.config import SettingsError
from chassis.metrics import Metrics
from services.sortition.adapters.measures import PrometheusMeter
from services.sortition.settings import SortitionSettings


def test_nothing_need_be_set() -> None:
    assert SortitionSettings.read("sortition", {}).draw_memory_mib == 4096


def test_what_is_set_counts() -> None:
    assert SortitionSettings.read("sortition", {"draw_memory_mib": "1024"}).draw_memory_mib == 1024


def test_everything_wrong_is_said_at_once_by_its_variable() -> None:
    with pytest.raises(SettingsError) as caught:
        SortitionSettings.read("sortition", {"draw_memory_mib": "12", "draw_memmory": "1"})
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "BORGERTING_SORTITION__DRAW_MEMORY_MIB",
        "BORGERTING_SORTITION__DRAW_MEMMORY",
    ]


def test_checks_and_draws_are_counted_without_a_municipality() -> None:
    metrics = Metrics()
    meter = PrometheusMeter(metrics)
    meter.pool_checked("infeasible")
    meter.draw_computed("leximin", 1.5)
    shown = metrics.exposition().decode()
    assert 'borgerting_sortition_pool_checks_total{outcome="infeasible"} 1.0' in shown
    assert 'borgerting_sortition_draw_seconds_sum{method="leximin"} 1.5' in shown
