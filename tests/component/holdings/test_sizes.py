"""How much a store holds of a municipality, on both kinds of store: its own rows, and what is in them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from chassis.app import descriptors
from chassis.db import Database
from chassis.erasures import begin_erasure
from chassis.holdings import Holdings
from chassis.holdings.sizes import StoredBytes, sizes_by_table
from tests.infrastructure.holdings import contents, fill
from tests.infrastructure.stores import Stores, everything

HERE, THERE = "hjemby", "naboby"
SERVICES = sorted(descriptors())


def prepared(stores: Stores, service: str, *municipalities: str) -> tuple[Database, Holdings]:
    descriptor = descriptors()[service]
    assert descriptor.holdings is not None
    holdings = descriptor.holdings()
    database = stores.new(holdings.metadata, service, descriptor.migrations)
    with everything(database) as whole:
        for municipality in municipalities:
            fill(whole.connection, holdings, municipality, leave_out={"erasures"})
    return database, holdings


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("service", SERVICES)
def test_every_row_counts_and_no_other_municipality_s(stores: Stores, service: str) -> None:
    database, holdings = prepared(stores, service, HERE, THERE)
    with everything(database) as whole:
        stored = contents(whole.connection, holdings, HERE)
    found = sizes_by_table(database, holdings, HERE)
    assert {name: size.rows for name, size in found.items()} == {name: len(r) for name, r in stored.items()}
    for name, size in found.items():
        # At the least each row names its municipality.
        assert size.octets >= size.rows * len(HERE), name
    assert all(
        size.rows == 0 == size.octets for size in sizes_by_table(database, holdings, "nowhere").values()
    )


def test_what_is_in_a_row_counts_by_the_byte(stores: Stores) -> None:
    database, holdings = prepared(stores, "deliberation", HERE)
    before = sizes_by_table(database, holdings, HERE)["assemblies"].octets
    with everything(database) as whole:
        table = holdings.metadata.tables["assemblies"]
        title = whole.connection.execute(select(table.c.title).limit(1)).scalar_one()
        # Letters that no compression makes fewer; 'ø' has two bytes.
        whole.connection.execute(
            text("UPDATE assemblies SET title = :longer WHERE title = :title"),
            {"longer": f"{title}abcdefghijø", "title": title},
        )
    assert sizes_by_table(database, holdings, HERE)["assemblies"].octets == before + 12


def test_it_is_measured_beside_who_asks_and_a_new_one_at_once(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup", HERE)
    stored = StoredBytes("followup", database, holdings)
    until(lambda: stored.now().keys() == {HERE})
    whole_sum = sum(size.octets for size in sizes_by_table(database, holdings, HERE).values())
    assert stored.now()[HERE] == whole_sum
    with everything(database) as whole:
        fill(whole.connection, holdings, THERE, leave_out={"erasures"})
    until(lambda: stored.now().keys() == {HERE, THERE})
    stored.stop()


def test_of_an_erased_one_nothing_is_told(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup", HERE, THERE)
    stored = StoredBytes("followup", database, holdings)
    until(lambda: stored.now().keys() == {HERE, THERE})
    with database.writing(HERE) as transaction:
        begin_erasure(transaction)
    assert stored.now().keys() == {THERE}
    stored.stop()
    assert stored.now().keys() == {THERE}  # known still; nothing is measured any more
