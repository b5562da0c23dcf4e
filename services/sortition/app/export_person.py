"""All that is kept about a person, to hand to that person."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.person_views import person_views
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import seat_view
from services.sortition.app.views import PersonExport


def export_person(uow: UnitOfWork, caller: Caller, selection_id: UUID, person_id: UUID) -> PersonExport:
    """All that is kept about a person. Raises DomainError NOT_FOUND PERSON_UNKNOWN."""
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(selection_id)
    person = uow.pool.get(selection_id, person_id)
    contact = uow.contacts.get(selection_id, [person_id]).get(person_id)
    draws = uow.draws.draws_of_person(selection_id, person_id)
    seat = uow.seats.of_person(selection_id, person_id)
    return PersonExport(
        person=person_views(uow, selection_id, [person])[0],
        contact=dict(contact.fields) if contact else {},
        draws=tuple(f"{selection.name}/draws/{draw}" for draw in draws),
        seat=seat_view(seat, {person_id: person}) if seat else None,
    )
