"""One slot."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.tenants import known
from services.volunteer.app.gate import visible_task
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import slot_view
from services.volunteer.app.views import SlotView


def get_slot(uow: UnitOfWork, caller: Caller, task_id: UUID, slot_id: UUID) -> SlotView:
    """Raises DomainError NOT_FOUND TASK_UNKNOWN or SLOT_UNKNOWN."""
    known(uow)
    visible_task(uow, caller, uow.tasks.get(task_id))
    return slot_view(uow.slots.get(task_id, slot_id))
