"""Tell, once per checkpoint and date, that a date passed unanswered. Pages do not wait for it."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.tenants import entered
from services.followup.app.gate import today_in
from services.followup.app.ports import UnitOfWork


def tell_overdue(uow: UnitOfWork, *, clock: Clock) -> int:
    """How many dates it was told of. Overdue begins the day after the date in force, where the municipality
    is.
    """
    today = today_in(entered(uow), clock.now())
    told = 0
    for overdue in uow.promises.untold_overdue(today):
        # Another sweep, or an answer, may have come in between.
        if uow.promises.tell_overdue(overdue):
            uow.events.promise_overdue(overdue)
            told += 1
    uow.meter.told_overdue(told)
    return told
