"""One sign-up."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from services.volunteer.app.own_sign_ups import readable_sign_up
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import sign_up_view
from services.volunteer.app.views import SignUpView


def get_sign_up(
    uow: UnitOfWork, caller: Caller, task_id: UUID, slot_id: UUID, sign_up_id: UUID
) -> SignUpView:
    """Raises DomainError NOT_FOUND SIGN_UP_UNKNOWN."""
    sign_up, _ = readable_sign_up(uow, caller, task_id, slot_id, sign_up_id)
    return sign_up_view(uow, sign_up)
