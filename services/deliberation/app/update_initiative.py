"""Change an initiative's words, support or place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.report_acts import close_draft, initiative_in, open_draft, recommendation_in
from services.deliberation.app.views import InitiativeView
from services.deliberation.domain.report import INITIATIVE_EDITABLE, moved
from services.deliberation.domain.support import Support


@dataclass(frozen=True, slots=True)
class UpdateInitiative:
    """`mask` names the fields that change; empty: those in `populated`. `support` None takes it away."""

    assembly: UUID
    recommendation: UUID
    initiative: UUID
    title: str
    text: str
    support: Support | None
    position: int
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_initiative(
    uow: AssemblyUnitOfWork, caller: Caller, command: UpdateInitiative, *, clock: Clock
) -> InitiativeView:
    """For the secretariat and editors. One that moves takes its place; the others close up.

    Raises DomainError NOT_FOUND RECOMMENDATION_UNKNOWN or INITIATIVE_UNKNOWN, INVALID_ARGUMENT
    (FIELD_MASK_INVALID, INITIATIVE_INVALID), ABORTED ETAG_STALE, FAILED_PRECONDITION REPORT_HANDED_OVER.
    """
    view = open_draft(uow, caller, command.assembly)
    parent = recommendation_in(view, command.recommendation)
    found = initiative_in(parent, command.initiative)
    check_etag(command.etag, found.etag)
    fields = masked_fields(command.mask, command.populated, INITIATIVE_EDITABLE)
    before = found.initiative
    changed = replace(
        before,
        title=command.title if "title" in fields else before.title,
        text=command.text if "text" in fields else before.text,
        support=command.support if "support" in fields else before.support,
    ).checked()
    siblings = parent.recommendation.initiatives
    order = [each.id for each in siblings]
    wanted = command.position if "position" in fields else before.position
    after = moved(order, before.id, wanted, "INITIATIVE_INVALID")
    if changed == before and after == order:
        return found
    for each in siblings:
        placed = replace(changed if each.id == before.id else each, position=after.index(each.id) + 1)
        if placed != each:
            uow.reports.put_initiative(view.assembly.id, replace(placed, version=each.version + 1))
    now = clock.now()
    written = close_draft(uow, caller, view, "initiative.update", found.name, now)
    return initiative_in(recommendation_in(written, command.recommendation), before.id)
