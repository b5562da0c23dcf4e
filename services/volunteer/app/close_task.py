"""Take no more sign-ups for a task."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.moves import tell
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_view
from services.volunteer.app.task_acts import TaskAct, locked_task
from services.volunteer.app.views import TaskView


def close_task(uow: UnitOfWork, caller: Caller, command: TaskAct, *, clock: Clock) -> TaskView:
    """The queue still moves when somebody cancels. Raises DomainError FAILED_PRECONDITION TASK_NOT_OPEN,
    ABORTED ETAG_STALE.
    """
    task, now = locked_task(uow, caller, command), clock.now()
    closed = task.closed(now)
    uow.tasks.save(closed)
    tell(uow, closed, now)
    uow.audit.record(caller, "task.close", task.name)
    return task_view(uow, caller, closed, now)
