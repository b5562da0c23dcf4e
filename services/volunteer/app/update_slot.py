"""Change a slot's times or its places."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.moves import fill, tell_change
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import slot_view
from services.volunteer.app.views import SlotView
from services.volunteer.domain.slot import EDITABLE, SlotFields


@dataclass(frozen=True, slots=True)
class UpdateSlot:
    """`mask` names the fields that change; empty: those in `populated`."""

    task: UUID
    slot: UUID
    fields: SlotFields
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_slot(uow: UnitOfWork, caller: Caller, command: UpdateSlot, *, clock: Clock) -> SlotView:
    """More places move the queue.

    Raises DomainError INVALID_ARGUMENT (FIELD_MASK_INVALID, SLOT_INVALID), ABORTED ETAG_STALE,
    FAILED_PRECONDITION SLOT_HAS_SIGN_UPS, CAPACITY_BELOW_CONFIRMED, SLOT_CANCELLED, SLOT_OVER.
    """
    admit(uow, caller, Role.COORDINATOR)
    task = uow.tasks.lock(command.task)
    slot = uow.slots.lock(task.id, command.slot)
    check_etag(command.etag, slot_view(slot).etag)
    fields, now = masked_fields(command.mask, command.populated, EDITABLE), clock.now()
    if fields:
        before, slot = slot, slot.edited(fields, command.fields, now)
        uow.slots.save(slot)
        slot = fill(uow, slot, now)
        tell_change(uow, task, before, slot, now)
        details = {"fields": ",".join(sorted(fields)), "capacity": str(slot.capacity)}
        uow.audit.record(caller, "slot.update", slot.name, details)
    return slot_view(slot)
