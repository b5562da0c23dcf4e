"""Erase a person."""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit, coordinates, nameless
from services.volunteer.app.moves import fill, leave, tell_change
from services.volunteer.app.people import own_person, unknown
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.person import Person
from services.volunteer.domain.sign_up import CancelledBy


def delete_person(uow: UnitOfWork, caller: Caller, person_id: UUID | None, *, clock: Clock) -> None:
    """None: the caller's own. Name, telephone and address go at once, with the tie to the sign-in.

    Sign-ups to come are cancelled, and their queues move; those that were stay under an id that says
    nothing, so that totals stand. Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN.
    """
    person, own = _erasable(uow, caller, person_id)
    now = clock.now()
    # By task and slot: locks are taken in one order everywhere.
    for task_id, of_task in groupby(uow.sign_ups.live_of(person.id), key=lambda sign_up: sign_up.task):
        task = uow.tasks.lock(task_id)
        for found in of_task:
            slot = uow.slots.lock(task_id, found.slot)
            sign_up = uow.sign_ups.get(slot.id, found.id)
            if slot.to_come(now) and sign_up.live:
                left = fill(uow, leave(uow, slot, [sign_up], CancelledBy.ERASURE, now), now)
                tell_change(uow, task, slot, left, now)
            elif sign_up.live and not sign_up.holds:
                # Waited in vain for what has begun: it counts in no total.
                leave(uow, slot, [sign_up], CancelledBy.ERASURE, now)
    uow.people.remove_contact(person.id)
    uow.people.remove_calendar(person.id)
    uow.people.save(person.erased(now))
    uow.audit.record(nameless(caller) if own else caller, "person.delete", person.name)


def _erasable(uow: UnitOfWork, caller: Caller, person_id: UUID | None) -> tuple[Person, bool]:
    """The person, locked, and whether it is the caller."""
    admit(uow, caller, Role.VOLUNTEER, Role.COORDINATOR)
    own = own_person(uow, caller)
    if own is not None and person_id in (None, own.id):
        return uow.people.lock(own.id), True
    if person_id is None or not coordinates(uow, caller):
        raise unknown()
    return uow.people.lock(person_id), False
