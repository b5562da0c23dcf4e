"""The invented problems that the matching benchmark solves, published so that anybody can make them again.

Everything comes from `random.Random(seed)`: `random()` alone, which Python promises to keep.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import TypeVar

from services.volunteer.matching.acceptance_types import Applicant, Host
from services.volunteer.matching.cover_types import Able, CoverPerson, CoverProblem, CoverSlot, Earlier
from services.volunteer.matching.search_types import TIMES, Contact, Seeker, Task

T = TypeVar("T")

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


# people, tasks
SEARCH_SIZE = (200, 1_000)
_SKILLS = ("cooking", "driving", "languages", "music", "patience", "repair", "sport", "writing")
_CAUSES = ("climate", "culture", "health", "integration", "neighbours", "young")


class Dice:
    """Whole numbers and picks from `random()` alone."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def between(self, low: int, high: int) -> int:
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.random() * len(items))]

    def some(self, items: Sequence[T], low: int, high: int) -> frozenset[T]:
        return frozenset(self.pick(items) for _ in range(self.between(low, high)))


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


def sides(
    seed: int, count: int, houses: int, wishes: int, schools: int
) -> tuple[list[Applicant], list[Host]]:
    """Applicants who each rank so many hosts, the popular ones more often; hosts that rank all who rank
    them, in an order of their own. Places for nine of ten; with schools, at most two of each at a host."""
    dice = Dice(seed)
    totals = list(accumulate(min(10.0, (1.0 - dice.random()) ** (-1 / 1.2)) for _ in range(houses)))
    applicants = []
    wanted: dict[int, list[str]] = {at: [] for at in range(houses)}
    for number in range(count):
        chosen: dict[int, None] = {}
        while len(chosen) < min(wishes, houses):
            chosen[_weighted(totals, dice.random())] = None
        name = f"a{number:05}"
        for at in chosen:
            wanted[at].append(name)
        school = f"school {dice.between(1, schools)}" if schools else None
        applicants.append(Applicant(name, {f"h{at:04}": place for place, at in enumerate(chosen, 1)}, school))
    quotas = {f"school {number}": 2 for number in range(1, schools + 1)}
    places = [count * 9 // 10 // houses + (at < count * 9 // 10 % houses) for at in range(houses)]
    hosts = []
    for at, names in wanted.items():
        order = sorted((dice.random(), name) for name in names)
        hosts.append(Host(f"h{at:04}", {name: n for n, (_, name) in enumerate(order, 1)}, places[at], quotas))
    # Whom nobody wants cannot be ranked, and the package `matching` asks for a rank at least.
    return applicants, [host for host in hosts if host.ranks]


def search_problem(seed: int, people: int, tasks: int) -> tuple[list[Seeker], list[Task]]:
    """People of 13 and over within 20 km, and tasks, a quarter of them with children."""
    dice = Dice(seed)
    times = sorted(TIMES)
    organisations = [f"organisation {number}" for number in range(40)]
    seekers = [
        Seeker(
            f"p{number:04}",
            born=date(2013, 1, 1) - timedelta(days=dice.between(0, 25_000)),
            guardian_consents=dice.random() < 0.5,
            newcomer=dice.random() < 0.5,
            home=(dice.between(0, 20_000), dice.between(0, 20_000)),
            reach=dice.between(3_000, 20_000),
            languages=dice.some(("da", "da", "en", "ar", "uk"), 1, 3),
            skills=dice.some(_SKILLS, 0, 4),
            causes=dice.some(_CAUSES, 0, 3),
            free=dice.some(times, 2, 10),
            needs=dice.some(("lift", "hearing loop"), 0, 1) if dice.random() < 0.1 else frozenset(),
            clearances={dice.pick(organisations): date(2027, 6, 30)} if dice.random() < 0.3 else {},
        )
        for number in range(people)
    ]
    offered = []
    for number in range(tasks):
        places = dice.between(1, 10)
        offered.append(
            Task(
                f"t{number:04}",
                dice.pick(organisations),
                places,
                dice.between(0, places),
                dice.pick((0, 0, 15, 18)),
                dice.pick((Contact.NONE, Contact.NONE, Contact.NONE, Contact.REGULAR)),
                dice.some(_SKILLS, 0, 1),
                dice.some(_SKILLS, 0, 3),
                dice.some(("da", "en"), 0, 1),
                dice.some(_CAUSES, 1, 2),
                dice.some(times, 1, 4),
                (dice.between(0, 20_000), dice.between(0, 20_000)),
                declared=date(2027, 3, 1),
                beginners=dice.random() < 0.5,
            )
        )
    return seekers, offered
