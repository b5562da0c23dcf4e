"""Every carrier of events passes one suite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.events.local import LocalBroker
from chassis.events.ports import Broker
from chassis.testing.broker_suite import TOPIC, BrokerSuite
from chassis.testing.brokers import MemoryBroker
from chassis.testing.stores import an_event


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
