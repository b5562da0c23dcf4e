"""One selection."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import selection_view
from services.sortition.app.views import SelectionView


def get_selection(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> SelectionView:
    """For the secretariat, integrators, and neighbouring services: an assembly is set up with a selection.

    Raises DomainError NOT_FOUND SELECTION_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR, Role.SERVICE)
    return selection_view(*uow.selections.sized(selection_id))
