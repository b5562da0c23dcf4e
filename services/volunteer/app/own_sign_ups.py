"""A sign-up that the caller may see: the person's own, and the coordinators'."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.volunteer.app.gate import admit, coordinates
from services.volunteer.app.people import own_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.sign_up import SignUp


def readable_sign_up(
    uow: UnitOfWork, caller: Caller, task_id: UUID, slot_id: UUID, sign_up_id: UUID
) -> tuple[SignUp, bool]:
    """The sign-up, and whether it is the caller's own. Raises DomainError NOT_FOUND SIGN_UP_UNKNOWN."""
    admit(uow, caller, Role.VOLUNTEER, Role.COORDINATOR)
    sign_up = uow.sign_ups.get(slot_id, sign_up_id)
    own = own_person(uow, caller)
    is_own = own is not None and own.id == sign_up.person
    if sign_up.task != task_id or not (is_own or coordinates(uow, caller)):
        raise DomainError(Code.NOT_FOUND, "SIGN_UP_UNKNOWN")
    return sign_up, is_own
