"""Who sits in an assembly: seats, whose people sortition alone knows."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.pages import Page
from chassis.auth.principal import Role
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import admit
from services.deliberation.app.paging import uuid_page


def list_members(
    uow: AssemblyUnitOfWork, caller: Caller, assembly_id: UUID, page_size: int = 0, page_token: str = ""
) -> Page[UUID]:
    """Raises DomainError NOT_FOUND ASSEMBLY_UNKNOWN, INVALID_ARGUMENT PAGE_SIZE_INVALID or
    PAGE_TOKEN_INVALID.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.FACILITATOR, Role.INTEGRATOR)
    assembly = uow.assemblies.get(assembly_id)
    return uuid_page(
        page_size,
        page_token,
        ("list_members", assembly.name),
        lambda limit, after: uow.members.page(assembly.id, limit, after),
        lambda seat: seat,
    )
