"""The invented problems that the matching benchmark solves, published so that anybody can make them again.

Everything comes from `random.Random(seed)`: `random()` alone, which Python promises to keep.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from services.volunteer.matching.cover_types import Able, CoverPerson, CoverProblem, CoverSlot, Earlier

_MONDAY = datetime(2027, 5, 3, tzinfo=UTC)
_STARTS = (6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20, 22)
_LENGTHS = (2, 3, 4, 4, 5)


@dataclass(frozen=True, slots=True)
class CoverCase:
    """`days`: over which the slots lie; `critical`: the share of slots that are; `places`: 1 … so many in
    each; `most`: slots that a person takes at most, 1 … so many."""

    name: str
    days: int
    critical: float
    places: int
    most: int = 3
    people: int = 2_000
    slots: int = 500


COVER_CASES = (
    CoverCase("four weeks, some critical", 28, 0.2, 8),
    CoverCase("four weeks, few places", 28, 0.3, 5),
    CoverCase("one week, most critical", 7, 0.6, 8),
    CoverCase("one week, all critical, too few people", 7, 1.0, 16),
)


class Dice:
    """Whole numbers and picks from `random()` alone."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def between(self, low: int, high: int) -> int:
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[int]) -> int:
        return items[int(self.random() * len(items))]


def cover_problem(case: CoverCase, seed: int) -> CoverProblem:
    """Each person is able to take 10 to 30 slots, the popular ones more often, in an order of their own; 11
    hours of rest; four of five had a slot in the last plan."""
    dice = Dice(seed)
    slots: list[CoverSlot] = []
    weights: list[float] = []
    for number in range(case.slots):
        start = _MONDAY + timedelta(days=dice.between(0, case.days - 1), hours=dice.pick(_STARTS))
        places = dice.between(1, case.places)
        critical = places if dice.random() < case.critical else 0
        end = start + timedelta(hours=dice.pick(_LENGTHS))
        slots.append(CoverSlot(f"s{number:04}", start, end, places, critical, dice.random() < 0.1))
        weights.append(min(10.0, (1.0 - dice.random()) ** (-1 / 1.2)))
    totals = list(accumulate(weights))
    people: list[CoverPerson] = []
    able: list[Able] = []
    last: list[Earlier] = []
    for number in range(case.people):
        name = f"p{number:05}"
        served = date(2026, 1, 1) + timedelta(days=dice.between(0, 364)) if dice.random() < 0.8 else None
        people.append(CoverPerson(name, dice.between(1, case.most), timedelta(hours=11), served))
        wanted: dict[int, None] = {}
        size = dice.between(10, min(30, case.slots))
        while len(wanted) < size:
            wanted[_weighted(totals, dice.random())] = None
        able += (Able(name, slots[at].id, rank) for rank, at in enumerate(wanted, 1))
        if dice.random() < 0.8:
            last.append(Earlier(name, slots[dice.pick(list(wanted))].id))
    return CoverProblem(slots, people, able, last)


def _weighted(totals: Sequence[float], share: float) -> int:
    low, high = 0, len(totals) - 1
    while low < high:
        middle = (low + high) // 2
        if totals[middle] < share * totals[-1]:
            low = middle + 1
        else:
            high = middle
    return low
