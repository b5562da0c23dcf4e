"""A municipality's selections, newest first."""

from __future__ import annotations

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.paging import uuid_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import selection_view
from services.sortition.app.views import SelectionPage


def list_selections(
    uow: UnitOfWork, caller: Caller, page_size: int = 0, page_token: str = ""
) -> SelectionPage:
    """Raises DomainError INVALID_ARGUMENT PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    page = uuid_page(
        page_size,
        page_token,
        ("list_selections", uow.municipality),
        uow.selections.page,
        lambda selection: selection.id,
    )
    sizes = uow.pool.sizes([selection.id for selection in page.items])
    return SelectionPage(
        tuple(selection_view(selection, sizes.get(selection.id, 0)) for selection in page.items),
        page.next_page_token,
    )
