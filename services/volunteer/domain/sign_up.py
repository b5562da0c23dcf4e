"""A sign-up: one person's claim to a place in a slot.

    WAITLISTED --a place falls free--> CONFIRMED;  either --cancel--> CANCELLED

First come, first served: whoever comes while anyone waits waits too. A claim is live until it is cancelled,
and of one person no two live claims overlap, those that wait included, so that a promotion clashes with
nothing. A place on offer for a time would be one more live state that holds a place (`HOLDING`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError
from services.volunteer.domain.slot import Slot


class SignUpState(StrEnum):
    WAITLISTED = "WAITLISTED"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class CancelledBy(StrEnum):
    """Who ended it; NOBODY while it is live."""

    NOBODY = ""
    VOLUNTEER = "VOLUNTEER"
    ORGANISER = "ORGANISER"
    ERASURE = "ERASURE"


LIVE = frozenset({SignUpState.WAITLISTED, SignUpState.CONFIRMED})
HOLDING = frozenset({SignUpState.CONFIRMED})
"""The states that take up a place."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """`number` is its ticket in the slot's queue: whoever has a lower one came first."""

    municipality: str
    task: UUID
    slot: UUID
    id: UUID
    person: UUID
    state: SignUpState
    number: int
    create_time: datetime
    confirm_time: datetime | None = None
    cancel_time: datetime | None = None
    cancelled_by: CancelledBy = CancelledBy.NOBODY

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/tasks/{self.task}/slots/{self.slot}/signUps/{self.id}"

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def holds(self) -> bool:
        return self.state in HOLDING

    def confirmed(self, now: datetime) -> SignUp:
        return replace(self, state=SignUpState.CONFIRMED, confirm_time=now)

    def cancelled(self, by: CancelledBy, now: datetime) -> SignUp:
        """Raises DomainError FAILED_PRECONDITION SIGN_UP_CANCELLED when it is already."""
        if not self.live:
            raise DomainError(Code.FAILED_PRECONDITION, "SIGN_UP_CANCELLED", {"sign_up": self.name})
        return replace(self, state=SignUpState.CANCELLED, cancel_time=now, cancelled_by=by)


def claim(slot: Slot, sign_up_id: UUID, person: UUID, now: datetime) -> SignUp:
    """What somebody gets who comes now: a place, or the end of the queue."""
    made = SignUp(
        municipality=slot.municipality,
        task=slot.task,
        slot=slot.id,
        id=sign_up_id,
        person=person,
        state=SignUpState.WAITLISTED,
        number=slot.last_number + 1,
        create_time=now,
    )
    return made.confirmed(now) if slot.free > 0 else made


def promoted(slot: Slot, queue: Sequence[SignUp], now: datetime) -> list[SignUp]:
    """Those of the queue (in its order) for whom there is a place now, with it."""
    vacant = 0 if slot.cancelled else max(slot.vacant, 0)
    return [sign_up.confirmed(now) for sign_up in queue[:vacant]]


def require_no_overlap(wanted: Slot, taken: Iterable[Slot]) -> None:
    """Raises DomainError SIGNED_UP_ALREADY for the slot itself, SLOT_OVERLAPS for one at the same time."""
    for slot in taken:
        if slot.id == wanted.id:
            raise DomainError(Code.ALREADY_EXISTS, "SIGNED_UP_ALREADY", {"slot": wanted.name})
        if slot.overlaps(wanted.start, wanted.end):
            raise DomainError(Code.FAILED_PRECONDITION, "SLOT_OVERLAPS", {"slot": slot.name})
