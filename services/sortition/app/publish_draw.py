"""The draw becomes public, and those drawn get their seats."""

from __future__ import annotations

from uuid import uuid4

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.draw_acts import DrawAct, draw_for
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_view
from services.sortition.app.views import DrawView
from services.sortition.domain.seat import Answer, Seat
from services.sortition.lottery import record


def publish_draw(uow: UnitOfWork, caller: Caller, command: DrawAct, *, clock: Clock) -> DrawView:
    """Raises DomainError FAILED_PRECONDITION DRAW_NOT_DRAWN or SELECTION_DRAWN, ABORTED ETAG_STALE, NOT_FOUND
    DRAW_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    draw = draw_for(uow, command)
    now = clock.now()
    published = draw.published(now)
    selection = uow.selections.get(draw.selection).drawn(draw.id, now)
    file = uow.files.get(draw.id, "record.json")
    drawn = record.drawn_ids(file.content, uow.files.get(draw.id, "audit.json").content)
    person_of = uow.draws.people(draw.id)
    in_pool = {person.id for person in uow.pool.people(selection.id)}
    seats = []
    for pool_id in drawn:
        person = person_of[pool_id]
        seat = Seat(uow.municipality, selection.id, uuid4(), draw.id, person)
        # Whoever was erased since the draw began can be asked by nobody.
        seats.append(seat if person in in_pool else seat.answered(Answer.DECLINED, now))
    uow.draws.save(published)
    uow.selections.save(selection)
    uow.seats.add(seats)
    details = {"record": file.sha256, "seats": str(len(seats))}
    uow.audit.record(caller, "draw.publish", draw.name, details)
    return draw_view(uow, published)
