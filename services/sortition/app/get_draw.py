"""Draws as the municipality's own people see them."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_view
from services.sortition.app.views import DrawView


def get_draw(uow: UnitOfWork, caller: Caller, selection_id: UUID, draw_id: UUID) -> DrawView:
    """Raises DomainError NOT_FOUND DRAW_UNKNOWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    return draw_view(uow, uow.draws.get(selection_id, draw_id))
