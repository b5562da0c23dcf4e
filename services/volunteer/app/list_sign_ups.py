"""Who signed up for a slot: ids, and for those with a place how to reach them."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.pages import Page, cut_page, page_request
from chassis.auth.principal import Role
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import sign_up_views
from services.volunteer.app.views import ContactPage, SignUpContact, SignUpPage
from services.volunteer.domain.person import NO_CONTACT


def list_sign_ups(
    uow: UnitOfWork, caller: Caller, task_id: UUID, slot_id: UUID, page_size: int = 0, page_token: str = ""
) -> SignUpPage:
    """In order of arrival, cancelled ones too. Audited (in a writing unit of work).

    Raises DomainError NOT_FOUND SLOT_UNKNOWN, INVALID_ARGUMENT PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID.
    """
    admit(uow, caller, Role.COORDINATOR)
    return _page(uow, caller, task_id, slot_id, page_size, page_token, places_only=False)


def list_sign_up_contacts(
    uow: UnitOfWork, caller: Caller, task_id: UUID, slot_id: UUID, page_size: int = 0, page_token: str = ""
) -> ContactPage:
    """Those with a place: both sides have said yes. Audited; raises as `list_sign_ups`."""
    admit(uow, caller, Role.COORDINATOR)
    page = _page(uow, caller, task_id, slot_id, page_size, page_token, places_only=True)
    contacts = uow.people.contacts([view.sign_up.person for view in page.items])
    items = tuple(SignUpContact(view, contacts.get(view.sign_up.person, NO_CONTACT)) for view in page.items)
    return Page(items, page.next_page_token)


def _page(
    uow: UnitOfWork,
    caller: Caller,
    task_id: UUID,
    slot_id: UUID,
    page_size: int,
    page_token: str,
    *,
    places_only: bool,
) -> SignUpPage:
    slot = uow.slots.get(task_id, slot_id)
    action = "sign-up-contacts.list" if places_only else "sign-ups.list"
    request = page_request(page_size, page_token, bound_to=(action, slot.name))
    after = int(request.after[0]) if request.after else None
    rows = uow.sign_ups.page(slot.id, request.size + 1, after, places_only=places_only)
    page = cut_page(rows, request, lambda row: (str(row.number),))
    uow.audit.record(caller, action, slot.name)
    return Page(tuple(sign_up_views(uow, page.items)), page.next_page_token)
