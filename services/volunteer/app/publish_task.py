"""Open a task, for the first time or again."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.moves import tell
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_view
from services.volunteer.app.task_acts import TaskAct, locked_task
from services.volunteer.app.views import TaskView


def publish_task(uow: UnitOfWork, caller: Caller, command: TaskAct, *, clock: Clock) -> TaskView:
    """Raises DomainError FAILED_PRECONDITION TASK_CANCELLED, TASK_OPEN, TASK_WITHOUT_SLOT, ABORTED
    ETAG_STALE.
    """
    task, now = locked_task(uow, caller, command), clock.now()
    coming = uow.slots.coming([task.id], now).get(task.id, ())
    published = task.published(now, slots_to_come=len(coming))
    uow.tasks.save(published)
    tell(uow, published, now)
    uow.audit.record(caller, "task.publish", task.name)
    return task_view(uow, caller, published, now)
