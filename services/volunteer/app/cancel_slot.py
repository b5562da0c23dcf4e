"""Call a slot off, for good."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.moves import call_off, tell
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import slot_view
from services.volunteer.app.views import SlotView


@dataclass(frozen=True, slots=True)
class CancelSlot:
    task: UUID
    slot: UUID
    etag: str = ""


def cancel_slot(uow: UnitOfWork, caller: Caller, command: CancelSlot, *, clock: Clock) -> SlotView:
    """With all its sign-ups. Raises DomainError FAILED_PRECONDITION SLOT_CANCELLED, SLOT_OVER, ABORTED
    ETAG_STALE.
    """
    admit(uow, caller, Role.COORDINATOR)
    task = uow.tasks.lock(command.task)
    slot = uow.slots.lock(task.id, command.slot)
    check_etag(command.etag, slot_view(slot).etag)
    now = clock.now()
    cancelled = call_off(uow, slot, now)
    tell(uow, task, now)
    details = {"confirmed": str(slot.confirmed), "waiting": str(slot.waiting)}
    uow.audit.record(caller, "slot.cancel", slot.name, details)
    return slot_view(cancelled)
