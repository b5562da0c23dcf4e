"""Add a slot to a task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.volunteer.app.gate import admit
from services.volunteer.app.moves import tell
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import slot_view
from services.volunteer.app.quotas import require_room_for_a_slot
from services.volunteer.app.views import SlotView
from services.volunteer.domain.slot import Slot, SlotFields


@dataclass(frozen=True, slots=True)
class CreateSlot:
    """An empty time zone is the municipality's."""

    task: UUID
    fields: SlotFields


def create_slot(uow: UnitOfWork, caller: Caller, command: CreateSlot, *, clock: Clock) -> SlotView:
    """Raises DomainError INVALID_ARGUMENT SLOT_INVALID with every wrong field, FAILED_PRECONDITION
    TASK_CANCELLED, RESOURCE_EXHAUSTED SLOTS_QUOTA_REACHED.
    """
    municipality, now = admit(uow, caller, Role.COORDINATOR), clock.now()
    task = uow.tasks.lock(command.task)
    task.require_standing()
    zone = command.fields.time_zone or municipality.time_zone
    timing = replace(command.fields, time_zone=zone).checked(now)
    require_room_for_a_slot(uow, now)
    slot = Slot(
        municipality=uow.municipality,
        task=task.id,
        id=uuid7(clock),
        start=timing.start,
        end=timing.end,
        time_zone=timing.time_zone,
        capacity=timing.capacity,
        create_time=now,
        update_time=now,
    )
    uow.slots.add(slot)
    tell(uow, task, now)
    uow.audit.record(caller, "slot.create", slot.name, {"capacity": str(slot.capacity)})
    return slot_view(slot)
