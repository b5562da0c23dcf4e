"""More time as it would be granted, without granting it: what the last page before shows."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.followup.app.create_extension import CreateExtension
from services.followup.app.gate import ANSWERING, admit, zone_of
from services.followup.app.ports import UnitOfWork
from services.followup.app.views import ExtensionMade
from services.followup.deadlines.calendar import WorkingCalendar


def preview_extension(
    uow: UnitOfWork, caller: Caller, command: CreateExtension, *, clock: Clock, calendar: WorkingCalendar
) -> ExtensionMade:
    """Refuses what `create_extension` would refuse, and changes nothing."""
    municipality = admit(uow, caller, *ANSWERING)
    promise = uow.promises.get(command.promise)
    changed, extension = promise.extended(
        command.checkpoint,
        command.fields,
        extension_id=uuid7(clock),
        now=clock.now(),
        zone=zone_of(municipality),
        calendar=calendar,
    )
    return ExtensionMade(changed, changed.checkpoint(command.checkpoint), extension)
