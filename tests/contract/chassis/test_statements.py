"""A statement that is built once gives what SQLAlchemy would give for it, on every store."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.db import Database, Transaction, UtcDateTime, add_to, json_type
from chassis.statements import Statement, inserting, upserting
from chassis.tables import outbox
from tests.infrastructure.stores import Stores

HERE = "hjemby"
FIRST, SECOND = uuid4(), uuid4()
OWN = outbox.c.municipality == bindparam("municipality")
ONE = select(outbox).where(OWN, outbox.c.id == bindparam("id"))
FEW = (
    select(outbox.c.key, func.count().over().label("of"), outbox.c.published)
    .where(OWN, outbox.c.attempts == 0)
    .order_by(outbox.c.seq)
    .limit(5)
)


METADATA = MetaData()
add_to(METADATA)
THINGS = Table(
    "things",
    METADATA,
    Column("id", Uuid(), primary_key=True),
    Column("name", String(20), unique=True),
    Column("flag", Boolean(), nullable=False),
    Column("at", UtcDateTime()),
    Column("shape", json_type(), nullable=False),
    Column("data", LargeBinary(), nullable=False),
    Column("count", Integer(), nullable=False, server_default="7"),
)
NOON = datetime(2027, 3, 1, 12, 0, 0, 5, tzinfo=UTC)

ADD = inserting(THINGS, "count")
PUT = upserting(
    THINGS,
    lambda row: row.on_conflict_do_update(
        index_elements=["id"], set_={"count": THINGS.c.count + row.excluded.count}
    ).returning(THINGS.c.count),
)
GET = Statement(select(THINGS).where(THINGS.c.id == bindparam("thing"), THINGS.c.flag, THINGS.c.count > 3))
MORE = Statement(
    update(THINGS)
    .where(THINGS.c.flag == bindparam("flagged"))
    .values(count=THINGS.c.count + bindparam("more"))
)


@pytest.fixture
def database(stores: Stores) -> Database:
    made = stores.new(METADATA)
    with made.writing(HERE) as transaction:
        for event_id in (FIRST, SECOND):
            add(transaction, event_id)
    return made


def add(transaction: Transaction, event_id: UUID) -> None:
    values = {"topic": "toy", "key": "æble", "type": "toy", "headers": {"b": [1], "a": None}}
    transaction.connection.execute(
        insert(outbox).values(
            id=event_id,
            municipality=HERE,
            payload=b"\x00\xff",
            created=transaction.clock.now(),
            **values,
        )
    )


def asked(database: Database, query: Any, **values: object) -> list[Any]:
    with database.reading(HERE) as transaction:
        known = {"municipality": HERE, **values}
        rows = Statement(query).ask(transaction.connection, known)
        plain = transaction.connection.execute(query, known).all()
    assert [tuple(row) for row in rows] == [tuple(row) for row in plain]
    assert [row._fields for row in rows] == [row._fields for row in plain]
    return list(rows)


def test_each_kind_of_value_comes_out_as_it_went_in(database: Database) -> None:
    [row] = asked(database, ONE, id=SECOND)
    assert isinstance(row.id, UUID)
    assert (row.id, row.key, row.payload) == (SECOND, "æble", b"\x00\xff")
    assert row.headers == {"b": [1], "a": None}
    assert (row.created, row.published) == (database.clock.now(), None)


def test_its_own_values_stay_and_none_is_an_answer(database: Database) -> None:
    assert [(row.key, row.of) for row in asked(database, FEW)] == [("æble", 2)] * 2
    assert asked(database, ONE, id=uuid4()) == []
    assert asked(database, ONE, id=FIRST, municipality="naboby") == []


def test_it_sees_one_state_of_the_store_and_the_next_one_afterwards(database: Database) -> None:
    question = Statement(select(func.count().label("rows")).select_from(outbox).where(OWN))

    def count(transaction: Transaction) -> int:
        return int(question.ask(transaction.connection, {"municipality": HERE})[0].rows)

    with database.writing(HERE) as writing:
        add(writing, uuid4())
        assert count(writing) == 3
    with database.reading(HERE) as reading:
        assert count(reading) == 3


LASTING = Statement(select(func.count().label("rows")).select_from(outbox).where(OWN), lasting=True)


def lasting(transaction: Transaction, municipality: str = HERE) -> int:
    return int(LASTING.ask(transaction.connection, {"municipality": municipality})[0].rows)


def test_a_lasting_answer_is_given_until_anybody_changes_the_store(
    stores: Stores, database: Database
) -> None:
    def count() -> int:
        with database.reading(HERE) as transaction:
            assert lasting(transaction) == lasting(transaction)
            return lasting(transaction)

    assert count() == count() == 2
    with database.writing(HERE) as transaction:
        add(transaction, uuid4())
        assert lasting(transaction) == 3  # one that writes sees what it did
        add(transaction, uuid4())
        assert lasting(transaction) == 4
    assert count() == count() == 4
    with stores.again(database).writing(HERE) as transaction:  # as a command beside a server has it
        add(transaction, uuid4())
    assert count() == count() == 5


def test_lasting_answers_are_of_one_state_of_the_store(database: Database) -> None:
    for before in range(2, 6):
        with database.reading(HERE) as reading:
            assert lasting(reading, "naboby") == 0

            def write() -> None:
                with database.writing(HERE) as writing:
                    add(writing, uuid4())

            thread = threading.Thread(target=write)
            thread.start()
            thread.join()
            if not database.shared:  # PostgreSQL's own promise is tested where units of work are
                assert lasting(reading) == before
        with database.reading(HERE) as reading:
            assert lasting(reading) == before + 1


def test_what_was_undone_is_no_lasting_answer(database: Database) -> None:
    def undone() -> None:
        with database.writing(HERE) as transaction:
            add(transaction, uuid4())
            assert lasting(transaction) == 3
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with database.reading(HERE) as transaction:
        assert lasting(transaction) == 2


def test_however_many_are_asked_each_has_its_own_answer(database: Database) -> None:
    with database.reading(HERE) as transaction:
        for _ in range(2):
            assert [lasting(transaction, f"town-{number}") for number in range(600)] == [0] * 600
            assert lasting(transaction) == 2


def test_a_store_that_refuses_it_says_so_as_ever(database: Database) -> None:
    gone = Table("gone", MetaData(), Column("name", String()))
    with pytest.raises(DBAPIError), database.reading(HERE) as transaction:
        Statement(select(gone)).ask(transaction.connection, {})


def test_a_value_that_is_missing_is_a_programming_error(database: Database) -> None:
    with pytest.raises(Exception, match="id"), database.reading(HERE) as transaction:
        Statement(ONE).ask(transaction.connection, {"municipality": HERE})
    [row] = asked(database, ONE, id=FIRST)
    assert row.id == FIRST


def a_thing(name: str | None = "NAMEMARK", thing: UUID | None = None) -> dict[str, object]:
    at = NOON.astimezone(timezone(timedelta(hours=2)))
    shape = {"b": [1, None], "a": "æ"}
    return {"id": thing or uuid4(), "name": name, "flag": True, "at": at, "shape": shape, "data": b"\0\xff"}


def test_values_come_back_as_they_were(database: Database) -> None:
    thing = a_thing()
    with database.writing("hjemby") as transaction:
        assert ADD.run(transaction.connection, thing) == 1
        (row,) = GET.ask(transaction.connection, {"thing": thing["id"]})
        assert row._asdict() == {**thing, "count": 7}
        assert row.at.tzinfo is UTC
        assert list(row.shape) == ["b", "a"]
        assert GET.ask(transaction.connection, {"thing": uuid4()}) == []
        assert MORE.run(transaction.connection, {"flagged": True, "more": 2}) == 1
        assert MORE.run(transaction.connection, {"flagged": False, "more": 2}) == 0
        (put,) = PUT.ask(transaction.connection, {**thing, "count": 1})
        assert put.count == 10


def test_an_error_is_sqlalchemys_and_quotes_nobody(database: Database) -> None:
    def twice() -> None:
        with database.writing("hjemby") as transaction:
            ADD.run(transaction.connection, a_thing())
            ADD.run(transaction.connection, a_thing())

    with pytest.raises(IntegrityError) as caught:
        twice()
    assert caught.value.statement
    assert not caught.value.params
    assert not caught.value.connection_invalidated
    with database.reading("hjemby") as transaction:
        assert transaction.connection.execute(select(THINGS)).all() == []


def test_a_list_of_any_length_cannot_be_built_once(database: Database) -> None:
    listed = Statement(select(THINGS).where(THINGS.c.id.in_(bindparam("things", expanding=True))))
    with pytest.raises(TypeError), database.reading("hjemby") as transaction:
        listed.ask(transaction.connection, {"things": []})
