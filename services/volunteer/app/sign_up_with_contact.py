"""Sign up in one go: how one is reached, and the place."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.create_person import create_person
from services.volunteer.app.create_sign_up import CreateSignUp, create_sign_up
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.update_person import UpdatePerson, update_person
from services.volunteer.app.views import SignUpView
from services.volunteer.domain.person import EDITABLE, Contact


@dataclass(frozen=True, slots=True)
class SignUpWithContact:
    """`contact` None: as it is known already."""

    sign_up: CreateSignUp
    contact: Contact | None


def sign_up_with_contact(
    uow: UnitOfWork, caller: Caller, command: SignUpWithContact, *, clock: Clock
) -> SignUpView:
    """For a volunteer. Raises DomainError as `update_person` and `create_sign_up`."""
    if command.contact is not None:
        update_person(uow, caller, UpdatePerson(None, command.contact, tuple(sorted(EDITABLE))), clock=clock)
    return create_sign_up(uow, caller, command.sign_up, clock=clock)


def sign_up_by_phone(
    uow: UnitOfWork, caller: Caller, command: SignUpWithContact, *, clock: Clock
) -> SignUpView:
    """For a coordinator, of somebody who phones. Raises DomainError as `create_person`, `create_sign_up`."""
    entered = create_person(uow, caller, command.contact or Contact("", ""), clock=clock)
    wanted = CreateSignUp(command.sign_up.task, command.sign_up.slot, entered.person.id)
    return create_sign_up(uow, caller, wanted, clock=clock)
