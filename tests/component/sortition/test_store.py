"""The store's schema, as migrations make it, and what keeps one municipality's rows from another's."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from chassis.db import Database
from chassis.migrations import migrate, migration_state
from chassis.tables import metadata as chassis_metadata
from chassis.testing.stores import noon
from services.sortition.adapters import tables

PACKAGE = "services.sortition.migrations"


@pytest.fixture
def database(tmp_path: Path):
    store = Database(f"sqlite:///{tmp_path}/sortition.sqlite3", clock=noon())
    yield store
    store.close()


def test_migrations_make_the_tables_that_the_code_names(database: Database) -> None:
    migrate(database, PACKAGE)
    assert migration_state(database, PACKAGE).at_head
    with database.writing("") as transaction:
        context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_every_key_and_index_of_our_own_begins_with_the_municipality(database: Database) -> None:
    migrate(database, PACKAGE)
    own = set(tables.metadata.tables) - set(chassis_metadata.tables)
    assert len(own) == 11
    inspector = inspect(database.engine)
    for table in own:
        assert inspector.get_pk_constraint(table)["constrained_columns"][0] == "municipality_id", table
        for index in inspector.get_indexes(table):
            assert index["column_names"][0] == "municipality_id", (table, index["name"])
        for unique in inspector.get_unique_constraints(table):
            assert unique["column_names"][0] == "municipality_id", (table, unique["name"])
        for key in inspector.get_foreign_keys(table):
            assert "municipality_id" in key["constrained_columns"], (table, key["name"])
