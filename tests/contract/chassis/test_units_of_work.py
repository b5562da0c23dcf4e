"""The fake unit of work and the stores' pass one suite."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import select

from chassis.events.envelope import Envelope, Event
from chassis.tables import metadata, outbox
from chassis.testing.fakes import FakeStore
from chassis.testing.stores import noon
from chassis.testing.work_suite import WorkSuite
from tests.infrastructure.stores import Stores


class TestFake(WorkSuite):
    @pytest.fixture(autouse=True)
    def _store(self) -> None:
        self.store = FakeStore(noon())

    def writing(self, municipality: str, *, correlation_id: str = "") -> AbstractContextManager[Any]:
        return self.store.writing(municipality, correlation_id=correlation_id)

    def events(self) -> list[Event]:
        return self.store.events


class TestStores(WorkSuite):
    @pytest.fixture(autouse=True)
    def _store(self, stores: Stores) -> None:
        self.database = stores.new(metadata)

    def writing(self, municipality: str, *, correlation_id: str = "") -> AbstractContextManager[Any]:
        return self.database.writing(municipality, correlation_id=correlation_id)

    def events(self) -> list[Event]:
        with self.database.reading_across() as transaction:
            rows = transaction.connection.execute(select(outbox).order_by(outbox.c.seq)).all()
        return [Event(Envelope.from_headers(row.topic, row.key, row.headers), row.payload) for row in rows]
