"""A question gives what the select itself would give, on every store."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, MetaData, String, Table, bindparam, func, insert, select
from sqlalchemy.exc import DBAPIError

from chassis.db import Database, Transaction
from chassis.questions import Question
from chassis.tables import metadata, outbox
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


@pytest.fixture
def database(stores: Stores) -> Database:
    made = stores.new(metadata)
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
        rows = Question(query).ask(transaction.connection, known)
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
    question = Question(select(func.count().label("rows")).select_from(outbox).where(OWN))

    def count(transaction: Transaction) -> int:
        return int(question.ask(transaction.connection, {"municipality": HERE})[0].rows)

    with database.writing(HERE) as writing:
        add(writing, uuid4())
        assert count(writing) == 3
    with database.reading(HERE) as reading:
        assert count(reading) == 3


def test_a_store_that_refuses_it_says_so_as_ever(database: Database) -> None:
    gone = Table("gone", MetaData(), Column("name", String()))
    with pytest.raises(DBAPIError), database.reading(HERE) as transaction:
        Question(select(gone)).ask(transaction.connection, {})


def test_a_value_that_is_missing_is_a_programming_error(database: Database) -> None:
    with pytest.raises(Exception, match="id"), database.reading(HERE) as transaction:
        Question(ONE).ask(transaction.connection, {"municipality": HERE})
    [row] = asked(database, ONE, id=FIRST)
    assert row.id == FIRST
