"""Many at once: every answer stands, in an order; a request sent twice is done once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis.auth.principal import Role
from chassis.errors import DomainError
from tests.component.followup.house import House
from tests.infrastructure.stores import Stores
from tests.unit.followup.house import who

AT_ONCE = 8


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    made.hand_over()
    yield made
    made.database.close()


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


def test_answers_at_once_all_stand(house: House) -> None:
    checkpoint = house.promises()[0].checkpoints[0]
    told = outcomes(lambda number: house.answer(checkpoint, reason=f"Grund {number}"))
    assert told == {"done": AT_ONCE}
    stored = house.promises()[0].checkpoints[0].answers
    assert {answer.reason for answer in stored} == {f"Grund {number}" for number in range(AT_ONCE)}
    assert len(house.events("PromiseAnswered")) == AT_ONCE


def test_a_request_sent_many_times_at_once_is_done_once(house: House) -> None:
    checkpoint, request_id = house.promises()[0].checkpoints[0], str(uuid.uuid4())
    names: list[str] = []
    told = outcomes(lambda number: names.append(house.answer(checkpoint, request_id).name))
    assert told == {"done": AT_ONCE}
    assert len(set(names)) == 1
    assert [answer.name for answer in house.promises()[0].checkpoints[0].answers] == names[:1]


def test_of_those_who_saw_the_same_one_changes_how_many_are_sought(house: House) -> None:
    house.answer(house.promises()[0].checkpoints[0])
    promise = house.promises()[0]
    told = outcomes(
        lambda number: house.desk.seek_volunteers(
            who(Role.COORDINATOR),
            pb.SeekVolunteersRequest(name=promise.name, wanted=number + 1, task="Gå ture", etag=promise.etag),
        )
    )
    assert told == {"done": 1, "ETAG_STALE": AT_ONCE - 1}
    assert len(house.events("VolunteersSought")) == 1


def test_an_extension_and_an_answer_at_once_never_leave_an_extended_answer(house: House) -> None:
    """Either the extension came first and both stand, or the answer did and there was nothing to extend."""
    checkpoint = house.promises()[0].checkpoints[0]
    extension = pb.Extension(office="Veje", reason="Budget")
    extension.until_date.year, extension.until_date.month, extension.until_date.day = 2026, 1, 30

    def act(number: int) -> object:
        if number % 2:
            return house.answer(checkpoint)
        request = pb.CreateExtensionRequest(parent=checkpoint.name, extension=extension)
        return house.desk.create_extension(who(Role.OFFICER), request)

    told = outcomes(act)
    stored = house.promises()[0].checkpoints[0]
    assert len(stored.answers) == AT_ONCE // 2
    # The same date twice is no later date.
    assert len(stored.extensions) <= 1
    assert told["done"] == AT_ONCE // 2 + len(stored.extensions)
