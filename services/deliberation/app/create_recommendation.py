"""Add a recommendation to a report, as its last."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import check_room, close_draft, open_draft, recommendation_in
from services.deliberation.app.views import RecommendationView
from services.deliberation.domain.report import MOST_RECOMMENDATIONS, Recommendation


@dataclass(frozen=True, slots=True)
class CreateRecommendation:
    assembly: UUID
    title: str
    vision: str = ""


def create_recommendation(
    uow: AssemblyUnitOfWork, caller: Caller, command: CreateRecommendation, *, clock: Clock
) -> RecommendationView:
    """For the secretariat and editors.

    Raises DomainError INVALID_ARGUMENT RECOMMENDATION_INVALID, FAILED_PRECONDITION REPORT_HANDED_OVER or
    REPORT_FULL.
    """
    view = open_draft(uow, caller, command.assembly)
    check_room(view, len(view.contents), MOST_RECOMMENDATIONS)
    position = len(view.contents) + 1
    made = Recommendation(uuid7(clock), command.title, command.vision, position).checked()
    uow.reports.put_recommendation(view.assembly.id, made)
    name = f"{view.report.name}/recommendations/{made.id}"
    after = close_draft(uow, caller, view, "recommendation.create", name, clock.now())
    return recommendation_in(after, made.id)
