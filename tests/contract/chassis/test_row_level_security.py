"""Every service's tables on PostgreSQL: forced row-level security, and no right that nobody needs."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData, text

from chassis.app import descriptors
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.db_roles import Roles
from chassis.migrations import migrate
from chassis.migrations.tenants import TENANT_COLUMNS, unprotected_tables
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.revisions import write_revisions
from tests.infrastructure.stores import add_tables, everything

SERVICES = sorted(descriptors())
# What says nothing of any municipality: which revision the store is at, what its revisions are, and places in
# the log.
WITHOUT_TENANT = {"alembic_version", "store_revisions", "log_marks"}


@pytest.fixture(params=SERVICES)
def urls(request: pytest.FixtureRequest, postgres: PostgresServer) -> Urls:
    return postgres.prepare(request.param, descriptors()[request.param].migrations)


def rows(urls: Urls, query: str, **values: object) -> list[tuple]:
    database = Database(urls.login, clock=SystemClock())
    with everything(database) as whole:
        found = [tuple(row) for row in whole.connection.execute(text(query), values)]
    database.close()
    return found


def test_every_table_forces_row_level_security_and_names_its_municipality(urls: Urls) -> None:
    found = rows(
        urls,
        "SELECT relname, relrowsecurity AND relforcerowsecurity,"
        " (SELECT count(*) FROM pg_attribute WHERE attrelid = c.oid AND attname = ANY(:columns))"
        " FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
        columns=list(TENANT_COLUMNS),
    )
    tables = {name: (forced, columns) for name, forced, columns in found if name not in WITHOUT_TENANT}
    assert len(tables) > 10
    assert {name for name, (_, columns) in tables.items() if columns != 1} == set()
    assert {name for name, (forced, _) in tables.items() if not forced} == set()


def test_no_view_or_function_of_the_owner_s_leads_around_it(urls: Urls) -> None:
    assert rows(urls, "SELECT viewname FROM pg_views WHERE schemaname = 'public'") == []
    assert rows(urls, "SELECT matviewname FROM pg_matviews WHERE schemaname = 'public'") == []
    definers = "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    assert rows(urls, definers) == []


def test_the_roles_are_no_more_than_they_must_be(urls: Urls) -> None:
    roles = Roles(urls.base)
    names = [roles.base, roles.app, roles.worker, roles.owner]
    attributes = rows(
        urls,
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication,"
        " rolcanlogin, rolinherit FROM pg_roles WHERE rolname = ANY(:names) ORDER BY 1",
        names=names,
    )
    assert sorted(attributes) == sorted(
        [
            (roles.base, False, True, False),
            (roles.app, False, False, False),
            (roles.worker, False, False, False),
            (roles.owner, False, True, False),
        ]
    )
    members = rows(
        urls,
        "SELECT m.rolname, r.rolname, admin_option FROM pg_auth_members"
        " JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member"
        " WHERE m.rolname = ANY(:names) OR r.rolname = ANY(:names)",
        names=names,
    )
    assert sorted(members) == [(roles.base, roles.app, False), (roles.base, roles.worker, False)]
    owners = rows(
        urls,
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    )
    assert owners == [(roles.owner,)]


def test_the_login_itself_and_the_public_have_no_right_to_any_table(urls: Urls) -> None:
    query = (
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee IN (:base, 'PUBLIC') AND table_schema = 'public'"
    )
    assert rows(urls, query, base=urls.base) == []


def test_the_worker_sees_of_other_tables_than_the_outbox_only_what_leads_to_work(urls: Urls) -> None:
    """What is a service's own is opened by name here, so that nobody opens more in passing."""
    query = (
        "SELECT table_name, column_name FROM information_schema.role_column_grants"
        " WHERE grantee = :worker AND table_schema = 'public' AND privilege_type = 'SELECT'"
    )
    found = {(table, column) for table, column in rows(urls, query, worker=Roles(urls.base).worker)}
    for table, columns in {
        "jobs": {"payload", "progress", "stage", "reason", "reason_metadata"},
        "inbox_held": {"payload", "headers"},
        "idempotency": {"response", "fingerprint"},
    }.items():
        assert (table, "municipality") in found
        assert {column for name, column in found if name == table} & columns == set()
    assert {name for name, _ in found} & {"audit_log", "people", "person_contacts", "seats"} == set()


def test_another_service_s_login_cannot_even_connect(urls: Urls, postgres: PostgresServer) -> None:
    other = "sortition" if urls.base != "borgerting_sortition" else "deliberation"
    elsewhere = postgres.prepare(other, descriptors()[other].migrations)
    query = "SELECT has_database_privilege(:login, :database, 'CONNECT')"
    assert rows(urls, query, login=elsewhere.base, database=urls.name) == [(False,)]
    assert rows(urls, query, login=urls.base, database=urls.name) == [(True,)]


def test_a_table_that_forgets_it_is_found(postgres: PostgresServer, tmp_path, monkeypatch) -> None:
    """The detector can fail, and a migration that forgets is refused whole."""
    forgets = "op.create_table('open', sa.Column('municipality_id', sa.String(63)))"
    write_revisions(tmp_path, monkeypatch, forgets, package="forgetful")
    write_revisions(tmp_path, monkeypatch, package="empty")
    urls = postgres.clone(postgres.prepare("forgetful", "empty"))
    owner = Database(urls.owner, clock=SystemClock())
    with pytest.raises(RuntimeError, match=r"isolate_tenants\(op, …\) for open"):
        migrate(owner, "forgetful")
    left = rows(urls, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {name for (name,) in left} <= WITHOUT_TENANT
    with owner.migrating() as connection:
        connection.exec_driver_sql("CREATE TABLE open (municipality text)")
        assert unprotected_tables(connection) == ["open"]
        connection.exec_driver_sql("ALTER TABLE open ENABLE ROW LEVEL SECURITY")
        assert unprotected_tables(connection) == ["open"]  # neither forced nor with a policy
    owner.close()
    add_tables(urls, MetaData())
