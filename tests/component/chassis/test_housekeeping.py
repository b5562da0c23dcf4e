"""What is cleared away, what stays, and that a repetition is known even then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import Table, func, select, update

from chassis.context import nobody, system
from chassis.db import Database
from chassis.entry import Entry
from chassis.events.ports import Delivery
from chassis.housekeeping import Housekeeper, Retention, sweep
from chassis.inbox import Inbox, Outcome, Subscription
from chassis.tables import audit_log, idempotency, inbox, jobs, metadata, outbox
from chassis.testing.stores import an_event, noon
from tests.infrastructure.stores import Stores, everything, untold

TOPIC = "borgerting.toy.v1"
WEEK = Retention(published=timedelta(days=7))


class Kept:
    def __init__(self, stores: Stores) -> None:
        self.time = noon()
        self.database: Database = stores.new(metadata, machine_clock=self.time)
        self.inbox = Inbox(self.database, Subscription("toy.test", TOPIC, {}))

    def fill(self) -> None:
        entry = Entry(self.database, lambda transaction: transaction, standing=untold)
        for number in range(3):
            entry.write(
                system("test"),
                "hjemby",
                lambda work: str(work.outbox.add("toy", "things/1", StringValue())),
                request_id=str(number),
                fingerprint=b"x",
                store=lambda result: result.encode(),
                restore=lambda stored: stored.decode(),
            )
        with self.database.writing("hjemby") as work:
            work.audit.record(nobody(), "thing.create", "things/1")
            work.jobs.enqueue("count", {}, key="1")
        with self.database.writing_across() as work:
            work.connection.execute(update(outbox).where(outbox.c.seq < 3).values(published=self.time.now()))
        self.events = [an_event(number) for number in (1, 2)]
        self.deliveries = [Delivery(TOPIC, 0, 1, "", event) for event in self.events]
        self.inbox.receive_all(self.deliveries)

    def count(self, table: Table) -> int:
        with everything(self.database) as transaction:
            query = select(func.count()).select_from(table)
            return int(transaction.connection.execute(query).scalar_one())

    def counts(self) -> tuple[int, ...]:
        return tuple(self.count(table) for table in (outbox, inbox, idempotency, audit_log, jobs))


@pytest.fixture
def kept(stores: Stores) -> Iterator[Kept]:
    made = Kept(stores)
    made.fill()
    yield made
    made.database.close()


def test_nothing_young_is_cleared(kept: Kept) -> None:
    kept.time.instant += timedelta(days=6)
    assert sweep(kept.database, Retention()) == 0
    assert kept.counts() == (3, 2, 3, 1, 1)


def test_sent_events_stay_for_good(kept: Kept) -> None:
    """By them a lost log is filled again."""
    kept.time.instant += timedelta(days=9999)
    assert sweep(kept.database, Retention()) == 5
    assert kept.counts() == (3, 0, 0, 1, 1)


def test_each_kind_has_its_time_and_unsent_events_stay(kept: Kept) -> None:
    kept.time.instant += timedelta(days=8)
    assert sweep(kept.database, WEEK) == 5
    assert kept.counts() == (1, 2, 0, 1, 1)
    kept.time.instant += timedelta(days=30)
    assert sweep(kept.database, WEEK) == 2
    assert kept.counts() == (1, 0, 0, 1, 1)


def test_a_repetition_is_known_after_its_row_is_gone(kept: Kept) -> None:
    kept.time.instant += timedelta(days=99)
    sweep(kept.database, Retention())
    assert kept.inbox.receive_all(kept.deliveries) == [Outcome.DUPLICATE] * 2


def test_numbers_go_on_after_the_outbox_is_empty(kept: Kept) -> None:
    with everything(kept.database) as transaction:
        transaction.connection.execute(update(outbox).values(published=kept.time.now()))
    kept.time.instant += timedelta(days=8)
    sweep(kept.database, WEEK)
    with kept.database.writing("hjemby") as transaction:
        transaction.outbox.add("toy", "things/1", StringValue())
    with everything(kept.database) as transaction:
        seq, headers = transaction.connection.execute(select(outbox.c.seq, outbox.c.headers)).one()
    assert (seq, headers["ce_sequence"]) == (4, "4")


def test_a_sweep_is_bounded(kept: Kept) -> None:
    kept.time.instant += timedelta(days=99)
    assert sweep(kept.database, WEEK, at_most=1) == 3
    assert kept.counts() == (2, 1, 2, 1, 1)


def test_the_housekeeper_goes_on_while_there_is_much(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Housekeeper, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(Housekeeper, "AT_MOST", 3)
    kept.time.instant += timedelta(days=99)
    keeper = Housekeeper("toy", kept.database, WEEK)
    keeper.start()
    until = time.monotonic() + 10
    while kept.counts() != (1, 0, 0, 1, 1) and time.monotonic() < until:
        time.sleep(0.02)
    keeper.stop(5)
    assert kept.counts() == (1, 0, 0, 1, 1)
