"""A confirmed panel and its assembly find each other, whichever comes first."""

from __future__ import annotations

from datetime import datetime

from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork, Panel
from services.deliberation.domain.assembly import Assembly, AssemblyState


def panel_confirmed(uow: AssemblyUnitOfWork, panel: Panel, *, by: Caller, clock: Clock) -> Assembly | None:
    """Keep the panel, and seat its assembly if there is one. A selection's panel again changes nothing.

    `by` is the consumer that brings it.
    """
    if uow.panels.lock(panel.selection) is not None:
        return None
    uow.panels.put(panel)
    waiting = uow.assemblies.of_selection(panel.selection)
    if waiting is None:
        return None
    seated = seat(uow, uow.assemblies.lock(waiting.id), panel, clock.now())
    uow.audit.record(by, "assembly.seat", seated.name, {"members": str(seated.members)})
    return seated


def seat(uow: AssemblyUnitOfWork, assembly: Assembly, panel: Panel | None, now: datetime) -> Assembly:
    """The assembly with the panel's seats as its members; itself while there is no panel."""
    if panel is None or panel.selection != assembly.selection:
        return assembly
    if assembly.state is not AssemblyState.PREPARING:
        return assembly
    seated = assembly.seated(len(panel.seats), panel.draw, now)
    uow.assemblies.save(seated)
    uow.members.add(seated.id, panel.seats)
    return seated
