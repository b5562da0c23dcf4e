"""Who must, and who must not, be on the panel."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.sortition.app.gate import admit
from services.sortition.app.person_views import person_views
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import person_etag
from services.sortition.app.views import PersonView
from services.sortition.domain.pool import Inclusion


@dataclass(frozen=True, slots=True)
class SetInclusion:
    selection: UUID
    person: UUID
    inclusion: Inclusion | None
    etag: str = ""


def set_inclusion(uow: UnitOfWork, caller: Caller, command: SetInclusion, *, clock: Clock) -> PersonView:
    """Who must, or must not, be on the panel of later draws.

    Raises DomainError NOT_FOUND PERSON_UNKNOWN, ABORTED ETAG_STALE, FAILED_PRECONDITION SELECTION_DRAWN or
    PERSON_LEFT_POOL, INVALID_ARGUMENT INCLUSION_INVALID.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    selection.require_preparing()
    if command.inclusion is None:
        violation = FieldViolation("inclusion", "REQUIRED")
        raise DomainError(Code.INVALID_ARGUMENT, "INCLUSION_INVALID", {}, (violation,))
    person = uow.pool.get(command.selection, command.person)
    check_etag(command.etag, person_etag(person))
    changed = person.with_inclusion(command.inclusion)
    uow.pool.put([changed])
    uow.audit.record(caller, "person.set_inclusion", person.name, {"inclusion": command.inclusion.value})
    return person_views(uow, selection.id, [changed])[0]
