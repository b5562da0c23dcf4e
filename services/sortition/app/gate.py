"""Who may come in: the first line of every use case."""

from __future__ import annotations

from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.tenants import known
from services.sortition.app.ports import UnitOfWork


def admit(uow: UnitOfWork, caller: Caller, *roles: Role) -> None:
    """Refuse unless the caller has one of the roles in this municipality, and it exists.

    Rights are asked first: somebody without them does not learn which municipalities there are.
    Raises DomainError UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND MUNICIPALITY_UNKNOWN.
    """
    authorise(caller.principal, uow.municipality, *roles)
    known(uow)


def admit_operator(uow: UnitOfWork, caller: Caller) -> None:
    """An operator of this municipality, or of the whole platform. Raises as `admit`."""
    own = None if caller.principal.municipality is None else uow.municipality
    authorise(caller.principal, own, Role.OPERATOR)
    known(uow)
