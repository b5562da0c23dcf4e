"""Every plan of a small coverage problem, compared by the published objectives; no code of the engine's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product

from services.volunteer.matching.cover_types import CoverPerson, CoverProblem

BASE = datetime(2027, 5, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _works(problem: CoverProblem, person: CoverPerson, chosen: tuple[str, ...]) -> bool:
    """Counted by the hour: no hour twice, no pause between hours of work shorter than the rest."""
    hours: set[int] = set()
    for slot in problem.slots:
        if slot.id in chosen:
            own = set(range((slot.start - BASE) // HOUR, (slot.end - BASE) // HOUR))
            if hours & own:
                return False
            hours |= own
    run = 0
    for hour in range(min(hours, default=0), max(hours, default=-1) + 1):
        if hour in hours:
            if 0 < run < person.rest // HOUR:
                return False
            run = 0
        else:
            run += 1
    return True


def choices(problem: CoverProblem, person: CoverPerson) -> Iterator[tuple[str, ...]]:
    able = [each.slot for each in problem.able if each.person == person.id]
    confirmed = {each.slot for each in problem.last if each.person == person.id and each.confirmed}
    for size in range(min(person.most, len(able)) + 1):
        for chosen in combinations(able, size):
            if confirmed <= set(chosen) and _works(problem, person, chosen):
                yield chosen


def score(problem: CoverProblem, pairs: set[tuple[str, str]]) -> tuple[int, int, int, int, int]:
    """What the levels say of a plan: critical, placed, -rank, those who go before, -changes."""
    taken = {slot.id: sum(1 for _, name in pairs if name == slot.id) for slot in problem.slots}
    critical = sum(min(slot.critical, taken[slot.id]) for slot in problem.slots)
    placed = {name for name, _ in pairs}
    rank = sum(each.rank for each in problem.able if (each.person, each.slot) in pairs)
    served = {person.id: person.last_served or date.min for person in problem.people}
    before = sum(1 for one in placed for other in served if served[one] < served[other])
    last = {(each.person, each.slot) for each in problem.last}
    return critical, len(placed), -rank, before, -len(last ^ pairs)


def best(problem: CoverProblem) -> tuple[int, int, int, int, int]:
    """The lexicographic best over every plan."""
    found = []
    for picks in product(*(list(choices(problem, person)) for person in problem.people)):
        pairs = {(person.id, slot) for person, own in zip(problem.people, picks, strict=True) for slot in own}
        if all(sum(1 for _, name in pairs if name == slot.id) <= slot.capacity for slot in problem.slots):
            found.append(score(problem, pairs))
    return max(found)
