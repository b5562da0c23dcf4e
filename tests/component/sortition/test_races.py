"""Several people press the same button at once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from borgerting.sortition.v1 import draw_service_pb2 as draw_pb
from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.errors import DomainError
from chassis.tables import outbox
from services.sortition.adapters.worker import DrawHandler
from tests.component.sortition.house import SECRETARIAT, House
from tests.component.sortition.test_worker import claim, in_process, never, quiet
from tests.infrastructure.stores import Stores, everything

AT_ONCE = 8


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    yield made
    made.close()


def outcomes(act: Callable[[int], object]) -> Counter[str]:
    """What each of many at once was told: "done", or the reason of the refusal."""

    def one(number: int) -> str:
        try:
            act(number)
        except DomainError as error:
            return error.reason
        return "done"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


def drawn(house: House) -> str:
    """A selection whose seeded draw is published."""
    selection = house.filled()
    draw = house.draw(selection, mode=draw_pb.Draw.MODE_SEEDED, seed="s")
    DrawHandler(house.database, house.clock, in_process, lambda method, seconds: None).run(
        claim(house), quiet, never
    )
    house.draws.publish_draw(SECRETARIAT, draw_pb.PublishDrawRequest(name=draw.name))
    return selection


def test_one_draw_begins(house: House) -> None:
    selection = house.filled()
    told = outcomes(lambda number: house.draw(selection))
    assert told == {"done": 1, "DRAW_IN_PROGRESS": AT_ONCE - 1}


def everyone_accepts(house: House, selection: str) -> None:
    for seat in house.selections.list_seats(SECRETARIAT, pb.ListSeatsRequest(parent=selection)).seats:
        answer = pb.SetSeatAnswerRequest(name=seat.name, answer=pb.Seat.ANSWER_ACCEPTED)
        house.selections.set_seat_answer(SECRETARIAT, answer)


def test_one_confirmation_counts_and_one_event_leaves(house: House) -> None:
    selection = drawn(house)
    everyone_accepts(house, selection)
    told = outcomes(
        lambda number: house.selections.confirm_panel(SECRETARIAT, pb.ConfirmPanelRequest(name=selection))
    )
    assert told == {"done": 1, "PANEL_CONFIRMED": AT_ONCE - 1}
    with everything(house.database) as transaction:
        events = transaction.connection.execute(select(outbox.c.type, outbox.c.key)).all()
    assert [(e.type, e.key) for e in events] == [
        ("borgerting.sortition.v1.PanelConfirmed", f"hjemby/selections/{selection.rsplit('/', 1)[1]}")
    ]


def test_one_request_id_makes_one_selection(house: House) -> None:
    request = pb.CreateSelectionRequest(
        parent="municipalities/hjemby",
        selection=pb.Selection(title="Once", size=8),
        request_id=str(uuid.uuid4()),
    )
    names = set()
    told = outcomes(lambda number: names.add(house.selections.create_selection(SECRETARIAT, request).name))
    assert told == {"done": AT_ONCE}
    assert len(names) == 1


def test_of_two_answers_to_one_seat_the_second_must_look_again(house: House) -> None:
    selection = drawn(house)
    seat = house.selections.list_seats(SECRETARIAT, pb.ListSeatsRequest(parent=selection)).seats[0]
    request = pb.SetSeatAnswerRequest(name=seat.name, answer=pb.Seat.ANSWER_ASKED, etag=seat.etag)
    told = outcomes(lambda number: house.selections.set_seat_answer(SECRETARIAT, request))
    assert told == {"done": 1, "ETAG_STALE": AT_ONCE - 1}
