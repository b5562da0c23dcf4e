"""A coverage problem as a linear programme over whole numbers.

Columns: x = 1 when a person takes a slot they are able to take; f = filled critical places of a slot; w = 1
when a person works in their *joint* slots. In a best plan nobody takes a second slot unless a critical
place needs it, since another slot costs rank; so slots that are neither critical, nor confirmed, nor the
bridge between two others exclude each other and w. That leaves overlaps and rests to joint slots, written
as cliques, which keep the relaxed programme close to whole numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from services.volunteer.matching.cover_types import CoverPerson, CoverProblem, CoverSlot, Level
from services.volunteer.matching.lots import drawn

Vector = NDArray[np.float64]
Indices = NDArray[np.int32]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Column:
    """One x: indices into the ordered people and slots, the rank, whether it is confirmed."""

    person: int
    slot: int
    rank: int
    confirmed: bool


@dataclass(slots=True)
class Row:
    """lower <= sum of coefficients * columns <= upper."""

    lower: float
    upper: float
    columns: list[int]
    coefficients: list[float]


@dataclass(slots=True)
class Model:
    """The programme: `columns` are the x, then f, then w; `objectives` are to be maximised, one per level."""

    people: list[CoverPerson]
    slots: list[CoverSlot]
    columns: list[Column]
    size: int = 0
    upper: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    filled: list[tuple[int, int]] = field(default_factory=list)  # (column f, slot)
    joined: list[tuple[int, int]] = field(default_factory=list)  # (column w, person)
    joint: dict[int, int] = field(default_factory=dict)  # column x of a joint slot -> person
    objectives: dict[Level, Vector] = field(default_factory=dict)


def waited(people: Sequence[CoverPerson]) -> list[int]:
    """For each person how many were served more recently; never served is longest ago.

    The sum over those placed is, but for a constant, the number of pairs (placed, not placed) in which the
    one placed waited longer: the greatest sum has the fewest who overtake.
    """
    ordinal = [person.last_served.toordinal() if person.last_served else 0 for person in people]
    ordered = np.sort(np.array(ordinal, dtype=np.int64))
    return [len(people) - int(np.searchsorted(ordered, each, side="right")) for each in ordinal]


def build(problem: CoverProblem, seed: str) -> Model:
    """The programme of a checked problem. Its order comes from the seed's lots, so that ties fall by lot."""
    people = {person.id: person for person in problem.people}
    slots = {slot.id: slot for slot in problem.slots}
    person_ids, slot_ids = drawn(seed, "cover person", people), drawn(seed, "cover slot", slots)
    person_at = {name: at for at, name in enumerate(person_ids)}
    slot_at = {name: at for at, name in enumerate(slot_ids)}
    confirmed = {(each.person, each.slot) for each in problem.last if each.confirmed}
    columns = [
        Column(person_at[each.person], slot_at[each.slot], each.rank, (each.person, each.slot) in confirmed)
        for each in problem.able
    ]
    columns.sort(key=lambda each: (each.person, each.slot))
    model = Model([people[name] for name in person_ids], [slots[name] for name in slot_ids], columns)
    model.size, model.upper = len(columns), [1.0] * len(columns)
    placed = np.array(_people(model), dtype=np.int32).reshape(-1, 2)
    _slots(model)
    _objectives(model, problem, placed)
    return model


def _column(model: Model, upper: float) -> int:
    model.upper.append(upper)
    model.size += 1
    return model.size - 1


def _slots(model: Model) -> None:
    """Capacities, and the columns f of critical places."""
    takers: list[list[int]] = [[] for _ in model.slots]
    for at, column in enumerate(model.columns):
        takers[column.slot].append(at)
    for number, (slot, own) in enumerate(zip(model.slots, takers, strict=True)):
        if not own:
            continue
        model.rows.append(Row(-np.inf, slot.capacity, own, [1.0] * len(own)))
        if slot.critical:
            f = _column(model, float(slot.critical))
            model.filled.append((f, number))
            model.rows.append(Row(0, np.inf, [*own, f], [1.0] * len(own) + [-1.0]))


def _people(model: Model) -> list[tuple[int, int]]:
    """Each person's rows; the (column, person) pairs whose sum is 1 when the person is placed."""
    wishes: list[list[int]] = [[] for _ in model.people]
    for at, column in enumerate(model.columns):
        wishes[column.person].append(at)
    times = [(_ticks(slot.start), _ticks(slot.end)) for slot in model.slots]
    placed: list[tuple[int, int]] = []
    for number, (person, own) in enumerate(zip(model.people, wishes, strict=True)):
        rest = person.rest // _MICROSECOND
        spans = {at: times[model.columns[at].slot] for at in own}
        joint = _joint(model, own, spans, rest) if person.most > 1 else []
        if len(joint) < 2:
            if own:
                model.rows.append(Row(-np.inf, min(person.most, 1), own, [1.0] * len(own)))
            placed += ((at, number) for at in own)
            continue
        apart = [at for at in own if at not in set(joint)]
        w = _column(model, 1.0)
        model.joined.append((w, number))
        model.joint.update((at, number) for at in joint)
        placed += ((at, number) for at in (*apart, w))
        ones = [1.0] * len(joint)
        model.rows.append(Row(-np.inf, 1, [*apart, w], [1.0] * (len(apart) + 1)))
        model.rows.append(Row(0, np.inf, [*joint, w], [*ones, -1.0]))
        if person.most < len(joint):
            model.rows.append(Row(-np.inf, 0, [*joint, w], [*ones, -float(person.most)]))
        _conflicts(model, joint, spans, rest, w)
    return placed


def _joint(model: Model, own: Sequence[int], spans: dict[int, tuple[int, int]], rest: int) -> list[int]:
    starts = {spans[at][0] for at in own}
    ends = {spans[at][1] for at in own}
    found = []
    for at in own:
        column = model.columns[at]
        bridge = rest > 0 and spans[at][0] in ends and spans[at][1] in starts
        if model.slots[column.slot].critical or column.confirmed or bridge:
            found.append(at)
    return found


def _conflicts(
    model: Model, joint: Sequence[int], spans: dict[int, tuple[int, int]], rest: int, w: int
) -> None:
    """What cannot be taken together. A short gap counts unless work back to back fills it."""
    by_start: dict[int, list[int]] = defaultdict(list)
    for at in joint:
        by_start[spans[at][0]].append(at)
    apart: set[tuple[int, int]] = set()
    for a, c in combinations(joint, 2):
        first, second = (a, c) if spans[a] <= spans[c] else (c, a)
        gap = spans[second][0] - spans[first][1]
        if gap < 0:
            apart.add((min(a, c), max(a, c)))
        elif 0 < gap < rest:
            bridges = _bridges(first, second, spans, by_start)
            if bridges:
                model.rows.append(
                    Row(-np.inf, 1, [first, second, *bridges], [1.0, 1.0, *[-1.0] * len(bridges)])
                )
            else:
                apart.add((min(a, c), max(a, c)))
    alone = set(joint)
    for clique in _cliques(joint, apart):
        model.rows.append(Row(-np.inf, 0, [*clique, w], [1.0] * len(clique) + [-1.0]))
        alone -= set(clique)
    for at in sorted(alone):
        model.rows.append(Row(-np.inf, 0, [at, w], [1.0, -1.0]))


def _bridges(
    first: int, second: int, spans: dict[int, tuple[int, int]], by_start: dict[int, list[int]]
) -> list[int]:
    """The slots that begin as `first` ends and lead, back to back, to the start of `second`."""
    goal = spans[second][0]

    def leads(at: int) -> bool:
        end = spans[at][1]
        return end == goal or (end < goal and any(leads(after) for after in by_start.get(end, ())))

    return [at for at in by_start.get(spans[first][1], ()) if leads(at)]


def _cliques(members: Sequence[int], apart: set[tuple[int, int]]) -> Iterator[list[int]]:
    """Sets that exclude each other, together holding every pair of `apart`: each pair not yet held is
    widened."""
    covered: set[tuple[int, int]] = set()
    for pair in sorted(apart):
        if pair in covered:
            continue
        clique = list(pair)
        for at in members:
            if at not in clique and all((min(at, each), max(at, each)) in apart for each in clique):
                clique.append(at)
        covered.update((min(a, b), max(a, b)) for a, b in combinations(clique, 2))
        yield sorted(clique)


def _objectives(model: Model, problem: CoverProblem, placed: Indices) -> None:
    for level in Level:
        model.objectives[level] = np.zeros(model.size)
    model.objectives[Level.CRITICAL][[f for f, _ in model.filled]] = 1
    model.objectives[Level.PLACED][placed[:, 0]] = 1
    count = len(model.columns)
    model.objectives[Level.RANK][:count] = [-column.rank for column in model.columns]
    scores = np.array(waited(model.people), dtype=float)
    model.objectives[Level.SERVED][placed[:, 0]] = scores[placed[:, 1]]
    before = {(each.person, each.slot) for each in problem.last}
    model.objectives[Level.CHANGE][:count] = [
        1.0 if (model.people[column.person].id, model.slots[column.slot].id) in before else -1.0
        for column in model.columns
    ]


def _ticks(moment: datetime) -> int:
    """Microseconds since 1970: exact, and quicker to compare than instants with offsets."""
    return (moment - _EPOCH) // _MICROSECOND
