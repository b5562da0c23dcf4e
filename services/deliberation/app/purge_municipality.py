"""Have a removed municipality erased, when its time has come."""

from __future__ import annotations

from chassis.clock import Clock
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.municipality import erase, is_due


def purge_municipality(uow: UnitOfWork, slug: str, *, clock: Clock) -> bool:
    """The suite's own work: leave the tombstone, tell all to erase, begin here. False when it is not due.

    Who removed it is in the platform's audit trail; that of the municipality goes with it.
    """
    before = uow.municipalities.get(slug)
    if before is None or not is_due(before, clock.now()):
        return False
    after = erase(before, clock.now())
    if not uow.municipalities.replace(after, before.version):
        return False
    uow.events.municipality_erased(after)
    uow.begin_erasure()
    return True
