"""What is asked about a standing panel, in the field's terms, checked before anything is solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.sortition.lottery.problem import Target

from .calendar import CoolingOff, Rotation, free_again, term_end
from .errors import BadInput, Reason

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whose term goes on beyond this rotation: a value per feature, the cohort of their seat."""

    id: str
    values: Values
    cohort: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the pool. `free` is the first rotation at which they may be drawn, None for none.

    Members who sit, and people who are cooling off, are candidates with a later `free`.
    """

    id: str
    values: Values
    free: int | None = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A standing panel at one rotation, and how far ahead it is planned.

    `targets` bind the whole body, at every rotation. `cohorts` are the seats of each cohort; a seat without a
    member is vacant and is filled now, for the rest of its term. `dates` are rotations 0 … the last one
    planned; `now` is the number of the one to draw, 0 for the founding.
    `later`: None when the pool stays as it is known, so that whoever serves is missing from it until
    they have cooled off; otherwise how many people of each kind a *new* pool is assumed to have at
    each later rotation.
    """

    features: tuple[str, ...]
    targets: tuple[Target, ...]
    cohorts: tuple[int, ...]
    dates: tuple[Rotation, ...]
    now: int
    members: tuple[Member, ...]
    candidates: tuple[Candidate, ...]
    cooling: CoolingOff = field(default_factory=CoolingOff)
    later: Mapping[Values, int] | None = None

    @property
    def size(self) -> int:
        return sum(self.cohorts)

    @property
    def last(self) -> int:
        """The number of the last rotation planned."""
        return self.dates[-1].number


@dataclass(frozen=True, slots=True)
class Group:
    """Seats that are drawn together: those of `cohort` filled at rotation `start`.

    They are held until rotation `end`; whoever held one may be drawn again from `free` on (None: not within
    the plan).
    """

    cohort: int
    seats: int
    start: int
    end: int
    free: int | None

    def sits(self, rotation: int) -> bool:
        return self.start <= rotation < self.end

    def bars(self, rotation: int) -> bool:
        """Whether its people cannot be drawn at this rotation."""
        return self.start <= rotation and (self.free is None or rotation < self.free)


def groups(question: Question) -> tuple[Group, ...]:
    """Every draw of the plan: first those of now (one per cohort with vacant seats), then the later ones."""
    count = len(question.cohorts)
    taken = Counter(member.cohort for member in question.members)
    made = []

    def add(cohort: int, seats: int, start: int) -> None:
        end = term_end(cohort, start, count)
        free = None
        if end <= question.last:
            free = free_again(question.dates[end].day, question.cooling, question.dates, end)
        if seats:
            made.append(Group(cohort, seats, start, end, free))

    for cohort, seats in enumerate(question.cohorts, start=1):
        add(cohort, seats - taken[cohort], question.now)
    for number in range(question.now + 1, question.last + 1):
        cohort = 1 + (number - 1) % count
        add(cohort, question.cohorts[cohort - 1], number)
    return tuple(made)


def check(question: Question) -> None:
    """Raises BadInput with everything that is wrong with the question itself."""
    faults: list[Reason] = []
    numbers = [rotation.number for rotation in question.dates]
    if not numbers or numbers != list(range(len(numbers))) or not 0 <= question.now <= numbers[-1]:
        last = numbers[-1] if numbers else 0
        faults.append(Reason("NOW_OUTSIDE", {"rotation": question.now, "last": last}))
    if not question.cohorts or min(question.cohorts, default=0) < 1:
        faults.append(Reason("COHORTS_RANGE"))
    cooling = question.cooling
    if min(cooling.months, cooling.rotations) < 0:
        faults.append(Reason("COOLING_RANGE"))
    known = {(target.feature, target.value) for target in question.targets}
    if len(known) < len(question.targets) or any(
        t.feature not in question.features for t in question.targets
    ):
        faults.append(Reason("TARGETS_CLASH"))
    for target in question.targets:
        if not 0 <= target.minimum <= target.maximum:
            params: dict[str, str | int] = {"feature": target.feature, "value": target.value}
            faults.append(Reason("QUOTA_RANGE", params))
    faults += _people(question, known)
    if faults:
        raise BadInput(faults)


def _people(question: Question, known: set[tuple[str, str]]) -> list[Reason]:
    faults: list[Reason] = []
    for kind, people in (("member", question.members), ("candidate", question.candidates)):
        for id_, times in Counter(person.id for person in people).items():
            if times > 1:
                faults.append(Reason("ID_TWICE", {"id": id_, "list": kind}))
        for person in people:
            pairs = list(zip(question.features, person.values, strict=False))
            if len(person.values) != len(question.features) or any(pair not in known for pair in pairs):
                faults.append(Reason("VALUES_UNKNOWN", {"id": person.id, "list": kind}))
    for values, people_then in (question.later or {}).items():
        pairs = list(zip(question.features, values, strict=False))
        if (
            len(values) != len(question.features)
            or any(pair not in known for pair in pairs)
            or people_then < 0
        ):
            faults.append(Reason("LATER_UNKNOWN"))
    if not question.cohorts or min(question.cohorts) < 1:
        return faults
    taken = Counter(member.cohort for member in question.members)
    for cohort, seats in sorted(taken.items()):
        room = question.cohorts[cohort - 1] if 1 <= cohort <= len(question.cohorts) else None
        if room is None:
            faults.append(Reason("COHORT_UNKNOWN", {"cohort": cohort, "cohorts": len(question.cohorts)}))
        elif seats > room:
            faults.append(Reason("COHORT_OVERFULL", {"cohort": cohort, "members": seats, "seats": room}))
    leaves = 1 + (question.now - 1) % len(question.cohorts)
    if question.now and taken[leaves]:
        faults.append(Reason("COHORT_LEAVES", {"cohort": leaves, "rotation": question.now}))
    if not question.now and question.members:
        faults.append(Reason("FOUNDED_WITH_MEMBERS"))
    sitting = {member.id: member for member in question.members}
    for candidate in question.candidates:
        free = candidate.free
        if candidate.id in sitting and free is not None:
            member = sitting[candidate.id]
            if 1 <= member.cohort <= len(question.cohorts):
                end = term_end(member.cohort, question.now, len(question.cohorts))
                if free < end:
                    faults.append(Reason("MEMBER_IS_FREE", {"id": candidate.id}))
    return faults
