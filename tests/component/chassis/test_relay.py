"""The relay: oldest first, marks only what was sent, and stops a key at its first failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import select

from chassis.clock import FixedClock
from chassis.events.envelope import Event
from chassis.events.local import LocalBroker
from chassis.events.ports import CarrierAwayError
from chassis.metrics import Metrics
from chassis.outbox import Relay, outbox_state
from chassis.tables import metadata, outbox
from chassis.testing.stores import NOON, noon
from tests.infrastructure.stores import Stores


class Carrier:
    """A publisher that refuses what it is told to: at once, at the flush, or never settles it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.refuse: dict[str, str] = {}
        self._pending: list[tuple[str, Future[None]]] = []

    def send(self, event: Event) -> Future[None]:
        name = f"{event.envelope.aggregate}#{event.envelope.sequence}"
        how = self.refuse.get(name)
        if how == "raise":
            raise ConnectionError(name)
        if how == "away":
            raise CarrierAwayError
        future: Future[None] = Future()
        if how == "at once":
            future.set_exception(ConnectionError(name))
            return future
        self._pending.append((name, future))
        return future

    def flush(self, seconds: float) -> None:
        for name, future in self._pending:
            how = self.refuse.get(name)
            if how == "later":
                future.set_exception(ConnectionError(name))
            elif how == "away later":
                future.set_exception(CarrierAwayError())
            elif how is None:
                self.sent.append(name)
                future.set_result(None)
        self._pending = []

    def close(self) -> None:
        """Nothing to close."""


class Sender:
    def __init__(self, stores: Stores) -> None:
        self.time = noon()
        self.database = stores.new(metadata, machine_clock=self.time)
        self.carrier = Carrier()
        self.metrics = Metrics()
        self.seconds = 0.0
        self.relay = Relay("toy", self.database, self.carrier, self.metrics, monotonic=lambda: self.seconds)

    def tell(self, *things: int) -> None:
        with self.database.writing("hjemby") as transaction:
            for thing in things:
                transaction.outbox.add("toy", f"things/{thing}", StringValue())

    def unpublished(self) -> int:
        return outbox_state(self.database).unpublished


@pytest.fixture
def sender(stores: Stores) -> Iterator[Sender]:
    made = Sender(stores)
    yield made
    made.database.close()


def test_sends_in_order_and_marks(sender: Sender) -> None:
    sender.tell(1, 2, 1)
    assert sender.relay.run_once() == 3
    assert sender.carrier.sent == ["things/1#1", "things/2#1", "things/1#2"]
    assert sender.unpublished() == 0
    assert sender.relay.run_once() == 0
    with sender.database.reading_across() as transaction:
        rows = transaction.connection.execute(select(outbox.c.published, outbox.c.attempts)).all()
    assert rows == [(NOON, 1)] * 3


@pytest.mark.parametrize("how", ["raise", "at once", "later", "never"])
def test_after_a_key_s_first_failure_nothing_more_of_it_is_sent(sender: Sender, how: str) -> None:
    sender.tell(1, 2, 1, 2)
    sender.carrier.refuse = {"things/1#1": how}
    sender.relay.run_once()
    assert [name for name in sender.carrier.sent if name.startswith("things/2")] == [
        "things/2#1",
        "things/2#2",
    ]
    if how in ("raise", "at once"):  # known before the next of its key was handed over
        assert "things/1#2" not in sender.carrier.sent
    # While the key waits for its next try, nothing of it is sent, and others are.
    sender.tell(1, 2)
    before = list(sender.carrier.sent)
    sender.relay.run_once()
    assert sender.carrier.sent[len(before) :] == ["things/2#3"]
    # When its time has come it is sent again, first things first.
    sender.carrier.refuse = {}
    sender.seconds += 60
    sender.relay.run_once()
    mine = [name for name in sender.carrier.sent[len(before) :] if name.startswith("things/1")]
    assert mine[0] == "things/1#1"
    assert mine[-1] == "things/1#3"
    assert sender.unpublished() == 0


def test_only_successes_are_marked(sender: Sender) -> None:
    sender.tell(1, 2)
    sender.carrier.refuse = {"things/1#1": "later"}
    assert sender.relay.run_once() == 1
    with sender.database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(outbox.c.key, outbox.c.published, outbox.c.attempts, outbox.c.last_error).order_by(
                outbox.c.seq
            )
        ).all()
    assert rows == [("hjemby/things/1", None, 1, "ConnectionError"), ("hjemby/things/2", NOON, 1, None)]


def test_a_failing_event_is_tried_less_and_less_often(sender: Sender) -> None:
    sender.tell(1)
    sender.carrier.refuse = {"things/1#1": "later"}
    tries = []
    for _ in range(600):
        before = outbox_state(sender.database).most_attempts
        sender.relay.run_once()
        if outbox_state(sender.database).most_attempts > before:
            tries.append(sender.seconds)
        sender.seconds += 0.25
    pauses = [later - sooner for sooner, later in pairwise(tries)]
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert max(pauses) == 30


def test_the_age_of_the_oldest_unsent_event(sender: Sender) -> None:
    assert outbox_state(sender.database).oldest_seconds == 0
    sender.tell(1)
    sender.time.instant += timedelta(seconds=45)
    assert outbox_state(sender.database).oldest_seconds == 45
    sender.relay.run_once()
    assert outbox_state(sender.database).oldest_seconds == 0


def test_blocked_keys_do_not_hide_the_others(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Relay, "BATCH", 3)
    sender.carrier.refuse = {"things/1#1": "raise"}
    sender.tell(1, 1, 1, 1, 2)
    sender.relay.run_once()
    sender.relay.run_once()
    assert sender.carrier.sent == ["things/2#1"]


def test_one_relay_at_a_time(sender: Sender) -> None:
    sender.tell(1)
    with sender.database.exclusive("relay"):
        assert sender.relay.run_once() == 0
    assert sender.relay.run_once() == 1


def test_a_commit_wakes_it_and_a_stop_sends_the_rest(stores: Stores, tmp_path: Path) -> None:
    database = stores.new(metadata, clock=FixedClock(NOON))
    broker = LocalBroker(tmp_path / "events.sqlite3")
    relay = Relay("toy", database, broker.publisher(), Metrics())
    source = broker.source("toy.test", "borgerting.toy.v1")
    relay.start()
    source.poll(0)
    slowest = 0.0
    for number in range(20):
        with database.writing("hjemby") as transaction:
            transaction.outbox.add("toy", "things/1", StringValue(value=str(number)))
        started = time.perf_counter()
        assert source.poll(5.0)
        slowest = max(slowest, time.perf_counter() - started)
    # Typically some 5 ms; the bound is wide because tests share their machine.
    assert slowest < 0.25, f"slowest event took {slowest:.3f} s"
    assert relay.alive
    with database.writing("hjemby") as transaction:
        transaction.outbox.add("toy", "things/1", StringValue(value="last"))
    assert relay.stop(5) == 0
    assert len(source.poll(1.0)) == 1
    broker.close()
    database.close()


def test_it_outlives_a_store_that_is_away(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([ConnectionError()])
    run_once = Relay.run_once

    def flaky(relay: Relay) -> int:
        for error in failures:
            raise error
        return run_once(relay)

    monkeypatch.setattr(Relay, "run_once", flaky)
    sender.relay.start()
    sender.tell(1)
    until = time.monotonic() + 5
    while sender.unpublished() and time.monotonic() < until:
        time.sleep(0.02)
    assert sender.carrier.sent == ["things/1#1"]
    assert sender.relay.stop(5) == 0


@pytest.mark.parametrize("how", ["away", "away later"])
def test_while_the_carrier_is_away_nothing_is_tried_and_soon_after_all_is_sent(
    sender: Sender, how: str
) -> None:
    sender.tell(1, 2, 3)
    sender.carrier.refuse = {f"things/{thing}#1": how for thing in (1, 2, 3)}
    for attempt in range(1, 8):
        assert sender.relay.run_once() == 0
        assert sender.relay.run_once() == 0  # not tried again at once
        assert outbox_state(sender.database).most_attempts == attempt
        sender.seconds += Relay.AWAY_SECONDS
    sender.carrier.refuse = {}
    # However long it was away: no key is held back for the failures of all.
    assert sender.relay.run_once() == 3
    assert sender.carrier.sent == ["things/1#1", "things/2#1", "things/3#1"]
