"""What the council owes: every checkpoint without an answer, by the date in force. For those who answer."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from services.followup.app.gate import ANSWERING, admit, today_in, zone_of
from services.followup.app.get_tracker import MOST
from services.followup.app.ports import PromiseQuery, UnitOfWork
from services.followup.app.views import Owed, OwedList


def list_owed(uow: UnitOfWork, caller: Caller, *, clock: Clock) -> OwedList:
    municipality = admit(uow, caller, *ANSWERING)
    now, zone = clock.now(), zone_of(municipality)
    owed = [
        Owed(promise, checkpoint, checkpoint.status(now, zone))
        for promise in uow.promises.page(PromiseQuery(), MOST)
        for checkpoint in promise.checkpoints
        if not checkpoint.answers
    ]
    ordered = sorted(owed, key=lambda each: (each.checkpoint.effective_due, each.promise.position))
    return OwedList(today_in(municipality, now), tuple(ordered))
