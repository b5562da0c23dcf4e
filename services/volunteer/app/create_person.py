"""Enter somebody who phoned."""

from __future__ import annotations

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.people import fresh_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import person_view
from services.volunteer.app.views import PersonView
from services.volunteer.domain.person import Contact


def create_person(uow: UnitOfWork, caller: Caller, contact: Contact, *, clock: Clock) -> PersonView:
    """Somebody without a sign-in. Raises DomainError VOLUNTEER_INVALID with every wrong field."""
    admit(uow, caller, Role.COORDINATOR)
    clean = contact.checked()
    person = fresh_person(uow, clock, None)
    uow.people.add(person, clean)
    uow.audit.record(caller, "person.create", person.name)
    return person_view(person, clean)
