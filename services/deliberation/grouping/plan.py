"""Makes a plan of rotating groups, and plans the rest again once rounds have been held.

Two searches share the effort: one from a random seating that keeps all hard rules, and, where algebra offers
rounds in which nobody meets twice, one from those. The cheaper result is the plan. The same problem, held
rounds, seed and effort give the same plan everywhere, whatever the order of the input.
"""

from __future__ import annotations

from services.deliberation.grouping.anneal import HOT, WARM, Found, anneal
from services.deliberation.grouping.check import check
from services.deliberation.grouping.dealing import deal
from services.deliberation.grouping.errors import Cure, CureKind, Infeasible, Reason
from services.deliberation.grouping.facilitators import Shift, rotate
from services.deliberation.grouping.figures import measure
from services.deliberation.grouping.model import Held, Model, build, input_digest
from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.seating import random_seating, repeat_free_design
from services.deliberation.grouping.state import Groups, State
from services.deliberation.grouping.types import Group, Plan, PlannedRound, Problem

MOST_EFFORT = 2_000_000
EFFORT_PER_SEAT = 15_000


def plan(problem: Problem, seed: str, effort: int | None = None) -> Plan:
    """Groups for every round. `effort`: search steps; by default 15,000 per seat, at most 2 million.

    A seat is one person in one round.

    Raises BadInput (all faults at once), Infeasible (which rules clash, and what helps) or Undecided.
    """
    return replan(problem, (), seed, effort)


def replan(problem: Problem, held: Held, seed: str, effort: int | None = None) -> Plan:
    """Groups for the rounds after the held ones, which stay as they were: `held[r]` is round r + 1 as it sat.

    The problem is that of `plan`, with today's members, absences and rules; its first len(held) rounds are
    not planned. Whoever left counts in the figures and in nobody's groups; whoever is new has met nobody.
    Raises as `plan`.
    """
    check(problem, held, effort)
    model = build(problem, held)
    _enough_facilitators(problem, model)
    seats = sum(len(present) for present in model.present)
    steps = min(MOST_EFFORT, EFFORT_PER_SEAT * max(seats, 1)) if effort is None else effort
    seating = _search(problem, model, seed, steps)
    rounds = _held_rounds(held) + _named_rounds(problem, model, held, seating, seed)
    return Plan(
        rounds=rounds,
        figures=measure(problem, held, rounds),
        seed=seed,
        effort=steps,
        input_digest=input_digest(problem, held),
        notices=tuple(_notices(model)),
    )


def _search(problem: Problem, model: Model, seed: str, steps: int) -> Groups:
    def tolerated(seating: Groups) -> int:
        cells = sum(len(groups) for groups in seating) * len(model.labels)
        return cells * problem.tolerance // 100

    start = random_seating(model, Stream(seed, "start"))
    found: list[Found] = []
    design = repeat_free_design(model)
    if design is not None:
        dealt = deal(model, design, steps // 16, Stream(seed, "deal"))
        if dealt is not None:
            stream = Stream(seed, "from design")
            found.append(anneal(State(model, dealt), steps * 11 // 16, tolerated(dealt), stream, WARM))
            steps //= 4
    if not found or found[0].total:
        stream = Stream(seed, "from chance")
        found.append(anneal(State(model, start), steps, tolerated(start), stream, HOT))
    return min(found, key=lambda result: result.total).seating


def _enough_facilitators(problem: Problem, model: Model) -> None:
    if not problem.facilitators:
        return
    for r, present in enumerate(model.present):
        number = model.first_round + r
        here = set(problem.facilitators) - problem.rounds[number - 1].absent
        groups = min(model.groups[r], len(present))
        if len(here) < groups:
            cures = [Cure(CureKind.MORE_FACILITATORS, count=groups)]
            if here:
                cures.append(Cure(CureKind.FEWER_GROUPS, count=len(here)))
            seats = -(-len(present) // model.groups[r])
            raise Infeasible("TOO_FEW_FACILITATORS", number, groups, seats, (), cures)


def _held_rounds(held: Held) -> tuple[PlannedRound, ...]:
    return tuple(
        PlannedRound(
            number,
            tuple(
                Group(g, tuple(sorted(group.members)), group.facilitator) for g, group in enumerate(groups, 1)
            ),
            held=True,
        )
        for number, groups in enumerate(held, 1)
    )


def _named_rounds(
    problem: Problem, model: Model, held: Held, seating: Groups, seed: str
) -> tuple[PlannedRound, ...]:
    leaders = _facilitators(problem, model, held, seating, seed)
    needs = {member.id: member.needs for member in problem.members}
    rounds = []
    for r, groups in enumerate(seating):
        named = []
        for g, people in enumerate(groups):
            members = tuple(model.ids[person] for person in sorted(people))
            used = tuple(sorted({need for member in members for need in needs[member]}))
            named.append(Group(g + 1, members, leaders[r][g], used))
        rounds.append(PlannedRound(model.first_round + r, tuple(named)))
    return tuple(rounds)


def _facilitators(
    problem: Problem, model: Model, held: Held, seating: Groups, seed: str
) -> list[list[str | None]]:
    names = sorted(problem.facilitators)
    number = {name: f for f, name in enumerate(names)}
    met: dict[tuple[int, int], int] = {}
    worked = [0] * len(names)
    for groups in held:
        for group in groups:
            f = number.get(group.facilitator or "")
            if f is not None:
                worked[f] += 1
                for member in group.members & model.number.keys():
                    met[f, model.number[member]] = met.get((f, model.number[member]), 0) + 1
    if not names:
        return [[None] * len(groups) for groups in seating]
    away = [planned.absent for planned in problem.rounds[model.first_round - 1 :]]
    shifts = [
        Shift([f for f, name in enumerate(names) if name not in away[r]], groups)
        for r, groups in enumerate(seating)
    ]
    chosen = rotate(len(names), shifts, met, worked, Stream(seed, "facilitators"))
    return [[None if f is None else names[f] for f in groups] for groups in chosen]


def _notices(model: Model) -> list[Reason]:
    notices = []
    for r, present in enumerate(model.present):
        number, groups, people = model.first_round + r, model.groups[r], len(present)
        if not present:
            notices.append(Reason("NOBODY_COMES", {"round": number}))
        elif people < 2 * groups:
            code = "EMPTY_GROUPS" if people < groups else "GROUPS_OF_ONE"
            notices.append(Reason(code, {"round": number, "groups": groups, "people": people}))
    return notices
