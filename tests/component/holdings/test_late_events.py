"""What is told of an erased municipality has no effect and leaves nothing behind."""

from __future__ import annotations

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import select

from chassis.db import Database, Transaction
from chassis.erasures import begin_erasure, erased_in
from chassis.events.envelope import Envelope, topic_of
from chassis.events.ports import Delivery
from chassis.inbox import Inbox, Outcome, Subscription
from chassis.tables import inbox, inbox_held, inbox_positions, metadata
from chassis.testing.stores import an_event
from tests.infrastructure.stores import Stores, everything

GONE, HERE = "hjemby", "naboby"


class House:
    def __init__(self, stores: Stores) -> None:
        self.heard: list[str] = []
        self.database: Database = stores.new(metadata)
        handlers = {StringValue.DESCRIPTOR.full_name: self._hear}
        self.inbox = Inbox(self.database, Subscription("toy.test", topic_of("toy"), handlers))

    def _hear(self, transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        self.heard.append(f"{envelope.municipality} {envelope.sequence}")

    def delivery(self, municipality: str, sequence: int) -> Delivery:
        event = an_event(municipality=municipality, sequence=sequence)
        return Delivery(event.envelope.topic, 0, sequence, event.envelope.key, event)

    def erase(self) -> None:
        with self.database.writing(GONE) as transaction:
            begin_erasure(transaction)

    def noted(self) -> int:
        """Rows of the erased one."""
        with everything(self.database) as whole:
            return sum(
                len(whole.connection.execute(select(table).where(table.c.municipality == GONE)).all())
                for table in (inbox, inbox_positions, inbox_held)
            )


@pytest.fixture
def house(stores: Stores) -> House:
    return House(stores)


def test_late_events_are_dropped_and_others_heard(house: House) -> None:
    house.erase()
    assert house.inbox.receive(house.delivery(GONE, 1)) is Outcome.DUPLICATE
    together = [house.delivery(GONE, 2), house.delivery(HERE, 1), house.delivery(GONE, 4)]
    assert house.inbox.receive_all(together) == [Outcome.DUPLICATE, Outcome.HANDLED, Outcome.DUPLICATE]
    assert house.heard == [f"{HERE} 1"]
    assert house.noted() == 0
    assert erased_in(house.database) == {GONE}


def test_what_was_held_goes_when_it_is_looked_at(house: House) -> None:
    assert house.inbox.receive(house.delivery(GONE, 2)) is Outcome.HELD
    assert house.noted() == 1
    house.erase()
    assert house.inbox.receive(house.delivery(GONE, 1)) is Outcome.DUPLICATE
    assert house.heard == []
