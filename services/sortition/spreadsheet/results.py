"""The result files that are tables: chances and panels."""

from __future__ import annotations

from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.receipt import decimal, optimal_chances
from services.sortition.spreadsheet.writer import csv_bytes


def chances_csv(problem: Problem, exact: ExactLottery, uniform: UniformLottery) -> bytes:
    """`id,optimal,drawn`, everyone in the pool, sorted by id so that the input's order leaves no trace."""
    optimal = optimal_chances(problem, exact)
    rows = (
        (person, decimal(optimal[person]), decimal(uniform.chances[person])) for person in sorted(optimal)
    )
    return csv_bytes([("id", "optimal", "drawn"), *rows])


def panels_csv(uniform: UniformLottery) -> bytes:
    """A row per panel, without a header: its number from 0, then the ids of its members, sorted."""
    return csv_bytes((str(number), *panel) for number, panel in enumerate(uniform.panels))
