"""Hand a report over to the council and publish it. It cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import admit
from services.deliberation.app.views import ReportView, whole
from services.deliberation.domain.canonical import canonical, digest_of
from services.deliberation.domain.report import Handover, check_complete


@dataclass(frozen=True, slots=True)
class HandOverReport:
    """`etag` is the report's, as it was read."""

    assembly: UUID
    etag: str


def hand_over_report(
    uow: AssemblyUnitOfWork, caller: Caller, command: HandOverReport, *, clock: Clock
) -> ReportView:
    """For the secretariat. Of two at once, one hands over, and one event is told.

    Raises DomainError INVALID_ARGUMENT ETAG_REQUIRED, ABORTED ETAG_STALE, FAILED_PRECONDITION
    REPORT_HANDED_OVER, ASSEMBLY_NOT_SEATED, REPORT_EMPTY or REPORT_INCOMPLETE.
    """
    admit(uow, caller, Role.SECRETARIAT)
    if command.etag in ("", "*"):
        violation = FieldViolation("etag", "ETAG_REQUIRED")
        raise DomainError(Code.INVALID_ARGUMENT, "ETAG_REQUIRED", {}, (violation,))
    assembly = uow.assemblies.lock(command.assembly)
    report = uow.reports.lock(command.assembly)
    report.require_draft()
    recommendations = uow.reports.recommendations(command.assembly)
    check_etag(command.etag, whole(report, assembly, recommendations).etag)
    now = clock.now()
    closed = assembly.handed_over(now)
    check_complete(report, recommendations, assembly.answer_unit)
    day = now.astimezone(ZoneInfo(known(uow).time_zone)).date()
    content = canonical(report, assembly, recommendations, now, day)
    handover = Handover(now, day, assembly.checkpoints, assembly.answer_unit, content, digest_of(content))
    handed_over = replace(report.touched(now), handover=handover)
    # In this order: once the assembly is closed, the store lets nothing of it change.
    uow.reports.save(handed_over)
    uow.assemblies.save(closed)
    uow.events.report_handed_over(handed_over)
    details = {"digest": handover.digest, "version": str(handed_over.version)}
    uow.audit.record(caller, "report.hand_over", handed_over.name, details)
    return whole(handed_over, closed, recommendations)
