"""The fake unit of work and the stores' pass one suite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chassis.events.envelope import Envelope, Event
from chassis.tables import metadata, outbox
from chassis.testing.fakes import FakeStore
from chassis.testing.stores import noon, sqlite_store
from chassis.testing.work_suite import WorkSuite


class TestFake(WorkSuite):
    @pytest.fixture(autouse=True)
    def _store(self) -> None:
        self.store = FakeStore(noon())

    def writing(self, municipality: str, *, correlation_id: str = "") -> AbstractContextManager[Any]:
        return self.store.writing(municipality, correlation_id=correlation_id)

    def events(self) -> list[Event]:
        return self.store.events


class TestSqlite(WorkSuite):
    @pytest.fixture(autouse=True)
    def _store(self, tmp_path: Path) -> Iterator[None]:
        self.database = sqlite_store(tmp_path, metadata)
        yield
        self.database.close()

    def writing(self, municipality: str, *, correlation_id: str = "") -> AbstractContextManager[Any]:
        return self.database.writing(municipality, correlation_id=correlation_id)

    def events(self) -> list[Event]:
        with self.database.reading("") as transaction:
            rows = transaction.connection.execute(select(outbox).order_by(outbox.c.seq)).all()
        return [Event(Envelope.from_headers(row.topic, row.key, row.headers), row.payload) for row in rows]
