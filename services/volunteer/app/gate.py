"""Who may come in: the first line of every use case."""

from __future__ import annotations

from chassis.auth.principal import Principal, Role, authorise
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import Municipality, known
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.task import Task, TaskState


def admit(uow: UnitOfWork, caller: Caller, *roles: Role) -> Municipality:
    """Refuse unless the caller has one of the roles in this municipality, and it exists.

    Rights are asked first: somebody without them does not learn which municipalities there are.
    Raises DomainError UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND MUNICIPALITY_UNKNOWN.
    """
    authorise(caller.principal, uow.municipality, *roles)
    return known(uow)


def coordinates(uow: UnitOfWork, caller: Caller) -> bool:
    return caller.principal.has(uow.municipality, Role.COORDINATOR)


def volunteers(uow: UnitOfWork, caller: Caller) -> bool:
    return caller.principal.has(uow.municipality, Role.VOLUNTEER)


def visible_task(uow: UnitOfWork, caller: Caller, task: Task) -> Task:
    """A draft is its coordinators' alone. Raises DomainError NOT_FOUND TASK_UNKNOWN."""
    if task.state is TaskState.DRAFT and not coordinates(uow, caller):
        raise DomainError(Code.NOT_FOUND, "TASK_UNKNOWN")
    return task


def nameless(caller: Caller) -> Caller:
    """The caller without their subject, for the audit trail of what volunteers do themselves.

    Nothing can be deleted from it, so it must not tie a person's id to their sign-in.
    """
    principal = Principal("volunteer", caller.principal.municipality, caller.principal.roles)
    return Caller(principal, caller.correlation_id, caller.language)
