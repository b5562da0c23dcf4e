"""The plan: a composition for every cohort to come with which every rotation keeps every quota.

A rotation drawn without a plan can use up the few whom a later one needs, or seat people whose long terms a
later one cannot balance. So all rotations are planned at once (`model`), and the plan says for each draw
which counts per value the later ones leave room for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.solver import INFINITY, Model, Vector, compressed

from .errors import Infeasible, Shortfall, Side
from .model import Bounded, Plans
from .question import Group, Question, check


@dataclass(frozen=True, slots=True)
class Room:
    """One value in one draw: the counts any plan has there, and the one that this plan takes.

    `lowest` and `highest` come from the relaxation: no plan lies outside them, and now and then the last seat
    of the range is in none. `staying` sit already before the draw, `body` is the whole body's count after it.
    """

    rotation: int
    feature: str
    value: str
    minimum: int
    maximum: int
    staying: int
    lowest: int
    highest: int
    planned: int
    body: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Rooms by rotation, feature and value; `draws` are the groups with what each takes, per kind.

    `counts[i]` maps the values of a kind to how many `draws[i]` takes of it.
    """

    rooms: tuple[Room, ...]
    draws: tuple[Group, ...]
    counts: tuple[dict[tuple[str, ...], int], ...]


def plan(question: Question) -> Plan:
    """Plan every rotation from `question.now` to the last. Deterministic, independent of the order of people.

    Of all plans, one whose draws are each as near as whole people allow to their share of the body's targets,
    so that what happens meanwhile meets no extreme. Raises BadInput, Infeasible.
    """
    check(question)
    plans = Plans(question)
    made = even(plans)
    if made is None:
        raise explain(question)
    size = len(plans.kinds)
    counts = tuple(
        {kind: int(made[g * size + k]) for k, kind in enumerate(plans.kinds) if made[g * size + k]}
        for g in range(len(plans.groups))
    )
    return Plan(tuple(_rooms(plans, made)), plans.groups, counts)


def even(plans: Plans) -> Vector | None:
    """A plan near the share of every target in every draw; None when there is no plan at all."""
    if not len(plans.lower):
        return plans.any()
    wanted = _wanted(plans)
    near = _relaxed(plans, wanted)
    if near is None:
        # Not even the relaxation has a point, so there is none in whole people.
        return None
    for reach in (0, 1):
        found = _within(plans, wanted, near, reach)
        if found is not None:
            return found
    return plans.any()


def _wanted(plans: Plans) -> list[tuple[Row, float]]:
    """Per group and value: its columns, and the group's share of the middle of the target."""
    question, size = plans.question, len(plans.kinds)
    rows = []
    for g, group in enumerate(plans.groups):
        for target in sorted(question.targets, key=lambda target: (target.feature, target.value)):
            f = question.features.index(target.feature)
            columns = [(g * size + k, 1) for k, kind in enumerate(plans.kinds) if kind[f] == target.value]
            middle = (target.minimum + min(target.maximum, question.size)) / 2
            row = Row(RowKind.TRUSTED, tuple(columns), None, None)
            rows.append((row, group.seats * middle / question.size))
    return rows


def _relaxed(plans: Plans, wanted: list[tuple[Row, float]]) -> Vector | None:
    """The relaxed plan with the least sum of distances to what is wanted, as counts per `wanted` row."""
    width, extra = len(plans.lower), len(wanted)
    rows = [bounded.row for bounded in plans.rows]
    rows += [
        Row(RowKind.TRUSTED, (*row.coefficients, (width + 2 * i, 1), (width + 2 * i + 1, -1)), None, None)
        for i, (row, _) in enumerate(wanted)
    ]
    row_lower, row_upper, starts, indices, values = compressed(rows)
    if extra:
        row_lower[-extra:] = row_upper[-extra:] = [middle for _, middle in wanted]
    costs = np.concatenate([np.zeros(width), np.full(2 * extra, -1.0)])
    lower = np.concatenate([plans.lower, np.zeros(2 * extra)])
    upper = np.concatenate([plans.upper, np.full(2 * extra, INFINITY)])
    model = Model(costs, lower, upper, row_lower, row_upper, starts, indices, values)
    if not model.solve():
        return None
    x = model.values
    return np.array([sum(x[column] for column, _ in row.coefficients) for row, _ in wanted])


def _within(plans: Plans, wanted: list[tuple[Row, float]], near: Vector, reach: int) -> Vector | None:
    """A plan whose counts per value are those of `near` rounded down to rounded up, `reach` further."""
    rows = []
    for (row, _), count in zip(wanted, near.tolist(), strict=True):
        low, high = int(np.floor(count + 1e-7)) - reach, int(np.ceil(count - 1e-7)) + reach
        rows.append(Row(RowKind.TRUSTED, row.coefficients, low, high))
    return plans.within(rows)


def _rooms(plans: Plans, made: Vector) -> list[Room]:
    question, size = plans.question, len(plans.kinds)
    rooms = []
    for rotation in range(question.now, question.last + 1):
        incoming = [g for g, group in enumerate(plans.groups) if group.start == rotation]
        sitting = [g for g, group in enumerate(plans.groups) if group.sits(rotation)]
        staying = plans.staying(rotation)
        for target in sorted(question.targets, key=lambda target: (target.feature, target.value)):
            f = question.features.index(target.feature)
            holders = [k for k, kind in enumerate(plans.kinds) if kind[f] == target.value]
            columns = [g * size + k for g in incoming for k in holders]
            old = sum(1 for values in staying if values[f] == target.value)
            body = old + int(sum(made[g * size + k] for g in sitting for k in holders))
            planned = int(made[columns].sum())
            lowest, highest = room(plans, columns)
            rooms.append(
                Room(
                    rotation, target.feature, target.value, target.minimum, target.maximum,
                    body - planned, lowest, highest, planned, body,
                )
            )  # fmt: skip
    return rooms


def room(plans: Plans, columns: list[int]) -> tuple[int, int]:
    """Bounds on these columns' sum in every plan, by the relaxation."""
    costs = np.zeros(len(plans.lower))
    costs[columns] = 1.0
    return -_bound(plans, -costs), _bound(plans, costs)


def _bound(plans: Plans, costs: Vector) -> int:
    """A whole number that costs · x does not pass in any plan."""
    if not costs.any():
        return 0
    model = plans.relaxation()
    model.set_costs(costs)
    model.solve()
    return int(np.floor(model.objective + 1e-6))


def explain(question: Question) -> Infeasible:
    """Which rotation cannot be kept, and the quotas that give way in the plan that breaks them least.

    Call only where there is no plan. Quotas give way by the fewest seats in all, counted at each rotation.
    """
    first = next(
        last for last in range(question.now, question.last + 1) if Plans(question, last).any() is None
    )
    people = Plans(question, first, quotas=False)
    if people.any() is None:
        return _too_few(question, first)
    whole = Plans(question)
    if Plans(question, quotas=False).any() is None:
        # Later there are too few people at all: name the quotas up to the first rotation that fails.
        whole = Plans(question, first)
    return Infeasible(first, _shortfalls(whole))


def _too_few(question: Question, rotation: int) -> Infeasible:
    plans = Plans(question, rotation, quotas=False)
    seats = sum(group.seats for group in plans.groups if group.start == rotation)
    barred = sum(g.seats for g in plans.groups if g.start < rotation and g.bars(rotation))
    if question.later is not None and rotation > question.now:
        barred = 0
    people = sum(plans.available(next(g for g in plans.groups if g.start == rotation))) - barred
    return Infeasible(rotation, (), seats, max(0, people))


def _shortfalls(plans: Plans) -> tuple[Shortfall, ...]:
    """The least loosening: an integer programme in which every quota may give way at a price per seat."""
    width = len(plans.lower)
    quotas: list[tuple[int, Bounded]] = [
        (r, bounded) for r, bounded in enumerate(plans.rows) if bounded.row.kind is RowKind.QUOTA
    ]
    rows = [bounded.row for bounded in plans.rows]
    for i, (r, bounded) in enumerate(quotas):
        slack = ((width + 2 * i, 1), (width + 2 * i + 1, -1))
        rows[r] = Row(
            RowKind.QUOTA, (*bounded.row.coefficients, *slack), bounded.row.lower, bounded.row.upper
        )
    row_lower, row_upper, starts, indices, values = compressed(rows)
    far = plans.question.size + max((target.minimum for target in plans.question.targets), default=0)
    most = np.full(2 * len(quotas), float(far))
    model = Model(
        np.concatenate([np.zeros(width), np.full(len(most), -1.0)]),
        np.concatenate([plans.lower, np.zeros(len(most))]),
        np.concatenate([plans.upper, most]),
        row_lower, row_upper, starts, indices, values, integer=True,
    )  # fmt: skip
    if not model.solve():
        return ()
    slacks = np.round(model.values[width:]).astype(int)
    targets = {(t.feature, t.value): t for t in plans.question.targets}
    found = []
    for i, (_, bounded) in enumerate(quotas):
        target = targets[(bounded.row.feature, bounded.row.value)]
        for seats, side, quota in (
            (slacks[2 * i], Side.MINIMUM, target.minimum),
            (-slacks[2 * i + 1], Side.MAXIMUM, target.maximum),
        ):
            if seats:
                reached = quota - int(seats)
                found.append(Shortfall(bounded.rotation, target.feature, target.value, side, quota, reached))
    return tuple(found)
