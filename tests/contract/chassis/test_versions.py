"""Which programs may serve a store: the release before beside an expansion, not beside a contraction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.migrations import migrate, migration_state
from chassis.stores import check_version
from chassis.tables import store_revisions
from tests.infrastructure.postgres import Urls
from tests.infrastructure.revisions import Step, write_revisions
from tests.infrastructure.stores import KINDS

TABLE = "op.create_table('things', sa.Column('municipality', sa.String(63)), sa.Column('old', sa.Integer()))"
FIRST = Step(f"{TABLE}\nisolate_tenants(op, 'things')", release="1.0.0")
EXPAND = Step("op.add_column('things', sa.Column('new', sa.Integer()))", release="1.1.0")
CONTRACT = Step("op.drop_column('things', 'old')", "contract", "1.2.0", "0002")
RELEASES = {"r10": [FIRST], "r11": [FIRST, EXPAND], "r12": [FIRST, EXPAND, CONTRACT]}


@dataclass(frozen=True)
class Store:
    """`database` is a process's of the store, `owner` that of whoever migrates it."""

    database: Database
    owner: Database


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        both = Database(f"sqlite:///{tmp_path}/store.sqlite3", clock=SystemClock())
        found = Store(both, both)
    else:
        urls: Urls = request.getfixturevalue("postgres").bare("toy")
        clock = SystemClock()
        found = Store(Database(urls.login, clock=clock), Database(urls.owner, clock=clock))
    yield found
    found.database.close()
    found.owner.close()


def to(store: Store, release: str) -> None:
    """As an operator takes one release after the other."""
    for each in RELEASES:
        migrate(store.owner, each)
        if each == release:
            return


@pytest.fixture(autouse=True)
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, steps in RELEASES.items():
        write_revisions(tmp_path, monkeypatch, *steps, package=name)


def refusal(act: Callable[[], object]) -> tuple[str, dict[str, str]]:
    with pytest.raises(DomainError) as refused:
        act()
    assert refused.value.code is Code.FAILED_PRECONDITION
    return refused.value.reason, dict(refused.value.metadata)


def test_a_store_says_of_each_revision_what_it_is(store: Store) -> None:
    migrate(store.owner, "r12")
    columns = store_revisions.c
    query = select(columns.revision, columns.kind, columns.release, columns.compatible_from)
    with store.database.reading("") as transaction:
        assert [tuple(row) for row in transaction.connection.execute(query.order_by(columns.revision))] == [
            ("0001", "expand", "1.0.0", "0001"),
            ("0002", "expand", "1.1.0", "0001"),
            ("0003", "contract", "1.2.0", "0002"),
        ]


def test_the_release_before_starts_and_migrates_nothing_beside_an_expansion(store: Store) -> None:
    migrate(store.owner, "r11")
    state = check_version(store.database, "toy", "r10")
    assert (state.current, state.head, state.newer) == ("0002", "0001", "1.1.0")
    assert migrate(store.owner, "r10") == state
    assert migration_state(store.database, "r11").at_head


def test_a_contraction_refuses_who_does_not_know_the_expansion(store: Store) -> None:
    to(store, "r12")
    told = {"revision": "0003", "known": "0001", "needed": "0002", "release": "1.1.0"}
    for act in (
        lambda: check_version(store.database, "toy", "r10"),
        lambda: migrate(store.owner, "r10"),
    ):
        assert refusal(act) == ("STORE_IS_NEWER", told)
    assert check_version(store.database, "toy", "r11").newer == "1.2.0"


def test_a_release_is_not_skipped_while_programs_serve_that_could_not_go_on(store: Store) -> None:
    """A SQLite store has no other processes beside the one that migrates it."""
    migrate(store.owner, "r10")
    if store.database.shared:
        told = {"revision": "0001", "needed": "0002", "release": "1.1.0"}
        assert refusal(lambda: migrate(store.owner, "r12")) == ("STORE_RELEASE_SKIPPED", told)
        assert migration_state(store.database, "r10").at_head
    migrate(store.owner, "r12", nobody_serves=store.database.shared)
    assert migration_state(store.database, "r12").at_head


def test_a_revision_that_fails_leaves_those_before_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_revisions(
        tmp_path, monkeypatch, FIRST, EXPAND, Step("raise RuntimeError('in the middle')", release="1.1.0")
    )
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate(store.owner, package)
    assert check_version(store.database, "toy", "r10").newer == "1.1.0"
    with store.database.reading("") as transaction:
        noted = transaction.connection.execute(select(store_revisions.c.revision)).scalars().all()
    assert sorted(noted) == ["0001", "0002"]


def test_a_newer_program_waits_for_its_migration(store: Store) -> None:
    migrate(store.owner, "r10")
    found = refusal(lambda: check_version(store.database, "toy", "r11"))
    assert found == ("STORE_NOT_MIGRATED", {"service": "toy", "revision": "0001", "known": "0002"})


def test_a_store_that_does_not_say_who_may_serve_it_is_refused(store: Store) -> None:
    migrate(store.owner, "r11")
    with store.owner.writing("") as transaction:
        transaction.connection.execute(delete(store_revisions))
    told = {"revision": "0002", "known": "0001"}
    assert refusal(lambda: check_version(store.database, "toy", "r10")) == ("STORE_REVISION_UNKNOWN", told)
    with store.owner.writing("") as transaction:
        transaction.connection.execute(text("DROP TABLE store_revisions"))
    assert refusal(lambda: migrate(store.owner, "r10")) == ("STORE_REVISION_UNKNOWN", told)


def test_a_store_from_before_it_was_said_is_told_at_the_next_migration(store: Store) -> None:
    migrate(store.owner, "r11")
    with store.owner.writing("") as transaction:
        transaction.connection.execute(text("DROP TABLE store_revisions"))
    assert check_version(store.database, "toy", "r11").at_head
    migrate(store.owner, "r11")
    assert check_version(store.database, "toy", "r10").newer == "1.1.0"
