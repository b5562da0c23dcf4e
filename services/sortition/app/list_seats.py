"""The seats that a published draw gave."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.panel_views import people_of, seat_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import seat_view
from services.sortition.app.views import SeatPage


def list_seats(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> SeatPage:
    """In an order that tells nothing. Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    seats, token = seat_page(uow, selection_id, page_size, page_token, "list_seats")
    people = people_of(uow, selection_id)
    return SeatPage(tuple(seat_view(seat, people) for seat in seats), token)
