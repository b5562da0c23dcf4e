"""All that is kept about a person, to hand to that person."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from services.volunteer.app.people import contact_is_shared, readable_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import person_view, sign_up_views
from services.volunteer.app.views import ExportedSignUp, PersonExport

MOST = 10_000


def export_person(uow: UnitOfWork, caller: Caller, person_id: UUID | None) -> PersonExport:
    """None: the caller's own. A coordinator's look is audited, and shows contact details as GetPerson does.

    Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN.
    """
    person, looked_at = readable_person(uow, caller, person_id)
    shown = True
    if looked_at:
        uow.audit.record(caller, "person.export", person.name)
        shown = contact_is_shared(uow, person)
    contact = uow.people.contacts([person.id]).get(person.id) if shown else None
    sign_ups = sign_up_views(uow, uow.sign_ups.page_of(person.id, MOST, None))
    slots = uow.slots.many([view.sign_up.slot for view in sign_ups])
    tasks = uow.tasks.many([view.sign_up.task for view in sign_ups])
    return PersonExport(
        person_view(person, contact),
        (person.subject or "") if shown else "",
        tuple(
            ExportedSignUp(
                view,
                tasks[view.sign_up.task].fields.title,
                slots[view.sign_up.slot].start,
                slots[view.sign_up.slot].end,
            )
            for view in sign_ups
        ),
    )
