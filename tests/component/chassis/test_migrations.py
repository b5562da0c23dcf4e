"""The runner over a service's revisions, and that they make what the tables say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from chassis.clock import SystemClock
from chassis.db import Database, add_to
from chassis.errors import DomainError
from chassis.migrations import migrate, migration_state
from chassis.tables import metadata
from tests.infrastructure.revisions import write_revisions

TOY = "tests.component.chassis.toyservice.migrations"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    store = Database(f"sqlite:///{tmp_path}/store.sqlite3", clock=SystemClock())
    yield store
    store.close()


def test_an_empty_store_comes_to_the_head_once(database: Database) -> None:
    assert (migration_state(database, TOY).current, migration_state(database, TOY).at_head) == ("", False)
    assert migrate(database, TOY).current == ""
    assert migration_state(database, TOY).at_head
    assert migrate(database, TOY).at_head  # nothing to do


def test_the_first_step_makes_the_tables_that_the_chassis_declares(database: Database) -> None:
    """So that neither can change without the other."""
    migrate(database, TOY)
    declared = MetaData()
    add_to(declared)
    for tables in (metadata, declared):
        with database.reading("") as transaction:
            context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
            found = [
                change
                for change in compare_metadata(context, tables)
                if getattr(change[1], "name", "") not in ("heard", "work")  # the toy's own
            ]
        assert found == []


@pytest.mark.parametrize("content", [b"hello " * 200, b"SQLite format 3\x00" + b"\xff" * 2000])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "store.sqlite3"
    file.write_bytes(content)
    store = Database(f"sqlite:///{file}", clock=SystemClock())
    with pytest.raises(DomainError) as refused:
        migrate(store, TOY)
    store.close()
    assert (refused.value.reason, refused.value.metadata) == ("STORE_UNREADABLE", {"file": "store.sqlite3"})
    assert file.read_bytes() == content


def test_a_revision_that_fails_leaves_nothing_half_done(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = "op.create_table('half', sa.Column('id', sa.Integer()))\nraise RuntimeError('in the middle')"
    package = write_revisions(tmp_path, monkeypatch, half)
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate(database, package)
    with database.reading("") as transaction:
        tables = transaction.connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    assert list(tables) == []


def test_a_package_that_is_none_is_a_programming_error(database: Database) -> None:
    with pytest.raises(RuntimeError, match="not a package of migrations"):
        migrate(database, "chassis.nothing_here")
