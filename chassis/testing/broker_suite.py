"""What every carrier of events must do. Subclass it in a test module and give it a `broker` fixture.

    class TestLocalBroker(BrokerSuite):
        @pytest.fixture
        def broker(self, tmp_path): ...

`reopen` stands for a restart: it may return another object over the same events.
"""

# ruff: noqa: S101  (assertions are what this is for)

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from chassis.events.envelope import Event
from chassis.events.ports import Broker, Delivery, EventSource
from chassis.testing.stores import an_event

TOPIC = "borgerting.toy.v1"
# A carrier over a network may need a moment.
PATIENCE = 10.0


class BrokerSuite:
    def reopen(self, broker: Broker) -> Broker:
        raise NotImplementedError

    def publish(self, broker: Broker, *events: Event) -> None:
        publisher = broker.publisher()
        futures = [publisher.send(event) for event in events]
        publisher.flush(PATIENCE)
        for future in futures:
            future.result(timeout=0)
        publisher.close()

    def take(self, source: EventSource, count: int) -> Sequence[Delivery]:
        """So many deliveries, however many polls it takes."""
        taken: list[Delivery] = []
        until = time.monotonic() + PATIENCE
        while len(taken) < count and time.monotonic() < until:
            taken += source.poll(0.2)
        return taken

    def test_an_event_arrives_as_it_was_sent(self, broker: Broker) -> None:
        event = an_event(3, text="æøå 🗳", snapshot=True)
        self.publish(broker, event)
        (delivery,) = self.take(broker.source("one", TOPIC), 1)
        assert delivery.event == event
        assert delivery.key == event.envelope.key

    def test_order_is_kept_per_key(self, broker: Broker) -> None:
        events = [
            an_event(number, aggregate=f"things/{thing}") for number in range(1, 51) for thing in (1, 2, 3)
        ]
        self.publish(broker, *events)
        taken = self.take(broker.source("one", TOPIC), len(events))
        for thing in (1, 2, 3):
            mine = [one for one in taken if one.key == f"hjemby/things/{thing}"]
            assert [one.event.envelope.sequence for one in mine if one.event] == list(range(1, 51))

    def test_every_consumer_gets_every_event(self, broker: Broker) -> None:
        self.publish(broker, an_event(1), an_event(2))
        first, second = broker.source("one", TOPIC), broker.source("two", TOPIC)
        assert len(self.take(first, 2)) == 2
        assert len(self.take(second, 2)) == 2

    def test_a_topic_carries_only_its_own(self, broker: Broker) -> None:
        self.publish(broker, an_event(1, topic="borgerting.other.v1"), an_event(1, text="mine"))
        (delivery,) = self.take(broker.source("one", TOPIC), 1)
        assert delivery.topic == TOPIC
        assert delivery.event is not None
        assert delivery.event.envelope.topic == TOPIC

    def test_what_is_not_committed_comes_again_after_a_restart(self, broker: Broker) -> None:
        self.publish(broker, an_event(1), an_event(2), an_event(3))
        source = broker.source("one", TOPIC)
        taken = self.take(source, 3)
        source.commit(taken[0])
        source.close()
        again = self.reopen(broker)
        rest = self.take(again.source("one", TOPIC), 2)
        assert [one.event.envelope.sequence for one in rest if one.event] == [2, 3]

    def test_a_commit_counts_for_all_that_was_delivered_before_it(self, broker: Broker) -> None:
        """Whatever the events' keys are, and so wherever the carrier keeps them."""
        self.publish(
            broker,
            *(an_event(number, aggregate=f"things/{thing}") for number in (1, 2, 3) for thing in range(6)),
        )
        source = broker.source("one", TOPIC)
        taken = self.take(source, 18)
        source.commit(taken[10])
        source.rewind()
        again = self.take(source, 7)
        assert {(one.key, one.offset) for one in again} == {(one.key, one.offset) for one in taken[11:]}
        source.commit(again[1])
        source.close()
        rest = self.take(self.reopen(broker).source("one", TOPIC), 5)
        assert {(one.key, one.offset) for one in rest} == {(one.key, one.offset) for one in again[2:]}

    def test_rewind_goes_back_to_the_commit(self, broker: Broker) -> None:
        self.publish(broker, an_event(1), an_event(2))
        source = broker.source("one", TOPIC)
        taken = self.take(source, 2)
        source.commit(taken[0])
        source.rewind()
        (again,) = self.take(source, 1)
        assert again.event is not None
        assert again.event.envelope.sequence == 2

    def test_lag_counts_what_lies_ahead(self, broker: Broker) -> None:
        source = broker.source("one", TOPIC)
        assert source.lag() == 0
        self.publish(broker, an_event(1), an_event(2))
        assert source.lag() == 2
        source.commit(self.take(source, 2)[-1])
        assert source.lag() == 0

    def test_a_waiting_poll_gets_the_event_when_it_comes(self, broker: Broker) -> None:
        source = broker.source("one", TOPIC)
        source.poll(0)
        later = threading.Timer(0.1, self.publish, (broker, an_event(1)))
        later.start()
        started = time.monotonic()
        assert len(self.take(source, 1)) == 1
        assert time.monotonic() - started < PATIENCE / 2
        later.join()

    def test_wake_ends_a_waiting_poll(self, broker: Broker) -> None:
        source = broker.source("one", TOPIC)
        source.poll(0)
        later = threading.Timer(0.1, source.wake)
        later.start()
        started = time.monotonic()
        assert not source.poll(PATIENCE)
        assert time.monotonic() - started < PATIENCE / 2
        later.join()

    def test_limit_bounds_a_poll(self, broker: Broker) -> None:
        self.publish(broker, *(an_event(number) for number in range(1, 11)))
        assert len(broker.source("one", TOPIC).poll(1.0, limit=4)) <= 4

    def test_it_is_well(self, broker: Broker) -> None:
        broker.check()
