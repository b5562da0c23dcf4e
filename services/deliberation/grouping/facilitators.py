"""Facilitators given to groups so that they rotate: members meet many of them, and all work equally often.

Each round is an assignment problem, solved exactly given the other rounds (Kuhn 1955; here the shortest
augmenting paths of Jonker and Volgenant 1987, in whole numbers); rounds are gone through again until nothing
improves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.deliberation.grouping.randomness import Stream

# Working once more than another is worse than any meeting again: members come in tens, rounds too.
UNEVEN = 100_000
MAX_PASSES = 20

# (facilitator, person) → how often they met.
Met = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Shift:
    """A round to staff: the facilitators who can come (indices), and each group's members (numbers)."""

    available: Sequence[int]
    groups: Sequence[Sequence[int]]


def rotate(
    facilitators: int,
    shifts: Sequence[Shift],
    met: Met,
    worked: Sequence[int],
    stream: Stream,
) -> list[list[int | None]]:
    """Facilitator (or None for an empty group) per shift and group. Each shift has enough of them.

    `met`: (facilitator, person) → meetings in held rounds; `worked`: held rounds per facilitator.
    """
    met = dict(met)
    load = list(worked)
    # Who comes first among equals is chance, not the alphabet.
    order = list(range(facilitators))
    stream.shuffle(order)
    result: list[list[int | None]] = [[None] * len(shift.groups) for shift in shifts]
    for _ in range(MAX_PASSES):
        changed = False
        for s, shift in enumerate(shifts):
            filled = [g for g, members in enumerate(shift.groups) if members]
            old = {g: f for g in filled if (f := result[s][g]) is not None}
            for g, f in old.items():
                _book(met, load, f, shift.groups[g], -1)
            here = [f for f in order if f in set(shift.available)]
            costs = [[_price(met, load, f, shift.groups[g]) for f in here] for g in filled]
            chosen = {g: here[column] for g, column in zip(filled, assign(costs), strict=True)}
            if old and _total(costs, filled, here, old) <= _total(costs, filled, here, chosen):
                chosen = old
            changed |= chosen != old
            for g, f in chosen.items():
                result[s][g] = f
                _book(met, load, f, shift.groups[g], 1)
        if not changed:
            break
    return result


def _price(met: Met, load: list[int], f: int, members: Sequence[int]) -> int:
    again = (met.get((f, x), 0) for x in members)
    return UNEVEN * load[f] + sum(times * (times + 1) // 2 for times in again)


def _total(costs: list[list[int]], filled: list[int], here: list[int], chosen: dict[int, int]) -> int:
    return sum(costs[i][here.index(chosen[g])] for i, g in enumerate(filled))


def _book(met: Met, load: list[int], f: int, members: Sequence[int], sign: int) -> None:
    load[f] += sign
    for x in members:
        met[f, x] = met.get((f, x), 0) + sign


def assign(costs: Sequence[Sequence[int]]) -> list[int]:
    """The column of each row so that all differ and the sum of costs is least; rows <= columns."""
    if not costs:
        return []
    rows, columns = len(costs), len(costs[0])
    infinite = 1 + 2 * sum(max(map(abs, row)) for row in costs) + max(abs(c) for row in costs for c in row)
    row_price = [0] * (rows + 1)
    column_price = [0] * (columns + 1)
    row_of = [0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0] = row
        column = 0
        least = [infinite] * (columns + 1)
        came_from = [0] * (columns + 1)
        done = [False] * (columns + 1)
        while row_of[column]:
            done[column] = True
            here, step, following = row_of[column], infinite, 0
            for j in range(1, columns + 1):
                if done[j]:
                    continue
                reduced = costs[here - 1][j - 1] - row_price[here] - column_price[j]
                if reduced < least[j]:
                    least[j], came_from[j] = reduced, column
                if least[j] < step:
                    step, following = least[j], j
            for j in range(columns + 1):
                if done[j]:
                    row_price[row_of[j]] += step
                    column_price[j] -= step
                else:
                    least[j] -= step
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    result = [0] * rows
    for j in range(1, columns + 1):
        if row_of[j]:
            result[row_of[j] - 1] = j - 1
    return result
