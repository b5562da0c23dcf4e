"""Confirmed panels that no assembly has: what an assembly can be set up with."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.auth.principal import Role
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork, Panel
from services.deliberation.app.gate import admit

MOST = 10


def list_waiting_panels(uow: AssemblyUnitOfWork, caller: Caller) -> Sequence[Panel]:
    """For the secretariat; the newest few."""
    admit(uow, caller, Role.SECRETARIAT)
    return uow.panels.waiting(MOST)
