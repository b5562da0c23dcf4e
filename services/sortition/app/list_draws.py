"""A selection's draws, newest first."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.paging import uuid_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_views
from services.sortition.app.views import DrawPage


def list_draws(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> DrawPage:
    """Newest first. Raises DomainError NOT_FOUND SELECTION_UNKNOWN, INVALID_ARGUMENT PAGE_TOKEN_INVALID."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    page = uuid_page(
        page_size,
        page_token,
        ("list_draws", selection.name),
        lambda limit, before: uow.draws.page(selection_id, limit, before),
        lambda draw: draw.id,
    )
    return DrawPage(tuple(draw_views(uow, page.items)), page.next_page_token)
