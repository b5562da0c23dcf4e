"""The latest import of a pool, and a copy of its file with the errors marked."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.import_pool import pool_import
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PoolImport


def get_pool_import(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> PoolImport:
    """Raises DomainError NOT_FOUND SELECTION_UNKNOWN or IMPORT_UNKNOWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    return pool_import(uow, uow.selections.get(selection_id).id, caller.language)
