"""Public mode, first act: the panels become public while nobody knows the number."""

from __future__ import annotations

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.draw_acts import DrawAct, draw_for, signature
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_view
from services.sortition.app.views import DrawView


def publish_commitment(uow: UnitOfWork, caller: Caller, command: DrawAct, *, clock: Clock) -> DrawView:
    """Signs the commitment and makes both public.

    Raises DomainError FAILED_PRECONDITION PANELS_NOT_READY, DRAW_NOT_PUBLIC or SELECTION_DRAWN, ABORTED
    ETAG_STALE, NOT_FOUND DRAW_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    draw = draw_for(uow, command)
    uow.selections.get(draw.selection).require_preparing()
    committed = draw.committed(clock.now())
    commitment = uow.files.get(draw.id, "commitment.json")
    uow.files.add(draw.id, [signature(uow, commitment.filename, commitment.content)])
    uow.draws.save(committed)
    uow.audit.record(caller, "draw.publish_commitment", draw.name, {"commitment": commitment.sha256})
    return draw_view(uow, committed)
