"""All that was promised in a municipality, with where it stands: the public tracker. Anyone may see it."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.followup.app.gate import today_in
from services.followup.app.ports import PromiseQuery, UnitOfWork
from services.followup.app.views import Tracker, promise_view

MOST = 1000
"""An assembly has some dozens of initiatives; a municipality holds an assembly every year or two."""


def get_tracker(uow: UnitOfWork, caller: Caller, *, clock: Clock) -> Tracker:
    municipality, now = known(uow), clock.now()
    found = uow.promises.page(PromiseQuery(), MOST)
    return Tracker(
        today_in(municipality, now),
        tuple(promise_view(promise, municipality, now) for promise in found),
        tuple(uow.handovers.all()),
    )
