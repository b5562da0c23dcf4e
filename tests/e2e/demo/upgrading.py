"""A store of an earlier revision, with what a store of now holds, brought up revision by revision."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.migrations import migrate
from chassis.migrations.revisions import stated_revisions
from chassis.migrations.state import script_of
from chassis.tables import store_revisions
from tests.infrastructure.stores import everything

Rows = dict[str, list[dict[str, Any]]]


def upgrade_with_data(package: str, tables: sa.MetaData, content: Rows, target: Database) -> list[str]:
    """Make the empty `target` (opened as its owner) a store at the first revision of `package`, with as much
    of `content` as that one has room for; then take each revision, and fill in what it made room for. Which
    rows were not kept, in words.
    """
    lost: list[str] = []
    filled: Rows = {}
    for one in stated_revisions(script_of(package)):
        migrate(target, package, until=one.revision, nobody_serves=True)
        with everything(target) as whole:
            for name, rows in read(whole.connection, tables).items():
                before = filled.get(name, [])
                kept = [
                    {column: row[column] for column in old if column in row}
                    for row, old in zip(rows, before, strict=False)
                ]
                if kept != before:
                    lost.append(f"{one.revision}: rows of {name} are others than before")
        with _unguarded(target) as connection:
            _fill(connection, tables, content)
        with everything(target) as whole:
            filled = read(whole.connection, tables)
    if filled != content:
        lost.append("in the end it does not hold what it must")
    return lost


def tables_of(service: str) -> sa.MetaData:
    tables = importlib.import_module(f"services.{service}.adapters.tables")
    metadata: sa.MetaData = tables.metadata
    return metadata


def read(connection: sa.Connection, tables: sa.MetaData) -> Rows:
    """All rows in the order of their keys: of the tables and columns that the code of now knows and the store
    has.
    """
    found = {}
    for table, columns in _there(connection, tables):
        query = sa.select(*columns).order_by(*table.primary_key.columns)
        found[table.name] = [dict(row._mapping) for row in connection.execute(query)]
    return found


def _fill(connection: sa.Connection, tables: sa.MetaData, content: Rows) -> None:
    """Write what is not there yet: the rows, or their columns that are new."""
    for table, columns in _there(connection, tables):
        names = [column.key for column in columns]
        keys = [column.key for column in table.primary_key.columns]
        rows = [{name: row[name] for name in names} for row in content[table.name]]
        if rows and connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one():
            same = [table.c[key] == sa.bindparam(f"of_{key}", type_=table.c[key].type) for key in keys]
            values = [row | {f"of_{key}": row[key] for key in keys} for row in rows]
            connection.execute(sa.update(table).where(*same), values)
        elif rows:
            connection.execute(sa.insert(table), rows)
        counted = next((column.name for column in table.columns if column.autoincrement is True), None)
        if counted and connection.dialect.name == "postgresql":
            sequence = f"pg_get_serial_sequence('{table.name}', '{counted}')"
            connection.exec_driver_sql(f"SELECT setval({sequence}, max({counted})) FROM {table.name}")  # noqa: S608


def _there(
    connection: sa.Connection, tables: sa.MetaData
) -> Iterator[tuple[sa.Table, Sequence[sa.Column[Any]]]]:
    inspector = sa.inspect(connection)
    names = set(inspector.get_table_names()) - {store_revisions.name}
    for table in tables.sorted_tables:
        if table.name in names:
            there = {column["name"] for column in inspector.get_columns(table.name)}
            yield table, [column for column in table.columns if column.name in there]


@contextmanager
def _unguarded(database: Database) -> Iterator[sa.Connection]:
    """Without triggers: what was allowed once, in its time, is written as it stands."""
    with everything(database) as whole:
        connection = whole.connection
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = 'replica'")
            yield connection
            return
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.exec_driver_sql(query).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        for _, statement in triggers:
            connection.exec_driver_sql(statement)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url, clock=SystemClock())
    try:
        yield database
    finally:
        database.close()
