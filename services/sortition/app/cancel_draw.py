"""Stop a draw whose number nobody knows yet."""

from __future__ import annotations

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.draw_acts import DrawAct, draw_for
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_view
from services.sortition.app.views import DrawView
from services.sortition.domain.draw import DrawState


def cancel_draw(uow: UnitOfWork, caller: Caller, command: DrawAct, *, clock: Clock) -> DrawView:
    """A draw at work is stopped; one whose commitment is public stays public, as withdrawn.

    Raises DomainError FAILED_PRECONDITION DRAW_OVER, ABORTED ETAG_STALE, NOT_FOUND DRAW_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    draw = draw_for(uow, command)
    cancelled = draw.cancelled(clock.now())
    uow.draws.save(cancelled)
    if draw.state in (DrawState.QUEUED, DrawState.RUNNING):
        uow.jobs.cancel_draw(draw)
    uow.audit.record(caller, "draw.cancel", draw.name, {"state": draw.state.value})
    return draw_view(uow, cancelled)
