"""A municipality's tasks of one state, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.aip.pages import Page
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.volunteer.app.gate import admit
from services.volunteer.app.paging import uuid_page
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import task_views
from services.volunteer.app.views import TaskPage
from services.volunteer.domain.task import TaskState


@dataclass(frozen=True, slots=True)
class ListTasks:
    state: TaskState = TaskState.OPEN
    page_size: int = 0
    page_token: str = ""


def list_tasks(uow: UnitOfWork, caller: Caller, command: ListTasks, *, clock: Clock) -> TaskPage:
    """Drafts are for coordinators.

    Raises DomainError INVALID_ARGUMENT PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID.
    """
    if command.state is TaskState.DRAFT:
        admit(uow, caller, Role.COORDINATOR)
    known(uow)
    page = uuid_page(
        command.page_size,
        command.page_token,
        ("list_tasks", uow.municipality, command.state.value),
        lambda limit, before: uow.tasks.page(command.state, limit, before),
        lambda task: task.id,
    )
    return Page(tuple(task_views(uow, caller, page.items, clock.now())), page.next_page_token)
