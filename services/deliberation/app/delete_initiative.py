"""Take an initiative out of a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import close_draft, initiative_in, open_draft, recommendation_in
from services.deliberation.app.views import ReportView


@dataclass(frozen=True, slots=True)
class DeleteInitiative:
    assembly: UUID
    recommendation: UUID
    initiative: UUID
    etag: str = ""


def delete_initiative(
    uow: AssemblyUnitOfWork, caller: Caller, command: DeleteInitiative, *, clock: Clock
) -> ReportView:
    """For the secretariat and editors; the report without it.

    Raises DomainError NOT_FOUND RECOMMENDATION_UNKNOWN or INITIATIVE_UNKNOWN, ABORTED ETAG_STALE,
    FAILED_PRECONDITION REPORT_HANDED_OVER.
    """
    view = open_draft(uow, caller, command.assembly)
    parent = recommendation_in(view, command.recommendation)
    found = initiative_in(parent, command.initiative)
    check_etag(command.etag, found.etag)
    uow.reports.remove_initiative(view.assembly.id, command.initiative)
    for each in parent.recommendation.initiatives:
        if each.position > found.initiative.position:
            closed_up = replace(each, position=each.position - 1, version=each.version + 1)
            uow.reports.put_initiative(view.assembly.id, closed_up)
    return close_draft(uow, caller, view, "initiative.delete", found.name, clock.now())
