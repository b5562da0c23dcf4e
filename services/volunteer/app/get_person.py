"""One volunteer's record."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from services.volunteer.app.people import contact_is_shared, readable_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import person_view
from services.volunteer.app.views import PersonView


def get_person(uow: UnitOfWork, caller: Caller, person_id: UUID | None) -> PersonView:
    """None: the caller's own. A coordinator's look is audited (in a writing unit of work).

    Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN.
    """
    person, looked_at = readable_person(uow, caller, person_id)
    if looked_at:
        uow.audit.record(caller, "person.read", person.name)
        if not contact_is_shared(uow, person):
            return person_view(person, None)
    return person_view(person, uow.people.contacts([person.id]).get(person.id))
