"""Units of work on both stores: atomic, writers of one municipality in turn, readers undisturbed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from chassis.clock import SystemClock
from chassis.context import nobody
from chassis.db import Database, Transaction, UtcDateTime, add_to
from chassis.errors import Code, DomainError
from tests.infrastructure.stores import Stores

METADATA = MetaData()
add_to(METADATA)
COUNTER = Table(
    "counter",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("value", Integer, nullable=False),
    Column("time", UtcDateTime()),
)


@pytest.fixture
def database(stores: Stores) -> Database:
    store = stores.new(METADATA)
    with store.writing("") as transaction:
        transaction.connection.execute(insert(COUNTER).values(id=1, value=0))
    return store


def value_of(database: Database) -> int:
    with database.reading("") as transaction:
        return int(transaction.connection.execute(select(COUNTER.c.value)).scalar_one())


def test_no_update_is_lost_between_threads(database: Database) -> None:
    def add() -> None:
        for _ in range(25):
            with database.writing("") as transaction:
                now = transaction.connection.execute(select(COUNTER.c.value)).scalar_one()
                transaction.connection.execute(update(COUNTER).values(value=now + 1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value_of(database) == 200


def test_no_update_is_lost_between_two_openings_of_the_store(stores: Stores, database: Database) -> None:
    """As two processes would: the lock of one Database is not the other's."""
    other = stores.again(database)

    def add(store: Database) -> None:
        for _ in range(25):
            with store.writing("") as transaction:
                now = transaction.connection.execute(select(COUNTER.c.value)).scalar_one()
                transaction.connection.execute(update(COUNTER).values(value=now + 1))

    threads = [threading.Thread(target=add, args=(store,)) for store in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value_of(database) == 50


def test_a_reader_sees_one_state_while_a_writer_writes(database: Database) -> None:
    with database.reading("") as reader:
        assert reader.connection.execute(select(COUNTER.c.value)).scalar_one() == 0

        def write() -> None:
            with database.writing("") as transaction:
                transaction.connection.execute(update(COUNTER).values(value=9))

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert reader.connection.execute(select(COUNTER.c.value)).scalar_one() == 0
    assert value_of(database) == 9


def refuse(transaction: Transaction) -> None:
    transaction.connection.execute(select(COUNTER.c.value)).scalar_one()
    raise DomainError(Code.NOT_FOUND, "THING_UNKNOWN")


def test_a_reader_that_was_refused_is_followed_by_one_that_sees_what_stands_then(database: Database) -> None:
    for value in range(1, 4):
        with pytest.raises(DomainError), database.reading("") as transaction:
            refuse(transaction)
        with pytest.raises(DBAPIError), database.reading("") as transaction:
            transaction.connection.exec_driver_sql("SELECT nothing FROM nowhere")
        with database.writing("") as transaction:
            transaction.connection.execute(update(COUNTER).values(value=value))
        assert value_of(database) == value


def test_a_reader_that_did_not_read_to_the_end_holds_no_old_state(database: Database) -> None:
    with database.writing("") as transaction:
        transaction.connection.execute(insert(COUNTER), [{"id": n, "value": 0} for n in range(2, 500)])
    with database.reading("") as transaction:
        rows = transaction.connection.execute(select(COUNTER.c.value))
        next(iter(rows))
    with database.writing("") as transaction:
        transaction.connection.execute(update(COUNTER).values(value=5))
    with database.reading("") as transaction:
        values = transaction.connection.execute(select(COUNTER.c.value)).scalars()
        assert set(values) == {5}


def test_a_reading_unit_of_work_cannot_write(database: Database) -> None:
    with database.reading("") as transaction:
        for act in (
            lambda: transaction.outbox.add("toy", "things/1", StringValue()),
            lambda: transaction.audit.record(nobody(), "a", "b"),
            lambda: transaction.jobs.enqueue("count", {}, key="1"),
        ):
            with pytest.raises(RuntimeError, match="only reads"):
                act()
    with (
        pytest.raises(DBAPIError, match=r"read-?only"),
        database.reading("") as transaction,
    ):
        transaction.connection.execute(update(COUNTER).values(value=1))
    with database.writing("") as transaction:  # the same connection from the pool writes again
        transaction.connection.execute(update(COUNTER).values(value=1))


def test_a_thread_has_one_unit_of_work_at_a_time(database: Database) -> None:
    with database.writing(""), pytest.raises(RuntimeError, match="already has"), database.reading(""):
        pass
    assert value_of(database) == 0  # and may open the next one afterwards


def test_a_store_held_by_another_process_is_busy(stores: Stores, database: Database) -> None:
    other = stores.again(database, busy_seconds=0.1)
    with database.writing(""), pytest.raises(DomainError) as refused, other.writing(""):
        pass
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "STORE_BUSY")


def test_a_writer_that_never_ends_makes_the_store_busy(stores: Stores) -> None:
    database = stores.new(METADATA, busy_seconds=0.1)
    refusals: list[str] = []

    def write() -> None:
        with pytest.raises(DomainError) as refused, database.writing(""):
            pass
        refusals.append(refused.value.reason)

    with database.writing(""):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert refusals == ["STORE_BUSY"]
    with database.writing(""):
        pass


def test_a_file_that_may_not_grow_is_full_and_can_still_be_read(tmp_path: Path) -> None:
    """The limit is SQLite's own, and its error a full disk's. PostgreSQL's disk is filled in tests/faults."""
    stores = Stores("sqlite", tmp_path, None)
    database = stores.new(METADATA)

    def fill() -> None:
        with database.writing("") as transaction:
            transaction.connection.exec_driver_sql("PRAGMA max_page_count = 1")
            transaction.jobs.enqueue("count", {"text": "x" * 100_000}, key="1")

    with pytest.raises(DomainError) as full:
        fill()
    assert (full.value.code, full.value.reason) == (Code.UNAVAILABLE, "STORE_FULL")
    with database.reading("") as transaction:
        assert transaction.connection.execute(select(COUNTER)).all() == []
    with database.writing("") as transaction:
        transaction.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        transaction.connection.execute(insert(COUNTER).values(id=1, value=1))
    assert value_of(database) == 1
    stores.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "STORE_IN_MEMORY"),
        ("sqlite:///:memory:", "STORE_IN_MEMORY"),
        ("mysql://user:secret@host/db", "STORE_NOT_SUPPORTED"),
        ("user:secret@host/db", "STORE_URL_INVALID"),
        ("postgresql://user:secret@host:port/db", "STORE_URL_INVALID"),
    ],
)
def test_other_stores_are_refused_without_their_address(url: str, reason: str) -> None:
    with pytest.raises(DomainError) as refused:
        Database(url, clock=SystemClock())
    assert refused.value.reason == reason
    assert "secret" not in str(refused.value.metadata)
    assert refused.value.__cause__ is None  # nor in a log's trace


def test_instants_come_back_in_utc(database: Database) -> None:
    cph = datetime(2027, 3, 1, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    with database.writing("") as transaction:
        transaction.connection.execute(update(COUNTER).values(time=cph))
    with database.reading("") as transaction:
        (stored,) = transaction.connection.execute(select(COUNTER.c.time)).one()
    assert stored == cph
    assert stored.tzinfo is UTC


def test_an_instant_without_zone_is_refused(database: Database) -> None:
    naive = datetime(2027, 3, 1)  # noqa: DTZ001 - what is tested
    with database.writing("") as transaction, pytest.raises(StatementError, match="time zone"):
        transaction.connection.execute(update(COUNTER).values(time=naive))


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"])
def test_the_audit_trail_cannot_be_rewritten(tmp_path: Path, statement: str) -> None:
    from chassis.migrations import migrate

    store = Database(f"sqlite:///{tmp_path}/audited.sqlite3", clock=SystemClock())
    migrate(store, "tests.component.chassis.toyservice.migrations")
    with store.writing("") as transaction:
        transaction.audit.record(nobody(), "thing.create", "things/1")
    with store.writing("") as transaction, pytest.raises(IntegrityError, match="append-only"):
        transaction.connection.exec_driver_sql(statement)
    store.close()


def test_only_one_holds_a_named_lock(database: Database) -> None:
    with database.exclusive("relay") as first, database.exclusive("relay") as second:
        assert (first, second) == (True, False)
        with database.exclusive("sweep") as other:
            assert other
    with database.exclusive("relay") as again:
        assert again


def test_after_commit_runs_only_for_what_stands(database: Database) -> None:
    ran = []

    def fail() -> None:
        with database.writing("") as transaction:
            transaction.after_commit(lambda: ran.append("failed"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.writing("") as transaction:
        transaction.after_commit(lambda: ran.append("stands"))
        assert ran == []
    assert ran == ["stands"]
