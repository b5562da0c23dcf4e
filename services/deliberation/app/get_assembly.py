"""One assembly."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.views import AssemblyView


def get_assembly(uow: AssemblyUnitOfWork, caller: Caller, assembly_id: UUID) -> AssemblyView:
    """For anyone. Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN or ASSEMBLY_UNKNOWN."""
    known(uow)
    return AssemblyView(uow.assemblies.get(assembly_id))
