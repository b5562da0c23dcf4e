"""Many write at once while the relay sends: nothing is passed over, and each key keeps its order.

Numbers of the outbox are given when a row is made and seen when it is committed, so a larger one can be seen
first. A relay that remembers the last number it sent never sees the smaller one again: such a one is here
too, so that the test is known to see the trap.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from itertools import pairwise

import psycopg
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import select

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.errors import DomainError
from chassis.events.envelope import Event
from chassis.metrics import Metrics
from chassis.outbox import Relay, outbox_state
from chassis.tables import metadata, outbox
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.stores import Stores

PLACES = ("hjemby", "udby", "engby")


class Carrier:
    """Takes everything, and notes the order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, str]] = []
        self._lock = threading.Lock()

    def send(self, event: Event) -> Future[None]:
        envelope = event.envelope
        with self._lock:
            self.sent.append((envelope.key, envelope.sequence, str(envelope.id)))
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def flush(self, seconds: float) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def stores(postgres: PostgresServer, tmp_path):
    made = Stores("postgresql", tmp_path, postgres)
    yield made
    made.close()


def tell(database: Database, municipality: str, thing: int, *, pause: float = 0.0) -> None:
    with database.writing(municipality, concurrent=True) as transaction:
        transaction.outbox.add("toy", f"things/{thing}", StringValue())
        time.sleep(pause)  # the number is given; the commit comes later


class LastNumber:
    """The relay that must not be: it goes on after the last number it has seen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = 0
        self.sent: list[int] = []

    def run_once(self) -> None:
        with self._database.reading_across() as transaction:
            query = select(outbox.c.seq).where(outbox.c.seq > self._last).order_by(outbox.c.seq)
            for seq in transaction.connection.execute(query).scalars():
                self.sent.append(seq)
                self._last = seq


def test_a_row_that_is_committed_late_is_sent(stores: Stores) -> None:
    database = stores.new(metadata, clock=SystemClock())
    carrier = Carrier()
    relay = Relay("toy", database, carrier, Metrics())
    trap = LastNumber(database)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with database.writing("hjemby") as transaction:
            transaction.outbox.add("toy", "things/1", StringValue(value="early number"))
            begun.set()
            assert go_on.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(10)
    tell(database, "udby", 2)  # a later number, seen first
    trap.run_once()
    assert relay.run_once() == 1
    go_on.set()
    thread.join()
    trap.run_once()
    assert relay.run_once() == 1
    assert [key for key, _, _ in carrier.sent] == ["udby/things/2", "hjemby/things/1"]
    assert outbox_state(database).unpublished == 0
    assert trap.sent == [2]  # number 1 is lost to it for good


def test_with_many_writers_and_two_relays_nothing_is_lost_doubled_or_out_of_order(stores: Stores) -> None:
    database = stores.new(metadata, clock=SystemClock())
    other = stores.again(database)
    carrier = Carrier()
    relays = [Relay("toy", store, carrier, Metrics()) for store in (database, other)]
    for relay in relays:
        relay.IDLE_SECONDS = 0.01
        relay.start()
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(15):
                place = PLACES[(number + turn) % len(PLACES)]
                tell(database, place, turn % 4, pause=0.002 * (number % 3))
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    until = time.monotonic() + 20
    while outbox_state(database).unpublished and time.monotonic() < until:
        time.sleep(0.02)
    for relay in relays:
        assert relay.stop(5) == 0
    assert len(carrier.sent) == 8 * 15
    assert len({identity for _, _, identity in carrier.sent}) == 8 * 15
    by_key: dict[str, list[int]] = {}
    for key, sequence, _ in carrier.sent:
        by_key.setdefault(key, []).append(sequence)
    assert len(by_key) == len(PLACES) * 4
    for key, sequences in by_key.items():
        assert sequences[0] == 1, key
        assert all(later == sooner + 1 for sooner, later in pairwise(sequences)), (key, sequences)


def test_the_lock_passes_on_when_its_holder_s_connection_is_lost(stores: Stores) -> None:
    database = stores.new(metadata, clock=SystemClock())
    other = stores.again(database)
    tell(database, "hjemby", 1)
    relay = Relay("toy", other, Carrier(), Metrics())

    def hold_until_another_has_it() -> None:
        with database.exclusive("relay") as held:
            assert held
            assert relay.run_once() == 0
            with psycopg.connect(stores.urls(database).superuser, autocommit=True) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE locktype = 'advisory' AND datname = current_database()"
                )
            until = time.monotonic() + 10
            while relay.run_once() == 0:
                assert time.monotonic() < until
                time.sleep(0.02)

    with pytest.raises(DomainError) as lost:
        hold_until_another_has_it()
    assert lost.value.reason == "STORE_AWAY"
    with database.exclusive("relay") as held:
        assert held
