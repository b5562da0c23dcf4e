"""One rotation drawn: a leximin lottery over the candidates, each panel of which keeps the later rotations.

First the panel, by the lottery's number. Then, where seats with different terms are filled together (at the
founding, or beside vacant seats), who gets which term: by lot among all ways to hand them out after which
a plan still keeps every quota.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from services.sortition.lottery.generator import Generator
from services.sortition.lottery.leximin import silent
from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.number import from_seed
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.lottery.seating import seat
from services.sortition.lottery.solver import Vector
from services.sortition.lottery.types import reduce

from .calendar import free_again
from .errors import BadInput, Infeasible, Reason
from .model import Plans, may_be_drawn
from .plan import explain, room
from .question import Candidate, Group, Member, Question, check
from .safe import Progress, safe_leximin

# Random allotments of terms that are tried whole; each that fits is as likely as any other.
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Seated:
    """Somebody drawn: the cohort of their seat, the rotations at which they take it and leave it."""

    id: str
    cohort: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rotation's draw.

    `exact` is the leximin lottery over the safe panels (None when no seat is vacant), `lottery` the m equally
    likely panels, `number` the one that was drawn. `seated` are sorted by cohort and id. `uniform_terms`
    says whether every allotment of terms that fits was equally likely; False when fitting ones were so rare
    that terms were given one person at a time.
    """

    exact: ExactLottery | None
    lottery: UniformLottery
    number: int
    seated: tuple[Seated, ...]
    uniform_terms: bool = True


def draw(question: Question, seed: str, panels: int = 1000, progress: Progress = silent) -> Drawn:
    """Fill every vacant seat of rotation `question.now`. Deterministic from question, seed and `panels`.

    Independent of the order of people, targets and features. Raises BadInput (PANELS_RANGE, SEED_EMPTY and
    those of `question.check`), Infeasible when no plan keeps every quota up to the last rotation.
    """
    check(question)
    faults = []
    if panels < 1:
        faults.append(Reason("PANELS_RANGE", {"panels": panels}))
    if not seed.strip():
        faults.append(Reason("SEED_EMPTY"))
    if faults:
        raise BadInput(faults)
    plans = Plans(question)
    progress("plan", None)
    if plans.any() is None:
        raise explain(question)
    vacant = [plans.groups[g] for g in plans.drawn_now]
    if not vacant:
        nobody = {candidate.id: Fraction(0) for candidate in question.candidates}
        return Drawn(None, UniformLottery(((),), dict(sorted(nobody.items()))), 0, ())
    reduction = reduce(_problem(plans, sum(group.seats for group in vacant)))
    exact = safe_leximin(plans, reduction, progress)
    progress("seats", None)
    counts = Generator(seed, "rotation order of panels").shuffled(rounded(exact, panels))
    people = seat(exact, counts, Generator(seed, "rotation seats"), {})
    chances = {candidate.id: 0 for candidate in question.candidates}
    for panel in people:
        for person in panel:
            chances[person] += 1
    number = from_seed(seed, panels)
    lottery = UniformLottery(
        panels=tuple(tuple(sorted(panel)) for panel in people),
        chances={person: Fraction(chances[person], panels) for person in sorted(chances)},
    )
    terms, fair = _terms(plans, vacant, lottery.panels[number], seed)
    seated = tuple(
        Seated(person, group.cohort, group.start, group.end)
        for group, person in sorted(
            ((group, person) for group, ids in zip(vacant, terms, strict=True) for person in ids),
            key=lambda pair: (pair[0].cohort, pair[1]),
        )
    )
    return Drawn(exact, lottery, number, seated, fair)


def _problem(plans: Plans, seats: int) -> Problem:
    """The lottery's question: who may be drawn now, and the room that the plan leaves each value."""
    question, size = plans.question, len(plans.kinds)
    targets = []
    for target in question.targets:
        f = question.features.index(target.feature)
        columns = [
            g * size + k
            for g in plans.drawn_now
            for k, kind in enumerate(plans.kinds)
            if kind[f] == target.value
        ]
        low, high = room(plans, columns)
        targets.append(Target(target.feature, target.value, low, high))
    people = tuple(
        Person(candidate.id, candidate.values)
        for candidate in question.candidates
        if may_be_drawn(candidate, question.now)
    )
    return Problem(question.features, tuple(targets), people, seats)


def rounded(exact: ExactLottery, panels: int) -> list[tuple[int, ...]]:
    """`panels` equally likely panels out of the lottery's own, each taken about as often as it weighs.

    The floors of m times each weight, the rest herded towards what is missing (Welling, ICML 2009). No other
    panels than the lottery's, as `lottery.uniform` would make them: another may not be safe.
    """
    made: list[tuple[int, ...]] = []
    missing = np.zeros(len(exact.types))
    support = np.array(exact.panels, dtype=float)
    for panel, weight in zip(exact.panels, exact.weights, strict=True):
        times = weight * panels
        whole = times.numerator // times.denominator
        made.extend([panel] * whole)
        missing += float(times - whole) * np.array(panel, dtype=float)
    rest = panels - len(made)
    members = np.array([len(kind.members) for kind in exact.types], dtype=float)
    total = np.zeros(len(members))
    for j in range(1, rest + 1):
        costs = (j * missing / rest - total) / members**2
        # What adding each panel would leave of the difference, in squares of chances.
        nearest = int(np.argmax(2 * (support @ costs) - (support**2) @ (1 / members**2)))
        total += support[nearest]
        made.append(exact.panels[nearest])
    return made


def _terms(
    plans: Plans, vacant: list[Group], panel: tuple[str, ...], seed: str
) -> tuple[list[list[str]], bool]:
    """The people of each vacant group, and whether all fitting ways to hand out the terms were as likely."""
    if len(vacant) == 1:
        return [list(panel)], True
    kind_of = {c.id: plans.kinds.index(c.values) for c in plans.question.candidates if c.id in set(panel)}
    generator = Generator(seed, "rotation terms")
    for _ in range(_TRIES):
        order = generator.shuffled(panel)
        allotted, first = [], 0
        for group in vacant:
            allotted.append(order[first : first + group.seats])
            first += group.seats
        if _fits(plans, allotted, kind_of):
            return allotted, True
    return _one_by_one(plans, vacant, generator, generator.shuffled(panel), kind_of), False


def _fits(plans: Plans, allotted: list[list[str]], kind_of: dict[str, int]) -> bool:
    size = len(plans.kinds)
    at_least = plans.lower.copy()
    for g, people in zip(plans.drawn_now, allotted, strict=True):
        for person in people:
            at_least[g * size + kind_of[person]] += 1
    return plans.any(_of_panel(kind_of, size), at_least) is not None


def _of_panel(kind_of: dict[str, int], size: int) -> Vector:
    total = np.zeros(size)
    for kind in kind_of.values():
        total[kind] += 1
    return total


def _one_by_one(
    plans: Plans, vacant: list[Group], generator: Generator, order: list[str], kind_of: dict[str, int]
) -> list[list[str]]:
    """Each person in turn a random term among those that still lead to a plan. There always is one."""
    allotted: list[list[str]] = [[] for _ in vacant]
    for person in order:
        open_groups = [g for g, group in enumerate(vacant) if len(allotted[g]) < group.seats]
        for g in generator.shuffled(open_groups):
            allotted[g].append(person)
            if _fits(plans, allotted, kind_of):
                break
            allotted[g].pop()
        else:
            raise Infeasible(plans.question.now)
    return allotted


def after(question: Question, drawn: Drawn) -> Question:
    """The question of the next rotation: who drawn or sitting stays, and when everybody may be drawn again.

    Raises ValueError after the last rotation. The pool is the same; a new one takes its place by `replace`.
    """
    number = question.now + 1
    if number > question.last:
        raise ValueError(f"rotation {question.now} is the last one planned")
    values = {candidate.id: candidate.values for candidate in question.candidates}
    body = [*question.members, *(Member(s.id, values[s.id], s.cohort) for s in drawn.seated)]
    leaving = 1 + question.now % len(question.cohorts)
    dates, back = question.dates, {}
    for one in drawn.seated:
        known = one.end <= question.last
        back[one.id] = free_again(dates[one.end].day, question.cooling, dates, one.end) if known else None

    def then(candidate: Candidate) -> Candidate:
        return replace(candidate, free=back[candidate.id]) if candidate.id in back else candidate

    return replace(
        question,
        now=number,
        members=tuple(member for member in body if member.cohort != leaving),
        candidates=tuple(map(then, question.candidates)),
    )
