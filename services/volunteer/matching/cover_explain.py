"""Why each person has what they have, and why places stay free, read off a finished plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from services.volunteer.matching.cover_types import (
    Able,
    CoverPerson,
    CoverProblem,
    CoverSlot,
    PersonOutcome,
    Placement,
    SlotOutcome,
)
from services.volunteer.matching.errors import Reason

MOST_NAMED = 3


class _Plan:
    """A plan, ready for questions."""

    def __init__(self, problem: CoverProblem, placements: Sequence[Placement]) -> None:
        self.slots: Mapping[str, CoverSlot] = {slot.id: slot for slot in problem.slots}
        self.taken = Counter(each.slot for each in placements)
        self.own: dict[str, list[CoverSlot]] = defaultdict(list)
        for each in placements:
            self.own[each.person].append(self.slots[each.slot])
        for slots in self.own.values():
            slots.sort(key=lambda slot: (slot.start, slot.id))
        self.confirmed = {(e.person, e.slot) for e in problem.last if e.confirmed}

    def full(self, slot: str) -> bool:
        return self.taken[slot] >= self.slots[slot].capacity

    def needed(self, slot: str) -> bool:
        """Whether a critical place would fall empty with one person less."""
        return self.taken[slot] <= self.slots[slot].critical

    def obstacle(self, person: CoverPerson, slot: CoverSlot) -> str | None:
        """Why somebody cannot take one slot more, whatever its places: AT_LIMIT, CLASHES, RESTS."""
        own = self.own.get(person.id, [])
        if len(own) >= person.most:
            return "AT_LIMIT"
        gaps = [max(slot.start - other.end, other.start - slot.end) for other in own]
        if any(gap < timedelta(0) for gap in gaps):
            return "CLASHES"
        return "RESTS" if any(timedelta(0) < gap < person.rest for gap in gaps) else None


def people_outcomes(problem: CoverProblem, placements: Sequence[Placement]) -> tuple[PersonOutcome, ...]:
    """An outcome for each person, by id."""
    made = _Plan(problem, placements)
    wishes: dict[str, list[Able]] = defaultdict(list)
    for each in problem.able:
        wishes[each.person].append(each)
    ranks = {(each.person, each.slot): each.rank for each in problem.able}
    found = []
    for person in sorted(problem.people, key=lambda each: each.id):
        own = made.own.get(person.id, [])
        wished = sorted(wishes[person.id], key=lambda each: (each.rank, each.slot))
        if own:
            best = min(own, key=lambda slot: (ranks[person.id, slot.id], slot.id))
            better = [each for each in wished if each.rank < ranks[person.id, best.id]]
            reasons = tuple(_denied(made, person, best, each) for each in better)
        else:
            reasons = tuple(_left_out(made, person, wished))
        found.append(PersonOutcome(person.id, tuple(slot.id for slot in own), reasons))
    return tuple(found)


def _denied(made: _Plan, person: CoverPerson, best: CoverSlot, wish: Able) -> Reason:
    """Why somebody does not have a slot that they wanted more than the best of theirs."""
    if made.full(wish.slot):
        return Reason("WISH_FULL", {"slot": wish.slot, "rank": wish.rank})
    if (person.id, best.id) in made.confirmed:
        return Reason("WISH_BEHIND_CONFIRMED", {"slot": wish.slot, "rank": wish.rank, "other": best.id})
    if made.needed(best.id):
        return Reason("WISH_BEHIND_CRITICAL", {"slot": wish.slot, "rank": wish.rank, "other": best.id})
    return Reason("WISH_ELSEWHERE", {"slot": wish.slot, "rank": wish.rank, "other": best.id})


def _left_out(made: _Plan, person: CoverPerson, wished: Sequence[Able]) -> Iterator[Reason]:
    if not wished:
        yield Reason("ABLE_TO_NOTHING")
    elif person.most == 0:
        yield Reason("TAKES_NOTHING")
    elif all(made.full(each.slot) for each in wished):
        named = tuple(each.slot for each in wished[:MOST_NAMED])
        yield Reason("ALL_FULL", {"count": len(wished), "slots": named})
    else:
        yield Reason("NOT_PROVED_BEST", {"slots": tuple(e.slot for e in wished if not made.full(e.slot))})


def slot_outcomes(problem: CoverProblem, placements: Sequence[Placement]) -> tuple[SlotOutcome, ...]:
    """An outcome for each slot with places left, by id."""
    made = _Plan(problem, placements)
    people = {person.id: person for person in problem.people}
    able: dict[str, list[CoverPerson]] = defaultdict(list)
    for each in problem.able:
        able[each.slot].append(people[each.person])
    has = {(each.person, each.slot) for each in placements}
    found = []
    for slot in sorted(problem.slots, key=lambda each: each.id):
        if made.full(slot.id):
            continue
        free = slot.capacity - made.taken[slot.id]
        critical = max(0, slot.critical - made.taken[slot.id])
        others = [person for person in able[slot.id] if (person.id, slot.id) not in has]
        found.append(SlotOutcome(slot.id, free, critical, tuple(_empty(made, slot, others))))
    return tuple(found)


def _empty(made: _Plan, slot: CoverSlot, others: Sequence[CoverPerson]) -> Iterator[Reason]:
    if not others:
        yield Reason("NOBODY_ELSE_ABLE")
    counts = Counter(made.obstacle(person, slot) or "ENOUGH_ELSEWHERE" for person in others)
    for code in ("AT_LIMIT", "CLASHES", "RESTS", "ENOUGH_ELSEWHERE"):
        if counts[code]:
            yield Reason(code, {"count": counts[code]})
