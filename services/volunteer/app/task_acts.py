"""What changes a task's state has in common."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_etag
from services.volunteer.domain.task import Task


@dataclass(frozen=True, slots=True)
class TaskAct:
    task: UUID
    etag: str = ""


def locked_task(uow: UnitOfWork, caller: Caller, command: TaskAct) -> Task:
    """For a coordinator. Raises DomainError NOT_FOUND TASK_UNKNOWN, ABORTED ETAG_STALE."""
    admit(uow, caller, Role.COORDINATOR)
    task = uow.tasks.lock(command.task)
    check_etag(command.etag, task_etag(task))
    return task
