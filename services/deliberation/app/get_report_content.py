"""The octets whose SHA-256 is the digest of a report that was handed over."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork


def get_report_content(uow: AssemblyUnitOfWork, caller: Caller, assembly_id: UUID) -> bytes:
    """For anyone. Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN, ASSEMBLY_UNKNOWN, or REPORT_UNKNOWN
    before the handover.
    """
    known(uow)
    report = uow.reports.get(uow.assemblies.get(assembly_id).id)
    if report.handover is None:
        raise DomainError(Code.NOT_FOUND, "REPORT_UNKNOWN")
    return report.handover.content
