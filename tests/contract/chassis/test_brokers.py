"""Every carrier of events passes one suite."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import MessageSizeTooLargeError

from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_cluster import TopicMissingError
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.local import LocalBroker
from chassis.events.ports import Broker, CarrierAwayError
from chassis.testing.broker_suite import PATIENCE, TOPIC, BrokerSuite
from chassis.testing.brokers import MemoryBroker
from chassis.testing.stores import an_event
from tests.infrastructure.kafka import KafkaBroker as KafkaServer
from tests.infrastructure.places import free_ports


class TestMemoryBroker(BrokerSuite):
    @pytest.fixture
    def broker(self) -> MemoryBroker:
        return MemoryBroker()

    def reopen(self, broker: Broker) -> Broker:
        return broker


class TestLocalBroker(BrokerSuite):
    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[LocalBroker]:
        self.path = tmp_path / "events.sqlite3"
        self.open = [LocalBroker(self.path)]
        yield self.open[0]
        for one in self.open:
            one.close()

    def reopen(self, broker: Broker) -> Broker:
        self.open.append(LocalBroker(self.path))
        return self.open[-1]

    def test_what_is_no_event_is_delivered_as_such(self, broker: LocalBroker) -> None:
        self.publish(broker, an_event(1))
        with sqlite3.connect(self.path) as connection:
            connection.execute('UPDATE log SET headers = \'{"ce_specversion": "1.0"}\'')
        connection.close()
        (delivery,) = self.take(broker.source("one", TOPIC), 1)
        assert delivery.event is None
        assert delivery.error == "MalformedEventError: content-type"

    def test_a_file_of_another_version_is_refused(self, broker: LocalBroker) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("PRAGMA user_version=7")
        connection.close()
        with pytest.raises(RuntimeError, match="version 7"):
            LocalBroker(self.path)

    def test_another_process_finds_what_was_appended(self, broker: LocalBroker) -> None:
        source = broker.source("one", TOPIC)
        source.poll(0)
        self.publish(self.reopen(broker), an_event(1))
        assert len(self.take(source, 1)) == 1

    def test_a_broken_file_fails_the_future_and_loses_nothing(self, broker: LocalBroker) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("ALTER TABLE log RENAME TO elsewhere")
        connection.close()
        publisher = broker.publisher()
        future = publisher.send(an_event(1))
        publisher.flush(1)
        assert isinstance(future.exception(timeout=0), sqlite3.OperationalError)


class TestKafkaBroker(BrokerSuite):
    @pytest.fixture
    def broker(self, kafka: KafkaServer) -> Iterator[KafkaBroker]:
        self.settings = KafkaSettings(
            bootstrap=kafka.bootstrap, namespace=f"{uuid.uuid4().hex[:8]}.", partitions=3, session_seconds=2
        )
        self.open = [KafkaBroker(self.settings)]
        yield self.open[0]
        for one in self.open:
            one.close()

    def reopen(self, broker: Broker) -> Broker:
        self.open.append(KafkaBroker(self.settings))
        return self.open[-1]

    @pytest.mark.parametrize(
        ("junk", "error"),
        [
            ({"headers": []}, "ce_specversion"),
            ({"headers": [("ce_specversion", b"\xff")]}, "text"),
            ({"key": b"\xff", "headers": "own"}, "text"),
            ({"value": None, "headers": "own"}, "value"),
        ],
    )
    def test_what_is_no_event_is_delivered_as_such(
        self, broker: KafkaBroker, kafka: KafkaServer, junk: dict[str, Any], error: str
    ) -> None:
        event = an_event(1)
        self.publish(broker, event)
        own = [(name, text.encode()) for name, text in event.envelope.headers().items()]
        producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
        record = {"key": b"hjemby/things/1", "value": b"x", **junk}
        record["headers"] = own if record["headers"] == "own" else record["headers"]
        producer.send(self.settings.namespace + TOPIC, **record).get(timeout=10)
        producer.close()
        source = broker.source("one", TOPIC)
        taken = self.take(source, 2)
        (bad,) = (one for one in taken if one.event is None)
        assert bad.error == f"MalformedEventError: {error}"
        source.commit(taken[-1])
        assert source.lag() == 0

    def test_replicas_share_the_partitions_and_take_over(self, broker: KafkaBroker) -> None:
        first, second = broker.source("one", TOPIC), self.reopen(broker).source("one", TOPIC)
        until = time.monotonic() + 15
        told, taken = 0, {first: 0, second: 0}
        while not all(taken.values()):
            assert time.monotonic() < until, taken
            self.publish(broker, *(an_event(told + thing, aggregate=f"things/{thing}") for thing in range(8)))
            told += 8
            for source in (first, second):
                deliveries = source.poll(0.2)
                taken[source] += len(deliveries)
                if deliveries:
                    source.commit(deliveries[-1])
        first.close()
        self.publish(broker, *(an_event(told + thing, aggregate=f"things/{thing}") for thing in range(8)))
        seen: set[str] = set()
        while len(seen) < 8:
            assert time.monotonic() < until
            seen |= {one.key for one in second.poll(0.2) if one.event and one.event.envelope.sequence >= told}

    def test_a_replica_with_a_name_takes_its_share_up_again_at_once(self, broker: KafkaBroker) -> None:
        """Without one it would have to wait for the session of the one that died to run out."""
        self.settings = self.settings.model_copy(update={"instance": "replica-0", "session_seconds": 25.0})
        died = self.reopen(broker).source("one", TOPIC)
        self.publish(broker, an_event(1))
        (first,) = self.take(died, 1)
        died.commit(first)
        # It goes without leaving its group: nobody polls or closes it until the end.
        self.publish(broker, an_event(2))
        again = self.reopen(broker).source("one", TOPIC)
        assert [one.event.envelope.sequence for one in self.take(again, 1) if one.event] == [2]

    def test_a_topic_is_made_as_the_settings_say(self, broker: KafkaBroker, kafka: KafkaServer) -> None:
        self.publish(broker, an_event(1))
        name = self.settings.namespace + TOPIC
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        (found,) = admin.describe_topics([name])
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        configured = admin.describe_configs([resource])["topic"][name]
        admin.close()
        assert len(found["partitions"]) == 3
        assert configured["retention.ms"]["value"] == "-1"

    def test_a_topic_that_may_not_be_made_must_be_there(self, broker: KafkaBroker) -> None:
        careful = KafkaBroker(self.settings.model_copy(update={"create_topics": False}))
        self.open.append(careful)
        with pytest.raises(TopicMissingError):
            careful.publisher().send(an_event(1))
        with pytest.raises(TopicMissingError):
            careful.source("one", TOPIC).poll(0)
        self.publish(broker, an_event(1))
        assert len(self.take(careful.source("one", TOPIC), 1)) == 1

    def test_an_event_that_is_too_large_is_refused_and_holds_nothing_up(self, broker: KafkaBroker) -> None:
        publisher = broker.publisher()
        with pytest.raises(MessageSizeTooLargeError):
            publisher.send(an_event(1, value=bytes(2 << 20)))
        good = publisher.send(an_event(1))
        publisher.flush(PATIENCE)
        assert good.exception(timeout=0) is None

    def test_nobody_there_is_said_in_bounded_time(self) -> None:
        nowhere = KafkaBroker(KafkaSettings(bootstrap=f"127.0.0.1:{free_ports(1)[0]}"))
        source, publisher = nowhere.source("one", TOPIC), nowhere.publisher()
        for act in (
            nowhere.check, source.lag, lambda: source.poll(0), lambda: publisher.send(an_event(1)),
        ):  # fmt: skip
            with pytest.raises(CarrierAwayError):
                act()
        publisher.flush(0)
        source.rewind()
        nowhere.close()
        with pytest.raises(CarrierAwayError):
            nowhere.check()
