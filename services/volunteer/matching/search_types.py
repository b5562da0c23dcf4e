"""What ranked search is given and says. Dates are local; places are metres on a flat grid, coarse by the
caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from services.volunteer.matching.errors import Reason

NOTHING: frozenset[str] = frozenset()
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIODS = ("morning", "afternoon", "evening", "night")
# A time is a weekday and a period, such as tue-evening.
TIMES = frozenset(f"{day}-{period}" for day in WEEKDAYS for period in PERIODS)


class Contact(Enum):
    """With children under 15. Regular: over 3 months and at least 3 times, or a continuous week."""

    NONE = "none"
    INCIDENTAL = "incidental"
    REGULAR = "regular"


@dataclass(frozen=True, slots=True)
class Seeker:
    """Somebody who looks for a task.

    `born`: None for an adult who has not said it. `free`: times, none said = any. `home`: metres east and
    north; `reach`: metres they will travel, None = any. `clearances`: organisation → last day on which its
    positive decision holds. `needs`: what a place must have for them.
    """

    id: str
    born: date | None = None
    guardian_consents: bool = False
    newcomer: bool = False
    home: tuple[int, int] | None = None
    reach: int | None = None
    languages: frozenset[str] = NOTHING
    skills: frozenset[str] = NOTHING
    causes: frozenset[str] = NOTHING
    free: frozenset[str] = NOTHING
    needs: frozenset[str] = NOTHING
    clearances: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Work that an organisation offers, with `left` of `places` still to be had.

    `skills` must all be there, of `languages` one; `wished` skills and `causes` count in the score.
    `times`: none = by agreement. `place`: None = anywhere. `closes`: last day to sign up. `declared`: last
    day of the organisation's yearly declaration, which tasks with children need. `beginners`: newcomers are
    welcome.
    """

    id: str
    organisation: str
    places: int = 1
    left: int = 1
    minimum_age: int = 0
    children: Contact = Contact.NONE
    skills: frozenset[str] = NOTHING
    wished: frozenset[str] = NOTHING
    languages: frozenset[str] = NOTHING
    causes: frozenset[str] = NOTHING
    times: frozenset[str] = NOTHING
    place: tuple[int, int] | None = None
    access: frozenset[str] = NOTHING
    closes: date | None = None
    declared: date | None = None
    beginners: bool = False


class Opening(Enum):
    """Who or what could open a task that is blocked."""

    PERSON = "person"
    GUARDIAN = "guardian"
    ORGANISATION = "organisation"
    WAITING = "waiting"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Block:
    """A hard rule that is not met, and who could open it. The reason's parameters say how."""

    reason: Reason
    opening: Opening


class Part(Enum):
    """The parts of the score, in the order in which they are shown."""

    SKILL = "skill"
    TIME = "time"
    DISTANCE = "distance"
    NEED = "need"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class Weights:
    """The most points of each part. `reach`: metres at which the points of distance end, for who named
    none."""

    skill: int = 30
    time: int = 25
    distance: int = 20
    need: int = 15
    newcomer: int = 10
    reach: int = 30_000


@dataclass(frozen=True, slots=True)
class Points:
    """`points` of at most `most`, and why."""

    part: Part
    points: int
    most: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Shown:
    """A task that is open. `place`: 1 for the most points; equal points share a place."""

    task: str
    place: int
    points: int
    parts: tuple[Points, ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A task that is blocked, and by what: everything, not only the first rule."""

    task: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One person's search: open tasks by place, blocked ones with the fewest rules against them first."""

    person: str
    shown: tuple[Shown, ...]
    hidden: tuple[Hidden, ...]
