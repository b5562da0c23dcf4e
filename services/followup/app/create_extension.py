"""Grant more time for a checkpoint, in public, beside its original date, which never changes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.followup.app.gate import ANSWERING, admit, zone_of
from services.followup.app.ports import UnitOfWork
from services.followup.app.views import ExtensionMade
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.domain.fields import ExtensionFields


@dataclass(frozen=True, slots=True)
class CreateExtension:
    promise: UUID
    checkpoint: UUID
    fields: ExtensionFields


def create_extension(
    uow: UnitOfWork, caller: Caller, command: CreateExtension, *, clock: Clock, calendar: WorkingCalendar
) -> ExtensionMade:
    """Raises DomainError NOT_FOUND PROMISE_UNKNOWN or CHECKPOINT_UNKNOWN, INVALID_ARGUMENT EXTENSION_INVALID
    with every wrong field, FAILED_PRECONDITION CHECKPOINT_ANSWERED.
    """
    municipality = admit(uow, caller, *ANSWERING)
    promise = uow.promises.get_to_change(command.promise)
    before = promise.checkpoint(command.checkpoint).effective_due
    changed, extension = promise.extended(
        command.checkpoint,
        command.fields,
        extension_id=uuid7(clock),
        now=clock.now(),
        zone=zone_of(municipality),
        calendar=calendar,
    )
    checkpoint = changed.checkpoint(command.checkpoint)
    uow.promises.save(changed)
    uow.promises.add_extension(changed, checkpoint, extension)
    uow.events.promise_extended(changed, checkpoint, extension, before)
    uow.audit.record(
        caller,
        "extension.create",
        f"{changed.checkpoint_name(checkpoint)}/extensions/{extension.id}",
        {"due": extension.due.isoformat()},
    )
    return ExtensionMade(changed, checkpoint, extension)
