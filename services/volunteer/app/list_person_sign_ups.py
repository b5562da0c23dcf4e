"""One person's sign-ups, the latest first."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.aip.pages import Page, cut_page, page_request
from chassis.context import Caller
from services.volunteer.app.people import readable_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import sign_up_views
from services.volunteer.app.views import SignUpPage


def list_person_sign_ups(
    uow: UnitOfWork, caller: Caller, person_id: UUID | None, page_size: int = 0, page_token: str = ""
) -> SignUpPage:
    """None: the caller's own. A coordinator's look is audited (in a writing unit of work).

    Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN, INVALID_ARGUMENT PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID.
    """
    person, looked_at = readable_person(uow, caller, person_id)
    request = page_request(page_size, page_token, bound_to=("list_person_sign_ups", person.name))
    before = None
    if request.after:
        before = (datetime.fromisoformat(request.after[0]), UUID(request.after[1]))
    rows = uow.sign_ups.page_of(person.id, request.size + 1, before)
    page = cut_page(rows, request, lambda row: (row.create_time.isoformat(), str(row.id)))
    if looked_at:
        uow.audit.record(caller, "person.sign-ups.list", person.name)
    return Page(tuple(sign_up_views(uow, page.items)), page.next_page_token)
