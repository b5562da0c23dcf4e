"""From what is kept to what is answered, for several use cases."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.aip.updates import make_etag
from services.sortition.app.ports import StoredFileInfo, UnitOfWork
from services.sortition.app.views import DrawView, PersonView, SeatView, SelectionView
from services.sortition.domain.draw import Draw, DrawState
from services.sortition.domain.pool import Person
from services.sortition.domain.seat import Seat
from services.sortition.domain.selection import Selection


def selection_etag(selection: Selection) -> str:
    return make_etag(selection.name, selection.version)


def selection_view(selection: Selection, pool_size: int) -> SelectionView:
    return SelectionView(selection, pool_size, selection_etag(selection))


def draw_etag(draw: Draw) -> str:
    return make_etag(draw.name, draw.version)


def draw_view(uow: UnitOfWork, draw: Draw) -> DrawView:
    return draw_views(uow, [draw])[0]


def draw_views(uow: UnitOfWork, draws: Sequence[Draw]) -> list[DrawView]:
    files = uow.files.infos([draw.id for draw in draws])
    return [_draw_view(uow, draw, files.get(draw.id, ())) for draw in draws]


def _draw_view(uow: UnitOfWork, draw: Draw, files: Sequence[StoredFileInfo]) -> DrawView:
    at_work = draw.state in (DrawState.QUEUED, DrawState.RUNNING)
    job = uow.jobs.draw_job(draw.id) if at_work else None
    stage = (job.stage or "queued") if job else ""
    return DrawView(draw, tuple(files), stage, dict(job.progress) if job else {}, draw_etag(draw))


def is_public(draw: Draw, file: StoredFileInfo) -> bool:
    """Whether anyone may have this file of the draw now.

    The commitment from when it was published; the record and its signature only with the draw itself,
    although they exist as soon as the number is known.
    """
    if file.secret:
        return False
    if file.filename.startswith("commitment."):
        return draw.commit_time is not None
    return draw.publish_time is not None


def person_etag(person: Person) -> str:
    return make_etag(person.name, person.version)


def person_view(person: Person, household_others: int) -> PersonView:
    return PersonView(
        person.name,
        person.id,
        person.pool_id,
        dict(person.values),
        person.inclusion,
        household_others,
        person_etag(person),
    )


def seat_etag(seat: Seat) -> str:
    return make_etag(seat.name, seat.version)


def seat_view(seat: Seat, people: dict[UUID, Person]) -> SeatView:
    """`people` holds at least the person in the seat."""
    values = people[seat.person].values
    return SeatView(seat.name, seat.id, seat.answer, seat.answer_time, dict(values), seat_etag(seat))
