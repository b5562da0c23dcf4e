"""Change a task's words."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_etag, task_view
from services.volunteer.app.views import TaskView
from services.volunteer.domain.task import EDITABLE, TaskFields


@dataclass(frozen=True, slots=True)
class UpdateTask:
    """`mask` names the fields that change; empty: those in `populated`."""

    task: UUID
    fields: TaskFields
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_task(uow: UnitOfWork, caller: Caller, command: UpdateTask, *, clock: Clock) -> TaskView:
    """Raises DomainError INVALID_ARGUMENT (FIELD_MASK_INVALID, TASK_INVALID), ABORTED ETAG_STALE,
    FAILED_PRECONDITION TASK_CANCELLED.
    """
    admit(uow, caller, Role.COORDINATOR)
    task = uow.tasks.lock(command.task)
    check_etag(command.etag, task_etag(task))
    fields = masked_fields(command.mask, command.populated, EDITABLE)
    now = clock.now()
    if fields:
        task = task.edited(fields, command.fields, now)
        uow.tasks.save(task)
        uow.audit.record(caller, "task.update", task.name, {"fields": ",".join(sorted(fields))})
    return task_view(uow, caller, task, now)
