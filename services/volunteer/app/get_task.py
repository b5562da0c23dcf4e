"""One task."""

from __future__ import annotations

from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.volunteer.app.gate import visible_task
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_view
from services.volunteer.app.views import TaskView


def get_task(uow: UnitOfWork, caller: Caller, task_id: UUID, *, clock: Clock) -> TaskView:
    """Raises DomainError NOT_FOUND TASK_UNKNOWN, also for a draft to anybody but coordinators."""
    known(uow)
    return task_view(uow, caller, visible_task(uow, caller, uow.tasks.get(task_id)), clock.now())
