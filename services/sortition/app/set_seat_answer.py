"""What the person drawn has answered."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import seat_etag, seat_view
from services.sortition.app.views import SeatView
from services.sortition.domain.seat import Answer, require_answer
from services.sortition.domain.selection import SelectionState


@dataclass(frozen=True, slots=True)
class SetSeatAnswer:
    selection: UUID
    seat: UUID
    answer: Answer | None
    etag: str = ""


def set_seat_answer(uow: UnitOfWork, caller: Caller, command: SetSeatAnswer, *, clock: Clock) -> SeatView:
    """Raises DomainError INVALID_ARGUMENT ANSWER_INVALID, NOT_FOUND SEAT_UNKNOWN, ABORTED ETAG_STALE,
    FAILED_PRECONDITION PANEL_CONFIRMED or SELECTION_NOT_DRAWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    selection.require_drawn()
    if selection.state is SelectionState.CONFIRMED:
        raise DomainError(Code.FAILED_PRECONDITION, "PANEL_CONFIRMED", {"selection": selection.name})
    answer = require_answer(command.answer)
    seat = uow.seats.get(command.selection, command.seat)
    check_etag(command.etag, seat_etag(seat))
    answered = seat.answered(answer, clock.now())
    uow.seats.save(answered)
    uow.audit.record(caller, "seat.set_answer", seat.name, {"answer": answer.value})
    return seat_view(answered, {seat.person: uow.pool.get(selection.id, seat.person)})
