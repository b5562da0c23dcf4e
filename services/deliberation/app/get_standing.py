"""Where what the council promised an assembly stands."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.domain.followed_up import Standing, standing


def get_standing(uow: AssemblyUnitOfWork, caller: Caller, assembly_id: UUID, *, clock: Clock) -> Standing:
    """For anyone. Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN or ASSEMBLY_UNKNOWN."""
    today = clock.now().astimezone(ZoneInfo(known(uow).time_zone)).date()
    assembly = uow.assemblies.get(assembly_id)
    own = [each for each in uow.followed_up.promises() if each.assembly == assembly.id]
    return standing(own, today)
