"""Remove a municipality: for a while it can be had back, then it is erased everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role, authorise
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.deliberation.app.permissions import unknown_municipality
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.app.update_municipality import etag_of
from services.deliberation.domain.municipality import Municipality, State, reason_given, remove

EXPORTED = "municipality.export"
"""The act by which the audit trail knows an export."""


@dataclass(frozen=True, slots=True)
class DeleteMunicipality:
    """`confirmation` is the slug as it was typed once more; `etag` None asks for no check."""

    slug: str
    confirmation: str
    reason: str
    without_export: bool
    etag: str | None


def check_delete_municipality(uow: UnitOfWork, caller: Caller, command: DeleteMunicipality) -> Municipality:
    """What can be said of it beforehand, in a unit of work of the municipality itself: its audit trail tells
    whether it was exported. Raises DomainError as `delete_municipality`, and FAILED_PRECONDITION
    MUNICIPALITY_NOT_EXPORTED.
    """
    authorise(caller.principal, None, Role.OPERATOR)
    reason_given(command.reason)
    if command.confirmation != command.slug:
        violation = FieldViolation("confirmation", "CONFIRMATION_WRONG")
        raise DomainError(Code.INVALID_ARGUMENT, "CONFIRMATION_WRONG", {}, (violation,))
    found = uow.municipalities.get(command.slug)
    if found is None:
        raise unknown_municipality()
    exported = uow.audit.last(EXPORTED)
    held = found.state is State.SUSPENDED
    if held and not command.without_export and (exported is None or exported < found.state_time):
        raise DomainError(Code.FAILED_PRECONDITION, "MUNICIPALITY_NOT_EXPORTED", {"slug": command.slug})
    return found


def delete_municipality(
    uow: UnitOfWork, caller: Caller, command: DeleteMunicipality, *, clock: Clock, grace: timedelta
) -> Municipality:
    """For operators, in a unit of work of the platform: its audit trail outlives the municipality's.

    Raises DomainError MUNICIPALITY_UNKNOWN, MUNICIPALITY_NOT_SUSPENDED, ETAG_STALE, OPERATOR_REASON_INVALID.
    """
    authorise(caller.principal, None, Role.OPERATOR)
    before = uow.municipalities.get(command.slug)
    if before is None:
        raise unknown_municipality()
    check_etag(command.etag, etag_of(before))
    after = remove(before, clock.now(), grace)
    if not uow.municipalities.replace(after, before.version):
        raise DomainError(Code.ABORTED, "ETAG_STALE")
    uow.events.municipality_changed(after)
    details = {"reason": reason_given(command.reason), "without_export": str(command.without_export).lower()}
    uow.audit.record(caller, "municipality.delete", after.name, details)
    return after
