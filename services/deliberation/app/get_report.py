"""A report, whole."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import READERS
from services.deliberation.app.views import ReportView, whole


def get_report(uow: AssemblyUnitOfWork, caller: Caller, assembly_id: UUID) -> ReportView:
    """For anyone once it is handed over; before, for the secretariat, editors and integrators: to others
    there is none.

    Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN, ASSEMBLY_UNKNOWN or REPORT_UNKNOWN.
    """
    known(uow)
    assembly = uow.assemblies.get(assembly_id)
    report = uow.reports.get(assembly_id)
    if report.handover is None and not caller.principal.has(uow.municipality, *READERS):
        raise DomainError(Code.NOT_FOUND, "REPORT_UNKNOWN")
    return whole(report, assembly, uow.reports.recommendations(assembly_id))
