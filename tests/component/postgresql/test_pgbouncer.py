"""Behind a pooler that lends connections by the transaction: nothing of one is left for the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import insert, select, text

from chassis.clock import SystemClock
from chassis.context import nobody
from chassis.db import Database
from chassis.events.local import LocalBroker
from chassis.jobs import claim_job
from chassis.metrics import Metrics
from chassis.outbox import Relay, outbox_state
from chassis.tables import jobs
from tests.component.chassis.test_jobs import LEASE
from tests.component.chassis.toyservice.service import heard
from tests.infrastructure.pgbouncer import pooling
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.stores import TOY

PLACES = ("hjemby", "udby", "")


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """All threads of the process over two connections."""
    urls = postgres.clone(postgres.prepare("toy", TOY))
    with pooling(urls, connections=2) as address:
        made = Database(address, clock=SystemClock())
        yield made
        made.close()
    postgres.drop(urls)


def test_many_threads_of_several_municipalities_over_two_connections(database: Database) -> None:
    errors: list[BaseException] = []

    def work(place: str) -> None:
        try:
            for number in range(15):
                with database.writing(place) as transaction:
                    line = {"municipality": place, "text": str(number)}
                    transaction.connection.execute(insert(heard).values(line))
                    transaction.audit.record(nobody(), "thing.create", "things/1")
                with database.reading(place) as transaction:
                    found = transaction.connection.execute(select(heard.c.municipality)).scalars().all()
                    assert set(found) == {place}
                with database.reading_across() as transaction:
                    transaction.connection.execute(select(jobs.c.id)).all()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(place,)) for place in PLACES for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for place in PLACES:
        with database.reading(place) as transaction:
            assert len(transaction.connection.execute(select(heard)).all()) == 45


def test_the_connection_that_is_lent_next_has_no_role_and_no_municipality(database: Database) -> None:
    with database.writing("hjemby") as transaction:
        transaction.audit.record(nobody(), "thing.create", "things/1")
    with database.engine.connect() as connection:
        left = "SELECT current_user = session_user, current_setting('app.municipality', true)"
        assert connection.execute(text(left)).one() in ((True, ""), (True, None))


def test_relay_and_jobs_work_through_it(database: Database, tmp_path) -> None:
    broker = LocalBroker(tmp_path / "events.sqlite3")
    relay = Relay("toy", database, broker.publisher(), Metrics())
    with database.writing("hjemby") as transaction:
        transaction.outbox.add("toy", "things/1", StringValue(value="x"))
        transaction.jobs.enqueue("count", {"to": 3}, key="1")
    with database.exclusive("relay") as held:
        assert held
        with database.exclusive("relay") as second:
            assert not second
    assert relay.run_once() == 1
    assert outbox_state(database).unpublished == 0
    job = claim_job(database, ["count"], "one", LEASE)
    assert job is not None
    assert job.payload == {"to": 3}
    broker.close()
