"""The panel of a published draw: its seats, what people answered, and who to phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, make_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.sortition.app.gate import admit
from services.sortition.app.paging import uuid_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import seat_etag, seat_view
from services.sortition.app.views import PanelView, SeatContact, SeatContactPage, SeatPage, SeatView
from services.sortition.domain.pool import Person
from services.sortition.domain.seat import Answer, Seat, require_answer
from services.sortition.domain.selection import Selection, SelectionState


@dataclass(frozen=True, slots=True)
class SetSeatAnswer:
    selection: UUID
    seat: UUID
    answer: Answer | None
    etag: str = ""


def get_panel(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> PanelView:
    """Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    selection.require_drawn()
    return panel_view(selection, uow.seats.all(selection_id))


def list_seats(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> SeatPage:
    """In an order that tells nothing. Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    seats, token = _page(uow, selection_id, page_size, page_token, "list_seats")
    people = _people(uow, selection_id)
    return SeatPage(tuple(seat_view(seat, people) for seat in seats), token)


def list_seat_contacts(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> SeatContactPage:
    """The phone list; that it was read stands in the audit trail of who may read it: the secretariat alone.

    Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    seats, token = _page(uow, selection_id, page_size, page_token, "list_seat_contacts")
    people = _people(uow, selection_id)
    contacts = uow.contacts.get(selection_id, [seat.person for seat in seats])
    items = []
    for seat in seats:
        contact = contacts.get(seat.person)
        fields = dict(contact.fields) if contact else {}
        items.append(SeatContact(seat_view(seat, people), people[seat.person].pool_id, fields))
    return SeatContactPage(tuple(items), token)


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


def panel_view(selection: Selection, seats: Sequence[Seat]) -> PanelView:
    answers = Counter(seat.answer for seat in seats)
    # Over every seat: confirming with an old etag must fail when any answer has changed.
    versions = "".join(f"{seat.id}{seat.version}" for seat in seats)
    return PanelView(
        selection=selection.id,
        draw=selection.require_drawn(),
        size=len(seats),
        not_asked=answers[Answer.NOT_ASKED],
        asked=answers[Answer.ASKED],
        accepted=answers[Answer.ACCEPTED],
        declined=answers[Answer.DECLINED],
        confirm_time=selection.confirm_time,
        etag=make_etag(selection.name, "panel", str(selection.confirm_time), versions),
    )


def _page(
    uow: UnitOfWork, selection_id: UUID, page_size: int, page_token: str, method: str
) -> tuple[tuple[Seat, ...], str]:
    selection = uow.selections.get(selection_id)
    selection.require_drawn()
    page = uuid_page(
        page_size,
        page_token,
        (method, selection.name),
        lambda limit, after: uow.seats.page(selection_id, limit, after),
        lambda seat: seat.id,
    )
    return page.items, page.next_page_token


def _people(uow: UnitOfWork, selection_id: UUID) -> dict[UUID, Person]:
    return {person.id: person for person in uow.pool.everyone(selection_id)}
