"""Where each draw stands, for those who run the platform: no titles, no content."""

from __future__ import annotations

from chassis.context import Caller
from services.sortition.app.gate import admit_operator
from services.sortition.app.paging import uuid_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import DrawStatePage, DrawStateView
from services.sortition.domain.draw import Draw


def list_draw_states(
    uow: UnitOfWork, caller: Caller, page_size: int = 0, page_token: str = ""
) -> DrawStatePage:
    """Newest first. Raises DomainError PERMISSION_DENIED, NOT_FOUND MUNICIPALITY_UNKNOWN."""
    admit_operator(uow, caller)
    page = uuid_page(
        page_size,
        page_token,
        ("list_draw_states", uow.municipality),
        uow.draws.states_page,
        lambda draw: draw.id,
    )
    return DrawStatePage(tuple(_state(uow, draw) for draw in page.items), page.next_page_token)


def _state(uow: UnitOfWork, draw: Draw) -> DrawStateView:
    job = uow.jobs.draw_job(draw.id)
    return DrawStateView(
        draw.name,
        draw.state,
        draw.failure_reason,
        job.attempts if job else 0,
        draw.create_time,
        draw.update_time,
    )
