"""What all changes of a report begin and end with."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import WRITERS, admit
from services.deliberation.app.views import InitiativeView, RecommendationView, ReportView, whole


def open_draft(uow: AssemblyUnitOfWork, caller: Caller, assembly_id: UUID) -> ReportView:
    """The report, whole, for who writes it; others who would write it wait.

    Raises DomainError ASSEMBLY_UNKNOWN, FAILED_PRECONDITION REPORT_HANDED_OVER.
    """
    admit(uow, caller, *WRITERS)
    assembly = uow.assemblies.get(assembly_id)
    report = uow.reports.lock(assembly_id)
    report.require_draft()
    return whole(report, assembly, uow.reports.recommendations(assembly_id))


def close_draft(
    uow: AssemblyUnitOfWork, caller: Caller, before: ReportView, act: str, resource: str, now: datetime
) -> ReportView:
    """Number the change, and note who made it; the report as it stands."""
    report = before.report.touched(now)
    uow.reports.save(report)
    uow.audit.record(caller, act, resource, {"version": str(report.version)})
    return whole(report, before.assembly, uow.reports.recommendations(before.assembly.id))


def recommendation_in(view: ReportView, recommendation_id: UUID) -> RecommendationView:
    """Raises DomainError NOT_FOUND RECOMMENDATION_UNKNOWN."""
    found = view.recommendation(recommendation_id)
    if found is None:
        raise DomainError(Code.NOT_FOUND, "RECOMMENDATION_UNKNOWN")
    return found


def initiative_in(parent: RecommendationView, initiative_id: UUID) -> InitiativeView:
    """Raises DomainError NOT_FOUND INITIATIVE_UNKNOWN."""
    for each in parent.initiatives:
        if each.initiative.id == initiative_id:
            return each
    raise DomainError(Code.NOT_FOUND, "INITIATIVE_UNKNOWN")


def check_room(view: ReportView, count: int, most: int) -> None:
    """Raises DomainError FAILED_PRECONDITION REPORT_FULL."""
    if count >= most:
        metadata = {"report": view.report.name, "limit": str(most)}
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_FULL", metadata)
