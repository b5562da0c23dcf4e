"""The store's schema, as migrations make it, and what keeps one municipality from another's."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from chassis.db import Database
from chassis.migrations import migration_state
from chassis.migrations.tenants import unprotected_tables
from chassis.tables import metadata as chassis_metadata
from services.volunteer.adapters import tables
from tests.component.volunteer.house import MIGRATIONS
from tests.infrastructure.stores import Stores, everything


@pytest.fixture
def database(stores: Stores) -> Database:
    return stores.new(tables.metadata, "volunteer", MIGRATIONS)


def test_migrations_make_the_tables_that_the_code_names(database: Database) -> None:
    assert migration_state(database, MIGRATIONS).at_head
    with database.reading("") as transaction:
        context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        assert unprotected_tables(transaction.connection) == []


def test_every_key_and_index_of_our_own_begins_with_the_municipality(database: Database) -> None:
    own = set(tables.metadata.tables) - set(chassis_metadata.tables)
    assert len(own) == 8
    with everything(database) as whole:
        inspector = inspect(whole.connection)
        for table in own:
            assert inspector.get_pk_constraint(table)["constrained_columns"][0] == "municipality_id", table
            for index in inspector.get_indexes(table):
                assert index["column_names"][0] == "municipality_id", (table, index["name"])
            for unique in inspector.get_unique_constraints(table):
                assert unique["column_names"][0] == "municipality_id", (table, unique["name"])
            for key in inspector.get_foreign_keys(table):
                assert "municipality_id" in key["constrained_columns"], (table, key["name"])
