"""The draws that anyone may see."""

from __future__ import annotations

from chassis.context import Caller
from chassis.tenants import known
from services.sortition.app.paging import uuid_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.published_views import published_view
from services.sortition.app.views import (
    PublishedDrawPage,
)


def list_published_draws(
    uow: UnitOfWork, caller: Caller, page_size: int = 0, page_token: str = ""
) -> PublishedDrawPage:
    """Newest first; committed, withdrawn and published ones. Raises DomainError MUNICIPALITY_UNKNOWN."""
    known(uow)
    page = uuid_page(
        page_size,
        page_token,
        ("list_published_draws", uow.municipality),
        uow.draws.public_page,
        lambda draw: draw.id,
    )
    return PublishedDrawPage(tuple(published_view(uow, draw) for draw in page.items), page.next_page_token)
