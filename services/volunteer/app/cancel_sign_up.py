"""Give a place back, or leave the queue."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import nameless
from services.volunteer.app.moves import fill, leave, tell_change
from services.volunteer.app.own_sign_ups import readable_sign_up
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import sign_up_view
from services.volunteer.app.views import SignUpView
from services.volunteer.domain.sign_up import CancelledBy


@dataclass(frozen=True, slots=True)
class CancelSignUp:
    task: UUID
    slot: UUID
    sign_up: UUID


def cancel_sign_up(uow: UnitOfWork, caller: Caller, command: CancelSignUp, *, clock: Clock) -> SignUpView:
    """The next in the queue gets the place. Raises DomainError NOT_FOUND SIGN_UP_UNKNOWN,
    FAILED_PRECONDITION SIGN_UP_CANCELLED, SLOT_OVER.
    """
    found, own = readable_sign_up(uow, caller, command.task, command.slot, command.sign_up)
    uow.people.lock_any(found.person)
    task = uow.tasks.lock(found.task)
    slot = uow.slots.lock(found.task, found.slot)
    sign_up = uow.sign_ups.get(slot.id, found.id)
    now = clock.now()
    cancelled = sign_up.cancelled(CancelledBy.VOLUNTEER, now)
    slot.require_to_come(now)
    left = fill(uow, leave(uow, slot, [sign_up], CancelledBy.VOLUNTEER, now), now)
    tell_change(uow, task, slot, left, now)
    uow.audit.record(nameless(caller) if own else caller, "sign-up.cancel", sign_up.name)
    return sign_up_view(uow, cancelled)
