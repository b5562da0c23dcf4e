"""Change a recommendation's words or place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import close_draft, open_draft, recommendation_in
from services.deliberation.app.views import RecommendationView
from services.deliberation.domain.report import RECOMMENDATION_EDITABLE, moved


@dataclass(frozen=True, slots=True)
class UpdateRecommendation:
    """`mask` names the fields that change; empty: those in `populated`."""

    assembly: UUID
    recommendation: UUID
    title: str
    vision: str
    position: int
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_recommendation(
    uow: AssemblyUnitOfWork, caller: Caller, command: UpdateRecommendation, *, clock: Clock
) -> RecommendationView:
    """For the secretariat and editors. One that moves takes its place; the others close up.

    Raises DomainError NOT_FOUND RECOMMENDATION_UNKNOWN, INVALID_ARGUMENT (FIELD_MASK_INVALID,
    RECOMMENDATION_INVALID), ABORTED ETAG_STALE, FAILED_PRECONDITION REPORT_HANDED_OVER.
    """
    view = open_draft(uow, caller, command.assembly)
    found = recommendation_in(view, command.recommendation)
    check_etag(command.etag, found.etag)
    fields = masked_fields(command.mask, command.populated, RECOMMENDATION_EDITABLE)
    before = found.recommendation
    changed = replace(
        before,
        title=command.title if "title" in fields else before.title,
        vision=command.vision if "vision" in fields else before.vision,
    ).checked()
    order = [each.id for each in view.contents]
    wanted = command.position if "position" in fields else before.position
    after = moved(order, before.id, wanted, "RECOMMENDATION_INVALID")
    if changed == before and after == order:
        return found
    for each in view.contents:
        placed = replace(changed if each.id == before.id else each, position=after.index(each.id) + 1)
        if placed != each:
            uow.reports.put_recommendation(view.assembly.id, replace(placed, version=each.version + 1))
    now = clock.now()
    return recommendation_in(
        close_draft(uow, caller, view, "recommendation.update", found.name, now), before.id
    )
