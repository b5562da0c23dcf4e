"""Add an initiative to a recommendation, as its last."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import (
    check_room,
    close_draft,
    initiative_in,
    open_draft,
    recommendation_in,
)
from services.deliberation.app.views import InitiativeView
from services.deliberation.domain.report import MOST_INITIATIVES, Initiative
from services.deliberation.domain.support import Support


@dataclass(frozen=True, slots=True)
class CreateInitiative:
    assembly: UUID
    recommendation: UUID
    title: str
    text: str = ""
    support: Support | None = None


def create_initiative(
    uow: AssemblyUnitOfWork, caller: Caller, command: CreateInitiative, *, clock: Clock
) -> InitiativeView:
    """For the secretariat and editors.

    Raises DomainError NOT_FOUND RECOMMENDATION_UNKNOWN, INVALID_ARGUMENT INITIATIVE_INVALID,
    FAILED_PRECONDITION REPORT_HANDED_OVER or REPORT_FULL.
    """
    view = open_draft(uow, caller, command.assembly)
    parent = recommendation_in(view, command.recommendation)
    check_room(view, view.initiatives, MOST_INITIATIVES)
    made = Initiative(
        uuid7(clock),
        command.recommendation,
        command.title,
        command.text,
        command.support,
        len(parent.initiatives) + 1,
    ).checked()
    uow.reports.put_initiative(view.assembly.id, made)
    name = f"{parent.name}/initiatives/{made.id}"
    after = close_draft(uow, caller, view, "initiative.create", name, clock.now())
    return initiative_in(recommendation_in(after, command.recommendation), made.id)
