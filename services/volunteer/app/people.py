"""Whose record it is that a caller asks about."""

from __future__ import annotations

from uuid import UUID, uuid4

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.volunteer.app.gate import admit, coordinates, volunteers
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.person import Person


def unknown() -> DomainError:
    return DomainError(Code.NOT_FOUND, "VOLUNTEER_UNKNOWN")


def own_person(uow: UnitOfWork, caller: Caller) -> Person | None:
    """The volunteer's own record; None while there is none."""
    return uow.people.of_subject(caller.principal.subject) if volunteers(uow, caller) else None


def fresh_person(uow: UnitOfWork, clock: Clock, subject: str | None) -> Person:
    return Person(uow.municipality, uuid4(), subject, clock.now())


def readable_person(uow: UnitOfWork, caller: Caller, person_id: UUID | None) -> tuple[Person, bool]:
    """The person (None: the caller's own), and whether it is a coordinator who looks, to be audited.

    Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN, also for somebody else's record.
    """
    admit(uow, caller, Role.VOLUNTEER, Role.COORDINATOR)
    own = own_person(uow, caller)
    if own is not None and person_id in (None, own.id):
        return own, False
    if person_id is None or not coordinates(uow, caller):
        raise unknown()
    return uow.people.get(person_id), True


def contact_is_shared(uow: UnitOfWork, person: Person) -> bool:
    """Whether coordinators see how to reach the person: who phoned told them; others once both sides have
    said yes, that is with a place.
    """
    return person.subject is None or uow.sign_ups.had_place(person.id)
