"""Migrations on PostgreSQL: by the owner, one at a time, not waiting for ever; data of every municipality."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text

from chassis.app import descriptors
from chassis.clock import SystemClock
from chassis.db import Database, add_to
from chassis.db_roles import database_script
from chassis.errors import Code, DomainError
from chassis.migrations import migrate, migration_state
from services.deliberation.adapters import tables as deliberation
from services.followup.adapters import tables as followup
from services.sortition.adapters import tables as sortition
from services.volunteer.adapters import tables as volunteer
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.revisions import write_revisions
from tests.infrastructure.stores import KINDS, TOY

TABLES = {
    "deliberation": deliberation.metadata,
    "followup": followup.metadata,
    "sortition": sortition.metadata,
    "volunteer": volunteer.metadata,
}


@pytest.fixture
def bare(postgres: PostgresServer) -> Urls:
    return postgres.bare("toy")


@pytest.fixture
def owner(bare: Urls) -> Iterator[Database]:
    database = Database(bare.owner, clock=SystemClock())
    yield database
    database.close()


@pytest.mark.parametrize("service", sorted(TABLES))
def test_they_make_what_the_tables_say(postgres: PostgresServer, service: str) -> None:
    urls = postgres.prepare(service, descriptors()[service].migrations)
    database = Database(urls.owner, clock=SystemClock())
    assert migration_state(database, descriptors()[service].migrations).at_head
    with database.reading("") as transaction:
        context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
        assert compare_metadata(context, TABLES[service]) == []
    database.close()


def test_the_chassis_s_own_tables_too(postgres: PostgresServer) -> None:
    declared = MetaData()
    add_to(declared)
    database = Database(postgres.prepare("toy", TOY).owner, clock=SystemClock())
    with database.reading("") as transaction:
        context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
        found = compare_metadata(context, declared)
    database.close()
    assert [change for change in found if getattr(change[1], "name", "") not in ("heard", "work")] == []


def test_only_the_owner_migrates(bare: Urls) -> None:
    login = Database(bare.login, clock=SystemClock())
    with pytest.raises(DomainError) as refused:
        migrate(login, TOY)
    login.close()
    assert (refused.value.code, refused.value.reason) == (Code.FAILED_PRECONDITION, "STORE_OWNER_NEEDED")
    assert refused.value.metadata == {"role": bare.base, "owner": f"{bare.base}_owner"}


def test_a_missing_role_is_named(bare: Urls, owner: Database) -> None:
    with psycopg.connect(bare.superuser, autocommit=True) as superuser:
        superuser.execute(f"DROP OWNED BY {bare.base}_worker")
        superuser.execute(f"DROP ROLE {bare.base}_worker")
    with pytest.raises(DomainError) as refused:
        migrate(owner, TOY)
    assert (refused.value.reason, refused.value.metadata) == (
        "STORE_ROLE_MISSING",
        {"role": f"{bare.base}_worker"},
    )


def test_a_database_that_sorts_otherwise_is_refused(postgres: PostgresServer, bare: Urls) -> None:
    name = f"{bare.name}_utf"
    with psycopg.connect(bare.superuser, autocommit=True) as superuser:
        superuser.execute(
            f"CREATE DATABASE {name} OWNER {bare.base}_owner TEMPLATE template0"
            " ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
    database = Database(Urls(postgres, name, bare.base).owner, clock=SystemClock())
    with pytest.raises(DomainError) as refused:
        migrate(database, TOY)
    database.close()
    assert refused.value.reason == "STORE_LOCALE_WRONG"
    assert refused.value.metadata == {"collation": "C", "encoding": "SQL_ASCII"}


TENANTS = """\
op.create_table('municipalities', sa.Column('municipality_id', sa.String(63)))
op.create_table('things', sa.Column('municipality_id', sa.String(63)), sa.Column('size', sa.Integer()))
isolate_tenants(op, 'municipalities', readable_across=True)
isolate_tenants(op, 'things')"""
PLAIN = "op.execute('UPDATE things SET size = size + 1')"
EACH = """\
for municipality in each_municipality(op):
    op.execute(sa.text(
        'UPDATE things SET size = size + 10 WHERE municipality_id = :m').bindparams(m=municipality))"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_data_reaches_every_municipality_s_rows(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """On PostgreSQL the owner's plain UPDATE touches no row and says nothing; the loop reaches them all."""
    if kind == "postgresql":
        urls = request.getfixturevalue("bare")
        database = Database(urls.owner, clock=SystemClock())
    else:
        database = Database(f"sqlite:///{tmp_path}/s.sqlite3", clock=SystemClock())
    tenants = ("hjemby", "udby", "")
    package = write_revisions(tmp_path, monkeypatch, TENANTS)
    migrate(database, package)
    for tenant in tenants:
        with database.writing(tenant) as transaction:
            values = {"m": tenant}
            transaction.connection.execute(text("INSERT INTO things VALUES (:m, 1)"), values)
            if tenant:
                transaction.connection.execute(text("INSERT INTO municipalities VALUES (:m)"), values)
    write_revisions(tmp_path, monkeypatch, TENANTS, PLAIN, EACH)
    migrate(database, package)
    for tenant in tenants:
        with database.reading(tenant) as transaction:
            query = text("SELECT size FROM things WHERE municipality_id = :m")
            (size,) = transaction.connection.execute(query, {"m": tenant}).scalars()
        assert size == (11 if kind == "postgresql" else 12), tenant
    database.close()


def test_a_revision_that_fails_leaves_nothing_half_done(
    owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_revisions(tmp_path, monkeypatch, f"{TENANTS}\nraise RuntimeError('in the middle')")
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate(owner, package)
    with owner.reading("") as transaction:
        query = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert transaction.connection.execute(query).all() == []


def test_the_script_may_be_run_again_and_gives_the_roles_nothing_more(postgres: PostgresServer) -> None:
    script = database_script(["again"], "borgerting_")
    rights = "SELECT datacl::text FROM pg_database WHERE datname = 'borgerting_again'"
    found = []
    for _ in range(2):
        postgres.run_script(script)
        with psycopg.connect(Urls(postgres, "borgerting_again", "borgerting_again").superuser) as superuser:
            found.append(superuser.execute(rights).fetchall())
    assert found[0] == found[1]


@pytest.mark.parametrize("prefix", ["Big_", "with space", "a;b", 'quo"te', "quo'te", "æ_"])
def test_a_prefix_that_is_no_name_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="no name for a role"):
        database_script(["sortition"], prefix)
