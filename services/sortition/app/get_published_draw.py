"""One draw as anyone may see it."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.tenants import known
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.published_views import public_draw, published_view
from services.sortition.app.views import (
    PublishedDraw,
)


def get_published_draw(
    uow: UnitOfWork, caller: Caller, selection_id: UUID | None, draw_id: UUID
) -> PublishedDraw:
    """`selection_id` None: a public address does not say of which selection the draw is.

    Raises DomainError NOT_FOUND DRAW_UNKNOWN for a draw that is not public."""
    known(uow)
    return published_view(uow, public_draw(uow, selection_id, draw_id))
