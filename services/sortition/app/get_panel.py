"""The panel of a published draw, and where the asking stands."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.panel_views import panel_view
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PanelView


def get_panel(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> PanelView:
    """Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    selection.require_drawn()
    return panel_view(selection, uow.seats.all(selection_id))
