"""Whether a coverage problem is sound, and whether a plan keeps every rule. Shares nothing with the solver:
overlaps and rests are the schedule's own, and everything else is counted afresh.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta

from services.volunteer.matching.cover_types import (
    MOST_RANK,
    CoverProblem,
    CoverSlot,
    Placement,
    Status,
)
from services.volunteer.matching.errors import BadInput, Infeasible, Parameter, Reason
from services.volunteer.schedule.clash import clashes, short_rests
from services.volunteer.schedule.types import Shift

Pair = tuple[str, str]


def check(problem: CoverProblem) -> None:
    """Raises BadInput with every fault of the problem, Infeasible where confirmed placements break a rule."""
    faults = [*_slot_faults(problem), *_person_faults(problem), *_pair_faults(problem)]
    if faults:
        raise BadInput(faults)
    confirmed = [(each.person, each.slot) for each in problem.last if each.confirmed]
    broken = list(_broken(problem, confirmed, "CONFIRMED_"))
    if broken:
        raise Infeasible(broken)


def broken_rules(problem: CoverProblem, placements: Collection[Placement]) -> tuple[Reason, ...]:
    """Every rule that a plan breaks; none, if it is a plan of this problem."""
    pairs = [(each.person, each.slot) for each in placements]
    found = list(_broken(problem, pairs, ""))
    ranks = {(each.person, each.slot): each.rank for each in problem.able}
    guarded = {slot.id for slot in problem.slots if slot.guarded}
    confirmed = {(each.person, each.slot) for each in problem.last if each.confirmed}
    for each in placements:
        pair = (each.person, each.slot)
        name: dict[str, Parameter] = {"person": each.person, "slot": each.slot}
        if ranks.get(pair) != each.rank:
            found.append(Reason("RANK_DIFFERS" if pair in ranks else "NOT_ABLE", name))
        if (each.status is Status.CONFIRMED) != (pair in confirmed):
            found.append(Reason("STATUS_DIFFERS", name))
        elif each.status is Status.PROPOSED and each.slot in guarded:
            found.append(Reason("GUARDED_WITHOUT_COORDINATOR", name))
    found += (
        Reason("CONFIRMED_LOST", {"person": person, "slot": slot})
        for person, slot in sorted(confirmed - set(pairs))
    )
    return tuple(found)


def _broken(problem: CoverProblem, pairs: Sequence[Pair], prefix: str) -> Iterator[Reason]:
    slots = {slot.id: slot for slot in problem.slots}
    people = {person.id: person for person in problem.people}
    for (person, slot), times in sorted(Counter(pairs).items()):
        if times > 1:
            yield Reason(f"{prefix}TWICE", {"person": person, "slot": slot})
    for name, taken in sorted(Counter(slot for _, slot in pairs).items()):
        if taken > slots[name].capacity:
            params: dict[str, Parameter] = {"slot": name, "count": taken, "most": slots[name].capacity}
            yield Reason(f"{prefix}OVER_CAPACITY", params)
    by_person: dict[str, list[CoverSlot]] = defaultdict(list)
    for name, slot in dict.fromkeys(pairs):
        by_person[name].append(slots[slot])
    for name, own in sorted(by_person.items()):
        if len(own) > people[name].most:
            params = {"person": name, "count": len(own), "most": people[name].most}
            yield Reason(f"{prefix}OVER_MOST", params)
        if len(own) > 1:
            shifts = [Shift(slot.id, slot.start, slot.end) for slot in own]
            for first, second in clashes(shifts):
                yield Reason(f"{prefix}CLASH", {"person": name, "slot": first, "other": second})
            for first, second, _ in short_rests(shifts, people[name].rest):
                yield Reason(f"{prefix}SHORT_REST", {"person": name, "slot": first, "other": second})


def _doubled(ids: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(ids).items() if times > 1)


def _slot_faults(problem: CoverProblem) -> Iterator[Reason]:
    for name in _doubled(slot.id for slot in problem.slots):
        yield Reason("DUPLICATE_SLOT", {"slot": name})
    for slot in problem.slots:
        own: dict[str, Parameter] = {"slot": slot.id}
        if slot.start.utcoffset() is None or slot.end.utcoffset() is None:
            yield Reason("SLOT_WITHOUT_OFFSET", own)
        elif slot.end <= slot.start:
            yield Reason("SLOT_ENDS_BEFORE_START", own)
        if slot.capacity < 0:
            yield Reason("NEGATIVE_PLACES", own)
        elif not 0 <= slot.critical <= slot.capacity:
            yield Reason("CRITICAL_OVER_CAPACITY", {**own, "count": slot.critical, "most": slot.capacity})


def _person_faults(problem: CoverProblem) -> Iterator[Reason]:
    for name in _doubled(person.id for person in problem.people):
        yield Reason("DUPLICATE_PERSON", {"person": name})
    for person in problem.people:
        if person.most < 0:
            yield Reason("NEGATIVE_MOST", {"person": person.id})
        if person.rest < timedelta(0):
            yield Reason("NEGATIVE_REST", {"person": person.id})


def _pair_faults(problem: CoverProblem) -> Iterator[Reason]:
    slots, people = {slot.id for slot in problem.slots}, {person.id for person in problem.people}
    able = [(each.person, each.slot) for each in problem.able]
    for person, slot in sorted(pair for pair, times in Counter(able).items() if times > 1):
        yield Reason("ABLE_TWICE", {"person": person, "slot": slot})
    for each in problem.able:
        if each.person not in people:
            yield Reason("UNKNOWN_PERSON", {"person": each.person})
        if each.slot not in slots:
            yield Reason("UNKNOWN_SLOT", {"slot": each.slot})
        if not 1 <= each.rank <= MOST_RANK:
            params: dict[str, Parameter] = {"person": each.person, "slot": each.slot, "most": MOST_RANK}
            yield Reason("BAD_RANK", params)
    last = Counter((each.person, each.slot) for each in problem.last)
    for person, slot in sorted(pair for pair, times in last.items() if times > 1):
        yield Reason("PLACED_TWICE", {"person": person, "slot": slot})
    known = set(able)
    # One not confirmed is merely dropped.
    for earlier in problem.last:
        if earlier.confirmed and (earlier.person, earlier.slot) not in known:
            yield Reason("CONFIRMED_NOT_ABLE", {"person": earlier.person, "slot": earlier.slot})
