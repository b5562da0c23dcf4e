"""Who may come in: the first line of every use case of assemblies and reports."""

from __future__ import annotations

from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork

WRITERS = (Role.SECRETARIAT, Role.EDITOR)
"""Who writes a report."""

READERS = (*WRITERS, Role.INTEGRATOR)
"""Who reads it before it is handed over."""


def admit(uow: AssemblyUnitOfWork, caller: Caller, *roles: Role) -> None:
    """Refuse unless the caller has one of the roles in this municipality, and it exists.

    Rights are asked first: somebody without them does not learn which municipalities there are.
    Raises DomainError UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND MUNICIPALITY_UNKNOWN.
    """
    authorise(caller.principal, uow.municipality, *roles)
    known(uow)
