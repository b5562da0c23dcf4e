"""What every store of deliberation's does."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from chassis.auth.principal import Role
from chassis.clock import FixedClock
from chassis.db import Database
from chassis.migrations import migration_state
from services.deliberation.adapters.repository import SqlUnitOfWork, tenant_of_link
from services.deliberation.adapters.tables import metadata, municipalities
from services.deliberation.domain.municipality import Municipality, Particulars, State, change, enter
from services.deliberation.domain.sign_in_link import SignInLink, digest_of
from tests.infrastructure.stores import Stores, everything

NOW = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)
MIGRATIONS = "services.deliberation.migrations"
ZONES = {"Europe/Copenhagen"}


@pytest.fixture
def database(stores: Stores) -> Database:
    return stores.new(metadata, "deliberation", MIGRATIONS, clock=FixedClock(NOW))


def entry(slug: str) -> Municipality:
    return enter(slug, Particulars(slug.title(), "", ()), ZONES, NOW)


def link(municipality: str | None = "dragoer", text: str = "secret", minutes: int = 15) -> SignInLink:
    role = Role.SECRETARIAT if municipality else Role.OPERATOR
    return SignInLink(
        uuid4(), municipality, role, "staff-7", digest_of(text), NOW, NOW + timedelta(minutes=minutes)
    )


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    assert migration_state(database, MIGRATIONS).at_head
    with database.reading("") as transaction:
        context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_registry(database: Database) -> None:
    with database.writing("") as transaction:
        registry = SqlUnitOfWork(transaction).municipalities
        assert registry.get("dragoer") is None
        for slug in ("koege", "dragoer", "greve"):
            assert registry.add(entry(slug))
        assert not registry.add(entry("dragoer"))
    with database.reading("") as transaction:
        registry = SqlUnitOfWork(transaction).municipalities
        assert registry.get("dragoer") == entry("dragoer")
        assert [each.slug for each in registry.page(None, 2)] == ["dragoer", "greve"]
        assert [each.slug for each in registry.page("greve", 2)] == ["koege"]
        found = registry.get("dragoer")
        assert found is not None
        assert found.state is State.ACTIVE
        assert found.create_time.tzinfo is not None


def test_an_entry_is_replaced_only_where_it_stands(database: Database) -> None:
    before = entry("dragoer")
    wanted = Particulars("Dragør By", "Europe/Copenhagen", ("en",))
    after = change(before, wanted, frozenset({"display_name", "languages"}), ZONES, NOW)
    with database.writing("") as transaction:
        registry = SqlUnitOfWork(transaction).municipalities
        registry.add(before)
        registry.add(entry("koege"))
        assert not registry.replace(after, 7)
        assert registry.replace(after, 1)
        assert not registry.replace(after, 1)
        assert registry.get("dragoer") == after
        assert registry.get("koege") == entry("koege")


def test_links_are_found_by_their_secret_and_spent_once(database: Database) -> None:
    mine, operators = link(), link(None, "other")
    with database.writing("dragoer") as transaction:
        SqlUnitOfWork(transaction).links.add(mine)
    with database.writing("") as transaction:
        SqlUnitOfWork(transaction).links.add(operators)
        assert SqlUnitOfWork(transaction).links.find(digest_of("other")) == operators
        assert SqlUnitOfWork(transaction).links.find(digest_of("secret")) is None  # a municipality's
        assert SqlUnitOfWork(transaction).links.find(digest_of("no")) is None
    with database.reading_across() as transaction:
        found = [tenant_of_link(transaction, digest_of(text)) for text in ("secret", "other", "no")]
        assert found == ["dragoer", "", None]
    with database.writing("dragoer") as transaction:
        links = SqlUnitOfWork(transaction).links
        assert links.spend(mine, NOW)
        assert not links.spend(mine, NOW)
        spent = links.find(mine.secret_digest)
        assert spent is not None
        assert spent.spend_time == NOW


def test_a_link_is_not_spent_too_late(database: Database) -> None:
    with database.writing("dragoer") as transaction:
        links = SqlUnitOfWork(transaction).links
        links.add(link())
        assert not links.spend(link(), NOW)  # another id
        found = links.find(digest_of("secret"))
        assert found is not None
        assert not links.spend(found, found.expire_time)
        assert links.spend(found, found.expire_time - timedelta(microseconds=1))


def test_no_municipality_touches_anothers_links(database: Database) -> None:
    mine = link(minutes=1)
    with database.writing("dragoer") as transaction:
        SqlUnitOfWork(transaction).links.add(mine)
    for other in ("koege", ""):
        with database.writing(other) as transaction:
            links = SqlUnitOfWork(transaction).links
            assert not links.spend(mine, NOW)
            links.forget_expired(NOW + timedelta(days=365))
            with pytest.raises(RuntimeError, match="its own municipality"):
                links.add(link(text=f"third {other}"))
    with database.writing("dragoer") as transaction:
        links = SqlUnitOfWork(transaction).links
        assert links.find(mine.secret_digest) == mine
        links.forget_expired(NOW + timedelta(days=365))
        assert links.find(mine.secret_digest) is None


def test_two_links_never_share_a_secret(database: Database) -> None:
    def add(municipality: str) -> None:
        with database.writing(municipality) as transaction:
            SqlUnitOfWork(transaction).links.add(link(municipality))

    add("dragoer")
    for municipality in ("dragoer", "koege"):
        with pytest.raises(IntegrityError):
            add(municipality)


def test_of_many_at_once_one_spends(database: Database) -> None:
    mine = link()
    with database.writing("dragoer") as transaction:
        SqlUnitOfWork(transaction).links.add(mine)
    won: list[bool] = []
    barrier = threading.Barrier(8)

    def press() -> None:
        barrier.wait()
        with database.writing("dragoer") as transaction:
            won.append(SqlUnitOfWork(transaction).links.spend(mine, NOW))

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_what_is_rolled_back_was_never_told(database: Database) -> None:
    from sqlalchemy import func, select

    from chassis.tables import outbox

    def fail() -> None:
        with database.writing("") as transaction:
            uow = SqlUnitOfWork(transaction)
            uow.municipalities.add(entry("dragoer"))
            uow.events.municipality_changed(entry("dragoer"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with everything(database) as transaction:
        assert transaction.connection.execute(select(func.count()).select_from(municipalities)).scalar() == 0
        assert transaction.connection.execute(select(func.count()).select_from(outbox)).scalar() == 0
