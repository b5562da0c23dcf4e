"""From the outbox over a real Kafka to the inbox, on both stores: each effect once and in order, whatever
happens on the way.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from chassis.commands import command_line
from chassis.consumer import Consumer
from chassis.db import Transaction, add_to
from chassis.dead_letters import held_state, parked, replay
from chassis.events.envelope import Envelope, Event
from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from chassis.inbox import RetryPolicy, Subscription
from chassis.metrics import Metrics
from chassis.outbox import Relay, outbox_state
from chassis.testing.stores import an_event
from tests.infrastructure.kafka import KafkaBroker as KafkaServer
from tests.infrastructure.kafka import running_kafka
from tests.infrastructure.stores import Stores, everything

TOPIC = "borgerting.toy.v1"
PATIENCE = 150.0  # a ceiling for busy machines
METADATA = MetaData()
add_to(METADATA)
HEARD = Table(
    "listened",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("key", String(512), nullable=False),
    Column("text", String(255), nullable=False),
)


class Line:
    """A teller's store, a listener's store, and the relay and the consumers between them."""

    def __init__(self, stores: Stores, server: KafkaServer) -> None:
        self.settings = KafkaSettings(
            bootstrap=server.bootstrap, namespace=f"{uuid.uuid4().hex[:8]}.", partitions=3, session_seconds=2
        )
        self.poison: set[str] = set()
        self.metrics = Metrics()
        self.teller = stores.new(METADATA)
        self.listener = stores.new(METADATA)
        self.brokers: list[KafkaBroker] = []
        self.relay = Relay("toy", self.teller, self.broker().publisher(), self.metrics)
        self.consumers: list[Consumer] = []
        self._told: dict[int, int] = {}

    def broker(self) -> KafkaBroker:
        self.brokers.append(KafkaBroker(self.settings))
        return self.brokers[-1]

    def listen(self) -> Consumer:
        """One more replica."""
        self.consumers.append(
            Consumer(
                "toy",
                Subscription("toy.test", TOPIC, {"google.protobuf.StringValue": self._hear}),
                self.listener,
                self.broker().source("toy.test", TOPIC),
                self.metrics,
                RetryPolicy(attempts=2, first=timedelta(milliseconds=10)),
            )
        )
        self.consumers[-1].start()
        return self.consumers[-1]

    def tell(self, *things: int) -> None:
        with self.teller.writing("hjemby") as transaction:
            for thing in things:
                self._told[thing] = self._told.get(thing, 0) + 1
                message = StringValue(value=str(self._told[thing]))
                transaction.outbox.add("toy", f"things/{thing}", message)

    def publish(self, *events: Event) -> None:
        """Past the outbox, in any order."""
        publisher = self.broker().publisher()
        futures = [publisher.send(event) for event in events]
        publisher.flush(10)
        for future in futures:
            future.result(timeout=0)

    def heard(self) -> dict[str, list[str]]:
        with everything(self.listener) as transaction:
            rows = transaction.connection.execute(select(HEARD.c.key, HEARD.c.text).order_by(HEARD.c.seq))
            found: dict[str, list[str]] = {}
            for key, text in rows:
                found.setdefault(key.removeprefix("hjemby/things/"), []).append(text)
        return found

    def told(self) -> dict[str, list[str]]:
        return {str(thing): [str(n + 1) for n in range(count)] for thing, count in self._told.items()}

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, (self.heard(), outbox_state(self.teller))
            time.sleep(0.05)

    def close(self) -> None:
        self.relay.stop(2)
        for consumer in self.consumers:
            assert consumer.stop(10)
        for broker in self.brokers:
            broker.close()

    def _hear(self, transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        transaction.connection.execute(
            insert(HEARD).values(municipality=transaction.municipality, key=envelope.key, text=message.value)
        )
        if f"{envelope.aggregate}#{message.value}" in self.poison:
            raise ValueError("Anna Andersen")


@pytest.fixture
def line(stores: Stores, kafka: KafkaServer) -> Iterator[Line]:
    made = Line(stores, kafka)
    yield made
    made.close()


def test_the_broker_is_killed_stopped_and_frozen_in_mid_stream(stores: Stores, tmp_path: Path) -> None:
    with running_kafka(tmp_path / "broker") as server:
        line = Line(stores, server)
        line.relay.start()
        line.listen()
        enough = threading.Event()

        def talk() -> None:
            number = 0
            while not enough.is_set():
                line.tell(number % 7, (number + 1) % 7, number % 7)
                number += 1
                time.sleep(0.02)

        talking = threading.Thread(target=talk)
        talking.start()
        try:
            for trouble in (server.kill, server.stop, server.freeze):
                before = sum(map(len, line.heard().values()))
                line.until(lambda before=before: sum(map(len, line.heard().values())) > before + 20)  # type: ignore[misc]
                trouble()
                time.sleep(3)  # so that sends and polls fail meanwhile
                if trouble == server.freeze:
                    server.thaw()
                else:
                    server.start()
            before = sum(map(len, line.heard().values()))
            line.until(lambda: sum(map(len, line.heard().values())) > before + 20)
        finally:
            enough.set()
            talking.join()
        line.until(lambda: line.heard() == line.told())
        assert outbox_state(line.teller).unpublished == 0
        assert held_state(line.listener, "toy.test").waiting == 0
        line.close()


def test_duplicates_and_another_order_change_nothing(line: Line) -> None:
    line.listen()
    events = {number: an_event(number) for number in range(1, 7)}
    line.publish(*(events[number] for number in (2, 1, 1, 3, 5, 2, 5, 4, 6, 3, 6)))
    line.until(lambda: line.heard() == {"1": ["1", "2", "3", "4", "5", "6"]})
    line.publish(*events.values())
    line.publish(an_event(7))
    line.until(lambda: line.heard()["1"][-1] == "7")
    assert line.heard() == {"1": [str(number) for number in range(1, 8)]}


def test_a_gap_waits_and_holds_up_nobody_else(line: Line) -> None:
    consumer = line.listen()
    line.publish(an_event(1), an_event(3), an_event(4), an_event(1, aggregate="things/2"))
    line.until(lambda: held_state(line.listener, "toy.test").waiting == 2 and "2" in line.heard())
    assert line.heard() == {"1": ["1"], "2": ["1"]}
    line.until(lambda: consumer.gauges()["lag"] == 0)  # it waits in the store, not in Kafka
    line.publish(an_event(2))
    line.until(lambda: line.heard()["1"] == ["1", "2", "3", "4"])
    # An event that is lost for good is got over by telling the state again.
    line.publish(an_event(6), an_event(7, text="all", snapshot=True), an_event(8))
    line.until(lambda: line.heard()["1"][-1] == "8")
    assert line.heard()["1"] == ["1", "2", "3", "4", "all", "8"]


def test_a_poison_event_is_parked_with_its_successors_and_replayed(line: Line) -> None:
    line.poison = {"things/1#2"}
    line.relay.start()
    line.listen()
    line.tell(1, 1, 1, 2, 1, 2)
    line.until(lambda: bool(parked(line.listener)) and line.heard().get("2") == ["1", "2"])
    line.until(lambda: held_state(line.listener, "toy.test").queued == 2)
    assert line.heard()["1"] == ["1"]
    line.tell(1, 2)
    line.until(lambda: held_state(line.listener, "toy.test").queued == 3)
    (letter,) = parked(line.listener)
    assert (letter.key, letter.sequence, letter.error) == ("hjemby/things/1", 2, "ValueError")
    line.poison = set()
    replay(line.listener, command_line(), letter.id)
    line.until(lambda: line.heard() == line.told())
    assert parked(line.listener) == []


def test_replicas_come_and_go_in_mid_stream(line: Line) -> None:
    line.relay.start()
    first = line.listen()
    for number in range(120):
        line.tell(number % 5)
        if number == 40:
            line.listen()
        if number == 80:
            line.until(lambda: bool(line.heard()))
            assert first.stop(10)
        time.sleep(0.02)
    line.until(lambda: line.heard() == line.told())
