"""Take a municipality out of use, and back: nobody of it can change anything meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role, authorise
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.deliberation.app.permissions import unknown_municipality
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.app.update_municipality import etag_of
from services.deliberation.domain.municipality import (
    Municipality,
    reason_given,
    resume,
    suspend,
    undelete,
)


@dataclass(frozen=True, slots=True)
class ChangeOfState:
    """`reason` goes to the audit trail; `etag` None asks for no check."""

    slug: str
    reason: str
    etag: str | None


def suspend_municipality(
    uow: UnitOfWork, caller: Caller, command: ChangeOfState, *, clock: Clock
) -> Municipality:
    """For operators. Raises DomainError MUNICIPALITY_UNKNOWN, MUNICIPALITY_NOT_ACTIVE, ETAG_STALE,
    OPERATOR_REASON_INVALID.
    """
    return _change(uow, caller, command, suspend, "municipality.suspend", clock)


def resume_municipality(
    uow: UnitOfWork, caller: Caller, command: ChangeOfState, *, clock: Clock
) -> Municipality:
    """For operators. Raises DomainError MUNICIPALITY_UNKNOWN, MUNICIPALITY_NOT_SUSPENDED, ETAG_STALE,
    OPERATOR_REASON_INVALID.
    """
    return _change(uow, caller, command, resume, "municipality.resume", clock)


def undelete_municipality(
    uow: UnitOfWork, caller: Caller, command: ChangeOfState, *, clock: Clock
) -> Municipality:
    """For operators. Raises DomainError MUNICIPALITY_UNKNOWN, MUNICIPALITY_NOT_REMOVED, ETAG_STALE,
    OPERATOR_REASON_INVALID.
    """
    return _change(uow, caller, command, undelete, "municipality.undelete", clock)


def _change(
    uow: UnitOfWork,
    caller: Caller,
    command: ChangeOfState,
    move: Callable[[Municipality, datetime], Municipality],
    action: str,
    clock: Clock,
) -> Municipality:
    authorise(caller.principal, None, Role.OPERATOR)
    reason = reason_given(command.reason)
    before = uow.municipalities.get(command.slug)
    if before is None:
        raise unknown_municipality()
    check_etag(command.etag, etag_of(before))
    after = move(before, clock.now())
    if not uow.municipalities.replace(after, before.version):
        raise DomainError(Code.ABORTED, "ETAG_STALE")
    uow.events.municipality_changed(after)
    uow.audit.record(caller, action, after.name, {"reason": reason, "version": str(after.version)})
    return after
