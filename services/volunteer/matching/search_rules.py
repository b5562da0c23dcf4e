"""The hard rules between a person and a task: why it is blocked, and what would open it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import isqrt

from services.volunteer.matching.errors import Reason
from services.volunteer.matching.search_types import Block, Contact, Opening, Seeker, Task

# Nobody takes work tasks before this age; a guardian consents for whoever is younger than that one.
LEAST_AGE = 13
CONSENT_AGE = 15


def birthday(born: date, age: int) -> date:
    """The day on which somebody reaches an age; 1 March for those born on 29 February in other years."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def distance(person: Seeker, task: Task) -> int | None:
    """Metres in a straight line, rounded down; None when either place is not known."""
    if person.home is None or task.place is None:
        return None
    return isqrt((person.home[0] - task.place[0]) ** 2 + (person.home[1] - task.place[1]) ** 2)


def blocks(person: Seeker, task: Task, on: date) -> tuple[Block, ...]:
    """Every rule that keeps the task from the person on a day."""
    return (*_age(person, task, on), *_children(person, task, on), *_fit(person, task), *_room(task, on))


def _age(person: Seeker, task: Task, on: date) -> Iterator[Block]:
    if person.born is None:
        return
    age = max(LEAST_AGE, task.minimum_age)
    reached = birthday(person.born, age)
    if on < reached:
        yield Block(Reason("TOO_YOUNG", {"age": age, "date": reached}), Opening.WAITING)
    if on < birthday(person.born, CONSENT_AGE) and not person.guardian_consents:
        yield Block(Reason("GUARDIAN_CONSENT_MISSING", {"age": CONSENT_AGE}), Opening.GUARDIAN)


def _children(person: Seeker, task: Task, on: date) -> Iterator[Block]:
    own = {"organisation": task.organisation}
    if task.children is not Contact.NONE and (task.declared is None or task.declared < on):
        yield Block(Reason("DECLARATION_MISSING", own), Opening.ORGANISATION)
    if task.children is Contact.REGULAR:
        until = person.clearances.get(task.organisation)
        if until is None:
            yield Block(Reason("CLEARANCE_MISSING", own), Opening.ORGANISATION)
        elif until < on:
            yield Block(Reason("CLEARANCE_EXPIRED", {**own, "date": until}), Opening.ORGANISATION)


def _fit(person: Seeker, task: Task) -> Iterator[Block]:
    lacking = task.skills - person.skills
    if lacking:
        yield Block(Reason("SKILLS_MISSING", {"skills": tuple(sorted(lacking))}), Opening.PERSON)
    if task.languages and not task.languages & person.languages:
        yield Block(Reason("LANGUAGE_MISSING", {"languages": tuple(sorted(task.languages))}), Opening.PERSON)
    if task.times and person.free and not task.times & person.free:
        yield Block(Reason("NO_COMMON_TIME", {"times": tuple(sorted(task.times))}), Opening.PERSON)
    metres = distance(person, task)
    if metres is not None and person.reach is not None and metres > person.reach:
        yield Block(Reason("TOO_FAR", {"metres": metres, "reach": person.reach}), Opening.PERSON)
    if task.place is not None and person.needs - task.access:
        needs = tuple(sorted(person.needs - task.access))
        yield Block(Reason("NOT_ACCESSIBLE", {"needs": needs}), Opening.ORGANISATION)


def _room(task: Task, on: date) -> Iterator[Block]:
    if task.closes is not None and task.closes < on:
        yield Block(Reason("CLOSED", {"date": task.closes}), Opening.NOBODY)
    elif task.left == 0:
        yield Block(Reason("FULL", {"places": task.places}), Opening.WAITING)
