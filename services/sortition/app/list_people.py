"""The pool's people, by their ids and values."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.pages import cut_page, page_request
from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.person_views import person_views
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PeoplePage


def list_people(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> PeoplePage:
    """By pool id. Raises DomainError NOT_FOUND SELECTION_UNKNOWN, INVALID_ARGUMENT PAGE_TOKEN_INVALID."""
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(selection_id)
    request = page_request(page_size, page_token, bound_to=("list_people", selection.name))
    after = request.after[0] if request.after else None
    found = uow.pool.page(selection_id, request.size + 1, after)
    page = cut_page(found, request, lambda person: (person.pool_id,))
    return PeoplePage(tuple(person_views(uow, selection_id, page.items)), page.next_page_token)
