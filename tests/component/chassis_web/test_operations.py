"""The operations page over a real store in which an event is parked: who sees it, and the two ways on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import MetaData

from chassis.auth.principal import NOBODY, Principal, Role
from chassis.clock import FixedClock
from chassis.db import Database, Transaction, add_to
from chassis.dead_letters import parked
from chassis.errors import DomainError
from chassis.events.envelope import Envelope
from chassis.events.ports import Delivery
from chassis.inbox import Inbox as EventInbox
from chassis.inbox import Outcome, RetryPolicy, Subscription
from chassis.jobs import job_tallies
from chassis.operations.state import ServiceState
from chassis.outbox import outbox_state
from chassis.testing.stores import NOON, an_event, noon, sqlite_store
from chassis.web import Room, Site, errors, install
from chassis.web.operations import OperationsPages
from tests.component.chassis_web.test_site import Visitor, check_token

TOPIC = "borgerting.toy.v1"
METADATA = MetaData()
add_to(METADATA)
OPERATOR = Principal("ops-1", None, frozenset({Role.OPERATOR}))
OURS = {"csrf_token": "ours"}
WHO = {
    "operator": OPERATOR,
    "secretariat": Principal("staff-7", "hjemby", frozenset({Role.SECRETARIAT})),
    "local operator": Principal("ops-2", "hjemby", frozenset({Role.OPERATOR})),
}


class Desk:
    def __init__(self, folder: Path) -> None:
        self.time: FixedClock = noon()
        self.database: Database = sqlite_store(folder, METADATA, machine_clock=self.time)
        self.broken = True
        self.handled: list[str] = []
        subscription = Subscription("toy.heard", TOPIC, {"google.protobuf.StringValue": self._hear})
        self.inbox = EventInbox(self.database, subscription, RetryPolicy(attempts=1))
        app = FastAPI()
        install(
            app,
            Site(
                [Room("deliberation", "services.deliberation")],
                identify=lambda request: WHO.get(request.cookies.get("who", ""), NOBODY),
                csrf_token=lambda request: "ours",
                check_csrf=check_token,
            ),
        )

        def refused(request: Request, error: Exception) -> Response:
            assert isinstance(error, DomainError)
            return errors.refusal(request, error)

        app.add_exception_handler(DomainError, refused)
        pages = OperationsPages(lambda: [self.state()], lambda: {"toy": self.database}, lambda: NOON)
        app.include_router(pages.router("deliberation"), prefix="/deliberation")
        self.visitor = Visitor(app)

    def _hear(self, transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        if self.broken:
            raise ValueError("Anna Andersen")
        self.handled.append(message.value)

    def give(self, sequence: int) -> Outcome:
        event = an_event(sequence)
        return self.inbox.receive(Delivery(TOPIC, 0, sequence, event.envelope.key, event))

    def state(self) -> ServiceState:
        database = self.database
        return ServiceState("toy", [], outbox_state(database), [], parked(database), job_tallies(database))

    def sign_in(self, who: str) -> None:
        self.visitor.cookies.set("who", who)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def parking(desk: Desk) -> Desk:
    """Event 1 is parked, event 2 waits behind it, and the platform's operator looks."""
    assert desk.give(1) is Outcome.PARKED
    desk.give(2)
    desk.sign_in("operator")
    return desk


def test_it_says_that_all_is_well(desk: Desk) -> None:
    desk.sign_in("operator")
    answer = desk.visitor.get("/deliberation/ops?language=en")
    assert answer.status_code == 200
    assert "Nothing is stuck, late or failing" in answer.text


@pytest.mark.parametrize(("who", "status"), [("", 401), ("secretariat", 403), ("local operator", 403)])
def test_only_the_platform_s_operator_sees_it(desk: Desk, who: str, status: int) -> None:
    desk.sign_in(who)
    letter = "00000000-0000-4000-8000-000000000000"
    assert desk.visitor.get("/deliberation/ops").status_code == status
    assert desk.visitor.get(f"/deliberation/ops/toy/parked/{letter}/skip").status_code == status
    for way in ("replay", "skip"):
        answer = desk.visitor.post(f"/deliberation/ops/toy/parked/{letter}/{way}", data=OURS)
        assert answer.status_code == status


def test_a_parked_event_is_named_and_no_person_is(parking: Desk) -> None:
    page = parking.visitor.get("/deliberation/ops?language=en").text
    assert "1 thing needs a look" in page
    assert "2 events of hjemby/things/1 wait" in page
    assert "ValueError" in page
    assert "Anna" not in page


def test_replay_tries_it_again_and_what_waited_follows(parking: Desk) -> None:
    [letter] = parked(parking.database)
    parking.broken = False
    answer = parking.visitor.post(f"/deliberation/ops/toy/parked/{letter.id}/replay", data=OURS)
    assert answer.status_code == 303
    while parking.inbox.retry_due():
        parking.time.instant += timedelta(seconds=1)
    assert parking.handled == ["1", "2"]
    assert parked(parking.database) == []


def test_skip_asks_first_and_then_lets_the_next_one_through(parking: Desk) -> None:
    [letter] = parked(parking.database)
    address = f"/deliberation/ops/toy/parked/{letter.id}/skip"
    assert "cannot be undone" in parking.visitor.get(f"{address}?language=en").text
    assert len(parked(parking.database)) == 1
    parking.broken = False
    assert parking.visitor.post(address, data=OURS).status_code == 303
    while parking.inbox.retry_due():
        parking.time.instant += timedelta(seconds=1)
    assert parking.handled == ["2"]
    assert parking.visitor.get(address).status_code == 404


@pytest.mark.parametrize("path", ["toy/parked/nonsense", "other/parked/00000000-0000-4000-8000-000000000000"])
def test_what_is_not_there_is_not_found(parking: Desk, path: str) -> None:
    for way in ("replay", "skip"):
        answer = parking.visitor.post(f"/deliberation/ops/{path}/{way}", data=OURS)
        assert answer.status_code == 404
    assert parking.visitor.get(f"/deliberation/ops/{path}/skip").status_code == 404


def test_a_form_from_elsewhere_does_nothing(parking: Desk) -> None:
    [letter] = parked(parking.database)
    answer = parking.visitor.post(f"/deliberation/ops/toy/parked/{letter.id}/skip", data={"csrf_token": "no"})
    assert answer.status_code == 403
    assert len(parked(parking.database)) == 1
