"""Who to phone."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.panel_views import people_of, seat_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import seat_view
from services.sortition.app.views import SeatContact, SeatContactPage


def list_seat_contacts(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> SeatContactPage:
    """The phone list: the only answer that joins a seat with who sits in it.

    Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    seats, token = seat_page(uow, selection_id, page_size, page_token, "list_seat_contacts")
    people = people_of(uow, selection_id)
    contacts = uow.contacts.get(selection_id, [seat.person for seat in seats])
    items = []
    for seat in seats:
        contact = contacts.get(seat.person)
        fields = dict(contact.fields) if contact else {}
        items.append(SeatContact(seat_view(seat, people), people[seat.person].pool_id, fields))
    return SeatContactPage(tuple(items), token)
