"""Ranked search: which tasks are open to a person, in which order and why, and what keeps the others closed.

Hard rules first (`search_rules`), then a score that anybody can add up again: whole points, each with its
reason, after published weights. Nothing is learnt from what others chose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from services.volunteer.matching.errors import BadInput, Parameter, Reason
from services.volunteer.matching.lots import lot
from services.volunteer.matching.search_rules import blocks, distance
from services.volunteer.matching.search_types import (
    TIMES,
    Hidden,
    Part,
    Points,
    Ranking,
    Seeker,
    Shown,
    Task,
    Weights,
)

DEFAULT_WEIGHTS = Weights()


def rank(
    people: Sequence[Seeker],
    tasks: Sequence[Task],
    on: date,
    seed: str,
    weights: Weights = DEFAULT_WEIGHTS,
) -> tuple[Ranking, ...]:
    """A ranking for each person, by id, as of the day `on`.

    Tasks of equal points stand in an order drawn by lot for each person, so that none always comes last. The
    order of the rows means nothing. Raises BadInput with every fault.
    """
    check(people, tasks, on, weights)
    return tuple(
        _ranking(each, tasks, on, seed, weights) for each in sorted(people, key=lambda each: each.id)
    )


def _ranking(person: Seeker, tasks: Sequence[Task], on: date, seed: str, weights: Weights) -> Ranking:
    hidden, scored = [], []
    for task in tasks:
        against = blocks(person, task, on)
        if against:
            hidden.append(Hidden(task.id, against))
        else:
            parts = score(person, task, weights)
            scored.append((sum(each.points for each in parts), task.id, parts))
    scored.sort(key=lambda each: (-each[0], lot(seed, "rank", person.id, each[1])))
    shown: list[Shown] = []
    for at, (points, name, parts) in enumerate(scored, 1):
        place = shown[-1].place if shown and shown[-1].points == points else at
        shown.append(Shown(name, place, points, parts))
    return Ranking(
        person.id, tuple(shown), tuple(sorted(hidden, key=lambda each: (len(each.blocks), each.task)))
    )


def score(person: Seeker, task: Task, weights: Weights = DEFAULT_WEIGHTS) -> tuple[Points, ...]:
    """The points of each part, in their order. Shares are rounded down to whole points."""
    return (
        _skill(person, task, weights.skill),
        _time(person, task, weights.time),
        _distance(person, task, weights),
        _need(task, weights.need),
        _newcomer(person, task, weights.newcomer),
    )


def _skill(person: Seeker, task: Task, most: int) -> Points:
    """The share of wished skills and of causes that the person has; all points where none is wished."""
    of = len(task.wished) + len(task.causes)
    if not of:
        return Points(Part.SKILL, most, most, Reason("NOTHING_WISHED"))
    hits = sorted(task.wished & person.skills) + sorted(task.causes & person.causes)
    params: dict[str, Parameter] = {"count": len(hits), "of": of, "names": tuple(hits)}
    return Points(Part.SKILL, most * len(hits) // of, most, Reason("WISHES_MET", params))


def _time(person: Seeker, task: Task, most: int) -> Points:
    """The share of the task's times at which the person is free; all points where either is open."""
    if not task.times:
        return Points(Part.TIME, most, most, Reason("TIME_BY_AGREEMENT"))
    if not person.free:
        return Points(Part.TIME, most, most, Reason("TIME_NOT_SAID"))
    count = len(task.times & person.free)
    reason = Reason("TIMES_SHARED", {"count": count, "of": len(task.times)})
    return Points(Part.TIME, most * count // len(task.times), most, reason)


def _distance(person: Seeker, task: Task, weights: Weights) -> Points:
    """Falls evenly from all points at home to none at the end of the person's reach."""
    most = weights.distance
    if task.place is None:
        return Points(Part.DISTANCE, most, most, Reason("ANYWHERE"))
    metres = distance(person, task)
    if metres is None:
        return Points(Part.DISTANCE, 0, most, Reason("HOME_NOT_SAID"))
    reach = weights.reach if person.reach is None else person.reach
    points = most * max(0, reach - metres) // reach if reach else most
    return Points(Part.DISTANCE, points, most, Reason("AWAY", {"metres": metres}))


def _need(task: Task, most: int) -> Points:
    """The share of places that are still empty."""
    reason = Reason("PLACES_LEFT", {"count": task.left, "of": task.places})
    return Points(Part.NEED, most * task.left // max(1, task.places), most, reason)


def _newcomer(person: Seeker, task: Task, most: int) -> Points:
    if not person.newcomer:
        return Points(Part.NEWCOMER, 0, most, Reason("NO_NEWCOMER"))
    if task.beginners:
        return Points(Part.NEWCOMER, most, most, Reason("NEWCOMERS_WELCOME"))
    return Points(Part.NEWCOMER, 0, most, Reason("NOT_FOR_NEWCOMERS"))


def check(people: Sequence[Seeker], tasks: Sequence[Task], on: date, weights: Weights) -> None:
    """Raises BadInput with every fault."""
    faults = [*_weight_faults(weights), *_person_faults(people, on), *_task_faults(tasks)]
    if faults:
        raise BadInput(faults)


def _doubled(ids: Iterator[str]) -> list[str]:
    return sorted(name for name, times in Counter(ids).items() if times > 1)


def _weight_faults(weights: Weights) -> Iterator[Reason]:
    for part in Part:
        if getattr(weights, part.value) < 0:
            yield Reason("NEGATIVE_WEIGHT", {"part": part.value})
    if weights.reach < 1:
        yield Reason("NEGATIVE_WEIGHT", {"part": "reach"})


def _person_faults(people: Sequence[Seeker], on: date) -> Iterator[Reason]:
    for name in _doubled(each.id for each in people):
        yield Reason("DUPLICATE_PERSON", {"person": name})
    for each in people:
        if each.born is not None and each.born > on:
            yield Reason("BORN_LATER", {"person": each.id, "date": on})
        if each.reach is not None and each.reach < 0:
            yield Reason("NEGATIVE_REACH", {"person": each.id})
        for time in sorted(each.free - TIMES):
            yield Reason("UNKNOWN_TIME", {"id": each.id, "time": time})


def _task_faults(tasks: Sequence[Task]) -> Iterator[Reason]:
    for name in _doubled(each.id for each in tasks):
        yield Reason("DUPLICATE_TASK", {"task": name})
    for each in tasks:
        if not 0 <= each.left <= each.places:
            yield Reason("LEFT_OVER_PLACES", {"task": each.id, "count": each.left, "of": each.places})
        if not 0 <= each.minimum_age <= 150:
            yield Reason("BAD_AGE", {"task": each.id})
        for time in sorted(each.times - TIMES):
            yield Reason("UNKNOWN_TIME", {"id": each.id, "time": time})
