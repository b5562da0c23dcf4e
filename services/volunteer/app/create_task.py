"""Begin a task."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.volunteer.app.gate import admit
from services.volunteer.app.ports import SoughtPromise, UnitOfWork
from services.volunteer.app.present import task_view
from services.volunteer.app.views import TaskView
from services.volunteer.domain.task import Task, TaskFields, TaskState


@dataclass(frozen=True, slots=True)
class CreateTask:
    """`promise`: what followup answered about the promise it comes from; None for a task of no promise."""

    fields: TaskFields
    promise: SoughtPromise | None = None


def create_task(uow: UnitOfWork, caller: Caller, command: CreateTask, *, clock: Clock) -> TaskView:
    """A draft. Raises DomainError INVALID_ARGUMENT TASK_INVALID with every wrong field."""
    admit(uow, caller, Role.COORDINATOR)
    now = clock.now()
    task = Task(
        municipality=uow.municipality,
        id=uuid7(clock),
        fields=command.fields.checked(),
        state=TaskState.DRAFT,
        create_time=now,
        update_time=now,
        promise=command.promise.name if command.promise else "",
        promise_title=command.promise.title if command.promise else "",
    )
    uow.tasks.add(task)
    uow.audit.record(caller, "task.create", task.name, {"promise": task.promise} if task.promise else None)
    return task_view(uow, caller, task, now)
