"""Change a report's title and preface."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import open_draft
from services.deliberation.app.views import ReportView
from services.deliberation.domain.report import REPORT_EDITABLE


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """`mask` names the fields that change; empty: those in `populated`."""

    assembly: UUID
    title: str
    preface: str
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_report(
    uow: AssemblyUnitOfWork, caller: Caller, command: UpdateReport, *, clock: Clock
) -> ReportView:
    """For the secretariat and editors.

    Raises DomainError INVALID_ARGUMENT (FIELD_MASK_INVALID, REPORT_INVALID), ABORTED ETAG_STALE,
    FAILED_PRECONDITION REPORT_HANDED_OVER.
    """
    view = open_draft(uow, caller, command.assembly)
    check_etag(command.etag, view.etag)
    fields = masked_fields(command.mask, command.populated, REPORT_EDITABLE)
    after = view.report.edited(fields, command.title, command.preface, clock.now())
    if after is view.report:
        return view
    uow.reports.save(after)
    uow.audit.record(caller, "report.update", after.name, {"version": str(after.version)})
    return ReportView(after, view.assembly, view.contents)
