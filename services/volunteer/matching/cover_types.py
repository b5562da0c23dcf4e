"""What a coverage plan is made from, and what it says. Instants have an offset; ranks count from 1, the
most wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from services.volunteer.matching.errors import Reason

MOST_RANK = 999


@dataclass(frozen=True, slots=True)
class CoverSlot:
    """Work at a time. `capacity`: places, 0 or more; `critical`: how many of them must not stay empty.

    `guarded`: work with children or vulnerable people, to which nobody is assigned by a program alone: its
    placements wait for a coordinator.
    """

    id: str
    start: datetime
    end: datetime
    capacity: int = 1
    critical: int = 0
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class CoverPerson:
    """Somebody who takes at most `most` slots, with `rest` between stretches of work (back to back is one).

    `last_served`: when they last got a slot; None: never. Whoever waited longest comes first.
    """

    id: str
    most: int = 1
    rest: timedelta = timedelta(0)
    last_served: date | None = None


@dataclass(frozen=True, slots=True)
class Able:
    """A person may take a slot by every rule (age, clearance, hours: judged before), and how much they want
    it."""

    person: str
    slot: str
    rank: int = 1


@dataclass(frozen=True, slots=True)
class Earlier:
    """A placement of the last plan. `confirmed`: a coordinator has confirmed it; it stays."""

    person: str
    slot: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class CoverProblem:
    """All of it. The order of the rows means nothing."""

    slots: Sequence[CoverSlot]
    people: Sequence[CoverPerson]
    able: Sequence[Able]
    last: Sequence[Earlier] = ()


class Level(Enum):
    """The published objectives, in order; that no rule is broken stands before all of them."""

    CRITICAL = "critical"  # critical places filled: most
    PLACED = "placed"  # people with a slot: most
    RANK = "rank"  # total rank of what they get: least
    SERVED = "served"  # pairs in which the one who waited longer goes before: most (`cover_model.waited`)
    CHANGE = "change"  # placements dropped from or added to the last plan: least


@dataclass(frozen=True, slots=True)
class LevelResult:
    """What a level reached, and what no plan that keeps the levels before can pass. Whole numbers."""

    level: Level
    value: int
    bound: int

    @property
    def gap(self) -> float:
        """How far the value may be from the best, as a share of the bound; 0 is proved best."""
        return abs(self.bound - self.value) / max(1, abs(self.bound))


class Status(Enum):
    PROPOSED = "proposed"  # a coordinator confirms the plan
    NEEDS_COORDINATOR = "needs_coordinator"  # children or vulnerable people: nobody is assigned before that
    CONFIRMED = "confirmed"  # taken over from the last plan


@dataclass(frozen=True, slots=True)
class Placement:
    person: str
    slot: str
    rank: int
    status: Status


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """Why a person has what they have. `slots`: theirs, by time.

    `reasons`: for somebody without a slot, why, and what would open one; for others one for each slot that
    they wanted more than the best they got.
    """

    person: str
    slots: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """Why a slot has places left. `free`: places; `critical`: critical ones among them."""

    slot: str
    free: int
    critical: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class CoverPlan:
    """Placements by slot and person; the five levels in order; an outcome for each person and each slot
    with places left, by id."""

    placements: tuple[Placement, ...]
    levels: tuple[LevelResult, ...]
    people: tuple[PersonOutcome, ...]
    unfilled: tuple[SlotOutcome, ...] = field(default=())
