"""A volunteer's sign-ups for their own calendar, under a secret address that can be made anew."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import known
from services.volunteer.app.gate import admit, nameless
from services.volunteer.app.people import own_person, unknown
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.sign_up import CancelledBy
from services.volunteer.domain.slot import Slot

MOST = 1000


@dataclass(frozen=True, slots=True)
class Appointment:
    """A place, or one that was: cancelled ones stay, since calendars never notice what has vanished.

    `sequence` grows with every change, of the slot's or of the volunteer's mind.
    """

    slot: Slot
    title: str
    cancelled: bool
    sequence: int


def reset_calendar(uow: UnitOfWork, caller: Caller, *, clock: Clock) -> str:
    """A new secret, told this once; the one before opens nothing any more.

    Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN while nothing is kept about the caller.
    """
    admit(uow, caller, Role.VOLUNTEER)
    own = own_person(uow, caller)
    if own is None:
        raise unknown()
    person = uow.people.lock(own.id)
    secret = secrets.token_urlsafe(24)
    uow.people.set_calendar(person.id, digest_of(secret), clock.now())
    uow.audit.record(nameless(caller), "person.calendar-link", person.name)
    return secret


def get_calendar(uow: UnitOfWork, caller: Caller, secret: str) -> tuple[Appointment, ...]:
    """For who has the secret: a calendar signs in nowhere. Raises DomainError NOT_FOUND CALENDAR_UNKNOWN."""
    known(uow)
    person_id = uow.people.of_calendar(digest_of(secret))
    if person_id is None:
        raise DomainError(Code.NOT_FOUND, "CALENDAR_UNKNOWN")
    return _appointments(uow, person_id)


def digest_of(secret: str) -> str:
    """What is kept of the secret: whoever reads the store cannot open the calendar."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _appointments(uow: UnitOfWork, person_id: UUID) -> tuple[Appointment, ...]:
    placed = [each for each in uow.sign_ups.page_of(person_id, MOST, None) if each.confirm_time]
    slots = uow.slots.many([each.slot for each in placed])
    tasks = uow.tasks.many([each.task for each in placed])
    made: dict[UUID, Appointment] = {}
    for sign_up in sorted(placed, key=lambda each: each.create_time):
        slot, before = slots[sign_up.slot], made.get(sign_up.slot)
        # Each place taken and each one given up is a change of its own; the slot counts its own.
        changes = (before.sequence - slot.sequence + 1 if before else 0) + (
            sign_up.cancelled_by is CancelledBy.VOLUNTEER
        )
        made[slot.id] = Appointment(
            slot,
            tasks[sign_up.task].fields.title,
            slot.cancelled or not sign_up.live,
            slot.sequence + changes,
        )
    return tuple(sorted(made.values(), key=lambda each: _when(each)))


def _when(appointment: Appointment) -> tuple[datetime, UUID]:
    return appointment.slot.start, appointment.slot.id
