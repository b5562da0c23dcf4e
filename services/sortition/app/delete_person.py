"""Erase a person."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.import_pool import dismiss, drop_upload
from services.sortition.app.ports import UnitOfWork
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionState


@dataclass(frozen=True, slots=True)
class DeletePerson:
    selection: UUID
    person: UUID


def delete_person(uow: UnitOfWork, caller: Caller, command: DeletePerson, *, clock: Clock) -> None:
    """Erase a person: name, address, contact, and any upload that still waits, at once.

    Whom a draw has taken in stays there as an id with values: the record stands and can be checked. A seat
    that they have not accepted is declined, for nobody can be asked now. Raises NOT_FOUND PERSON_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    person = uow.pool.get(command.selection, command.person)
    dismiss(uow, selection.id, [person])
    drop_upload(uow, selection.id)
    seat = uow.seats.of_person(selection.id, person.id)
    if seat is not None and selection.state is SelectionState.DRAWN and seat.answer is not Answer.ACCEPTED:
        uow.seats.save(seat.answered(Answer.DECLINED, clock.now()))
    uow.audit.record(caller, "person.delete", person.name)
