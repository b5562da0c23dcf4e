"""What the use cases of a published draw's panel have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from chassis.aip.updates import make_etag
from services.sortition.app.paging import uuid_page
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PanelView
from services.sortition.domain.pool import Person
from services.sortition.domain.seat import Answer, Seat
from services.sortition.domain.selection import Selection


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


def seat_page(
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


def people_of(uow: UnitOfWork, selection_id: UUID) -> dict[UUID, Person]:
    return {person.id: person for person in uow.pool.everyone(selection_id)}
