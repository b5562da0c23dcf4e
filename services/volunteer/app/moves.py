"""What several use cases do to a slot under its lock, and how others are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.sign_up import CancelledBy, SignUp, SignUpState, promoted
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task


def fill(uow: UnitOfWork, slot: Slot, now: datetime) -> Slot:
    """Give vacant places to those who wait, in their order. The slot as it is then."""
    if slot.vacant <= 0 or not slot.waiting:
        return slot
    moved = promoted(slot, uow.sign_ups.queue(slot.id, slot.vacant), now)
    for sign_up in moved:
        uow.sign_ups.save(sign_up)
        uow.meter.signed_up("promoted")
    return uow.slots.move(slot, confirmed=len(moved), waiting=-len(moved))


def leave(uow: UnitOfWork, slot: Slot, sign_ups: Sequence[SignUp], by: CancelledBy, now: datetime) -> Slot:
    """End these live sign-ups of the slot; places that fall free are not given away yet."""
    for sign_up in sign_ups:
        uow.sign_ups.save(sign_up.cancelled(by, now))
        uow.meter.signed_up("cancelled")
    holding = sum(sign_up.holds for sign_up in sign_ups)
    waiting = sum(sign_up.state is SignUpState.WAITLISTED for sign_up in sign_ups)
    return uow.slots.move(slot, confirmed=-holding, waiting=-waiting)


def call_off(uow: UnitOfWork, slot: Slot, now: datetime) -> Slot:
    """Cancel the slot and all its live sign-ups. Raises DomainError SLOT_CANCELLED, SLOT_OVER."""
    called_off = slot.called_off(now)
    uow.slots.save(called_off)
    return leave(uow, called_off, uow.sign_ups.live(slot.id), CancelledBy.ORGANISER, now)


def tell(uow: UnitOfWork, task: Task, now: datetime) -> None:
    """Tell others what stands, under the task's lock, so that the last event tells the last state.

    A task that was never published is nobody else's to know.
    """
    if task.public:
        uow.events.task_changed(task, uow.slots.places_of(task.id, now))


def tell_change(uow: UnitOfWork, task: Task, before: Slot, after: Slot, now: datetime) -> None:
    """As `tell`, where the slot's change makes a difference to others: who waits makes none."""
    if _told(before) != _told(after):
        tell(uow, task, now)


def _told(slot: Slot) -> tuple[object, ...]:
    return slot.start, slot.capacity, slot.free, slot.cancelled
