"""A report was handed over, deliberation tells: note it, and queue the reading of it.

It is read over the network, which no unit of work may wait for.
"""

from __future__ import annotations

from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Code, DomainError
from services.followup.app.ports import UnitOfWork
from services.followup.domain.report import Handover


def note_handover(uow: UnitOfWork, assembly: UUID, digest: str, *, clock: Clock) -> None:
    """Once per assembly; told again, it does nothing. Raises DomainError FAILED_PRECONDITION
    REPORT_DIGEST_DIFFERS when an assembly's report is said to have changed: none ever does.
    """
    known = uow.handovers.get(assembly)
    if known is not None:
        if known.digest != digest:
            raise DomainError(Code.FAILED_PRECONDITION, "REPORT_DIGEST_DIFFERS")
        return
    handover = Handover(uow.municipality, assembly, digest, clock.now())
    uow.handovers.put(handover)
    uow.jobs.read_report(handover)
