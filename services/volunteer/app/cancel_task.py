"""Call a task off, for good."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.moves import call_off, tell
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_view
from services.volunteer.app.task_acts import TaskAct, locked_task
from services.volunteer.app.views import TaskView


def cancel_task(uow: UnitOfWork, caller: Caller, command: TaskAct, *, clock: Clock) -> TaskView:
    """With its slots to come and their sign-ups; what has begun stays as it is.

    Raises DomainError FAILED_PRECONDITION TASK_CANCELLED, ABORTED ETAG_STALE.
    """
    task, now = locked_task(uow, caller, command), clock.now()
    cancelled = task.cancelled(now)
    coming = [slot for slot in uow.slots.lock_all(task.id) if slot.to_come(now)]
    for slot in coming:
        call_off(uow, slot, now)
    uow.tasks.save(cancelled)
    tell(uow, cancelled, now)
    uow.audit.record(caller, "task.cancel", task.name, {"slots": str(len(coming))})
    return task_view(uow, caller, cancelled, now)
