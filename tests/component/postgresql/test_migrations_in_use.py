"""Migrations while others work: they give way, say so, leave nothing half-done, and may be run again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from chassis import db_postgresql
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.migrations import migrate, migration_state, runner
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.revisions import Step, write_revisions

TABLE = "op.create_table('things', sa.Column('municipality', sa.String(63)))\nisolate_tenants(op, 'things')"
SIZE = "op.add_column('things', sa.Column('size', sa.Integer()))"


@pytest.fixture
def bare(postgres: PostgresServer) -> Urls:
    return postgres.bare("toy")


@pytest.fixture
def owner(bare: Urls) -> Iterator[Database]:
    database = Database(bare.owner, clock=SystemClock())
    yield database
    database.close()


def columns(urls: Urls) -> set[str]:
    with psycopg.connect(urls.superuser) as superuser:
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = 'things'"
        return {name for (name,) in superuser.execute(query)}


@contextmanager
def in_use(urls: Urls) -> Iterator[psycopg.Connection]:
    """Somebody's transaction that has read the table and stays open."""
    with psycopg.connect(urls.superuser) as other:
        other.execute("LOCK TABLE things IN ACCESS SHARE MODE")
        yield other


def wait_until_blocked(urls: Urls) -> None:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        for _ in range(3000):
            if superuser.execute(query).fetchone() is not None:
                return
            threading.Event().wait(0.01)
    raise AssertionError("nobody waits for a lock")


def test_a_table_in_use_is_waited_for_only_so_long(
    bare: Urls, owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_postgresql, "MIGRATION_LOCK_SECONDS", 0.05)
    monkeypatch.setattr(runner, "TRIES", 3)
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.01)
    package = write_revisions(tmp_path, monkeypatch, TABLE)
    migrate(owner, package)
    write_revisions(tmp_path, monkeypatch, TABLE, SIZE)
    with in_use(bare):
        with pytest.raises(DomainError) as busy:
            migrate(owner, package)
        # Nobody queues behind it any more: this one would.
        with psycopg.connect(bare.superuser) as reader:
            reader.execute("SET lock_timeout = '5s'")
            assert reader.execute("SELECT count(*) FROM things").fetchone() == (0,)
    assert (busy.value.code, busy.value.reason) == (Code.UNAVAILABLE, "STORE_TABLE_IN_USE")
    assert busy.value.metadata == {"revision": "0002", "tries": "3"}
    assert migration_state(owner, package).current == "0001"
    migrate(owner, package)
    assert migration_state(owner, package).at_head
    assert columns(bare) == {"municipality", "size"}


def test_it_comes_again_when_the_table_is_free(
    bare: Urls, owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_postgresql, "MIGRATION_LOCK_SECONDS", 0.05)
    gave_way = threading.Event()

    def pause() -> None:
        gave_way.set()
        assert freed.wait(30)

    freed = threading.Event()
    monkeypatch.setattr(runner, "_pause", pause)
    package = write_revisions(tmp_path, monkeypatch, TABLE)
    migrate(owner, package)
    write_revisions(tmp_path, monkeypatch, TABLE, SIZE)
    with in_use(bare) as other:
        migration = threading.Thread(target=migrate, args=(owner, package))
        migration.start()
        assert gave_way.wait(30)
        other.rollback()
        freed.set()
        migration.join(30)
    assert migration_state(owner, package).at_head


def test_what_a_revision_locks_is_free_before_the_next_begins(
    bare: Urls, owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "TRIES", 1)
    monkeypatch.setattr(db_postgresql, "MIGRATION_LOCK_SECONDS", 30)
    other_table = TABLE.replace("things", "others")
    second = "op.add_column('others', sa.Column('size', sa.Integer()))"
    package = write_revisions(tmp_path, monkeypatch, TABLE, other_table)
    migrate(owner, package)
    write_revisions(tmp_path, monkeypatch, TABLE, other_table, SIZE, second)
    with psycopg.connect(bare.superuser) as other:
        other.execute("LOCK TABLE others IN ACCESS SHARE MODE")
        migration = threading.Thread(target=migrate, args=(owner, package))
        migration.start()
        wait_until_blocked(bare)
        assert columns(bare) == {"municipality", "size"}
        assert migration_state(owner, package).current == "0003"
        other.rollback()
        migration.join(30)
    assert migration_state(owner, package).at_head


def test_a_statement_that_takes_too_long_is_ended(
    bare: Urls, owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Step(f"{SIZE}\nop.execute('SELECT pg_sleep(30)')", statement_seconds=1)
    package = write_revisions(tmp_path, monkeypatch, TABLE, slow)
    with pytest.raises(DomainError) as ended:
        migrate(owner, package)
    assert (ended.value.code, ended.value.reason) == (Code.UNAVAILABLE, "STORE_MIGRATION_SLOW")
    assert ended.value.metadata == {"revision": "0002", "seconds": "1"}
    assert (migration_state(owner, package).current, columns(bare)) == ("0001", {"municipality"})


def test_of_two_that_migrate_at_once_one_waits_and_finds_it_done(
    bare: Urls, owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who uses the table holds the first in its revision; the second then waits for the first."""
    monkeypatch.setattr(db_postgresql, "MIGRATION_LOCK_SECONDS", 30)
    package = write_revisions(tmp_path, monkeypatch, TABLE)
    migrate(owner, package)
    write_revisions(tmp_path, monkeypatch, TABLE, SIZE)
    failed: list[BaseException] = []

    def run() -> None:
        database = Database(bare.owner, clock=SystemClock())
        try:
            migrate(database, package)
        except BaseException as error:
            failed.append(error)
        database.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    with in_use(bare) as other:
        for thread in threads:
            thread.start()
        wait_until_blocked(bare)
        other.rollback()
        for thread in threads:
            thread.join(30)
    assert (failed, migration_state(owner, package).at_head) == ([], True)


def test_one_that_waits_too_long_for_another_says_so(
    bare: Urls, owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_postgresql, "MIGRATION_SECONDS", 0.1)
    package = write_revisions(tmp_path, monkeypatch, TABLE)
    other = Database(bare.owner, clock=SystemClock())
    with other.migrating(), pytest.raises(DomainError) as refused:
        migrate(owner, package)
    other.close()
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "STORE_MIGRATION_RUNS")
    assert refused.value.metadata == {"seconds": "0.1"}
    migrate(owner, package)
    assert migration_state(owner, package).at_head
