"""The result files that are tables, and a plain table for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


def text_table(rows: Sequence[Sequence[str]], numbers: Iterable[int] = ()) -> list[str]:
    """Aligned columns with a line under the head; the columns `numbers` are set to the right."""
    right = frozenset(numbers)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return [line(rows[0]), "  ".join("-" * width for width in widths), *(line(row) for row in rows[1:])]
