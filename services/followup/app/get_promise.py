"""One promise, as it stands now. Anyone may ask, neighbouring services too."""

from __future__ import annotations

from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.followup.app.ports import UnitOfWork
from services.followup.app.views import PromiseView, promise_view


def get_promise(uow: UnitOfWork, caller: Caller, promise: UUID, *, clock: Clock) -> PromiseView:
    """Raises DomainError NOT_FOUND PROMISE_UNKNOWN."""
    municipality = known(uow)
    return promise_view(uow.promises.get(promise), municipality, clock.now())
