"""Take a recommendation out of a report, with its initiatives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import close_draft, open_draft, recommendation_in
from services.deliberation.app.views import ReportView


@dataclass(frozen=True, slots=True)
class DeleteRecommendation:
    assembly: UUID
    recommendation: UUID
    etag: str = ""


def delete_recommendation(
    uow: AssemblyUnitOfWork, caller: Caller, command: DeleteRecommendation, *, clock: Clock
) -> ReportView:
    """For the secretariat and editors; the report without it.

    Raises DomainError NOT_FOUND RECOMMENDATION_UNKNOWN, ABORTED ETAG_STALE, FAILED_PRECONDITION
    REPORT_HANDED_OVER.
    """
    view = open_draft(uow, caller, command.assembly)
    found = recommendation_in(view, command.recommendation)
    check_etag(command.etag, found.etag)
    uow.reports.remove_recommendation(view.assembly.id, command.recommendation)
    for each in view.contents:
        if each.position > found.recommendation.position:
            closed_up = replace(each, position=each.position - 1, version=each.version + 1)
            uow.reports.put_recommendation(view.assembly.id, closed_up)
    return close_draft(uow, caller, view, "recommendation.delete", found.name, clock.now())
