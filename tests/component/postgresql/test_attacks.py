"""Raw SQL as the app role, under no municipality and under another: nothing of anybody else's comes out.

What row-level security cannot stop is here too (`test_what_an_injection_could_do`), so that the docs stay
honest: who can run SQL of their own as the app role can also name another municipality.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from chassis.db_roles import Roles
from tests.infrastructure.postgres import PostgresServer, Urls

MINE, THEIRS = "hjemby", "udby"
SECRET = "NAMEMARK7"


@pytest.fixture(scope="module")
def urls(postgres: PostgresServer) -> Iterator[Urls]:
    made = postgres.clone(postgres.prepare("sortition", "services.sortition.migrations"))
    with psycopg.connect(made.superuser) as connection:
        for municipality in (MINE, THEIRS, ""):
            selection = uuid4()
            connection.execute(
                "INSERT INTO selections VALUES"
                " (%s, %s, %s, '', 12, NULL, '[]', 'PREPARING', NULL, now(), now(), NULL, 1)",
                (municipality, selection, f"{SECRET} of {municipality}"),
            )
            connection.execute(
                "INSERT INTO person_contacts VALUES (%s, %s, %s, %s)",
                (municipality, selection, uuid4(), f'{{"name": "{SECRET} of {municipality}"}}'),
            )
            connection.execute(
                "INSERT INTO jobs (id, kind, municipality, key, payload, state, max_attempts, available,"
                " progress, reason_metadata, correlation_id, created)"
                " VALUES (%s, 'k', %s, 'k', %s, 'QUEUED', 5, now(), '{}', '{}', '', now())",
                (uuid4(), municipality, f'{{"seed": "{SECRET}"}}'),
            )
    yield made
    postgres.drop(made)


@contextmanager
def acting(urls: Urls, role: str, municipality: str | None) -> Iterator[psycopg.Connection]:
    """A transaction as Database opens it, rolled back at the end."""
    connection = psycopg.connect(urls.login)
    try:
        connection.execute("SELECT set_config('role', %s, true)", (role,))
        if municipality is not None:
            connection.execute("SELECT set_config('app.municipality', %s, true)", (municipality,))
        yield connection
    finally:
        connection.rollback()
        connection.close()


def app(urls: Urls, municipality: str | None = MINE) -> Any:
    return acting(urls, Roles(urls.base).app, municipality)


LOOKS = [
    "SELECT title FROM selections",
    "SELECT fields::text FROM person_contacts",
    "SELECT payload::text FROM jobs",
    "TABLE selections",
    "SELECT title FROM selections WHERE municipality_id = 'udby' OR true",
    # Joins, set operations, subqueries.
    "SELECT c.fields::text FROM selections s FULL JOIN person_contacts c ON true",
    "SELECT s.title FROM (VALUES ('udby'), ('')) t (m) LEFT JOIN selections s ON s.municipality_id = t.m",
    "SELECT title FROM selections UNION ALL SELECT fields::text FROM person_contacts",
    "WITH RECURSIVE r AS (SELECT title FROM selections UNION SELECT title FROM r) SELECT * FROM r",
    "SELECT (SELECT string_agg(fields::text, ',') FROM person_contacts)",
    "SELECT s.title FROM selections s TABLESAMPLE SYSTEM (100)",
    # Functions that run queries of their own, or turn rows into text.
    "SELECT query_to_xml('SELECT * FROM selections', true, false, '')::text",
    "SELECT table_to_xml('person_contacts', true, false, '')::text",
    "SELECT database_to_xml(true, false, '')::text FROM selections WHERE false",
    "SELECT row_to_json(s)::text FROM selections s",
    "SELECT json_agg(c)::text FROM person_contacts c",
    "SELECT s::text FROM selections s",
    # What the planner knows of the values.
    "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'selections'",
    "SELECT histogram_bounds::text FROM pg_stats WHERE tablename IN ('selections', 'person_contacts')",
]


@pytest.mark.parametrize("query", LOOKS)
@pytest.mark.parametrize("municipality", [None, "", MINE, "nowhere", "%", "@@"])
def test_no_query_shows_another_s_rows(urls: Urls, query: str, municipality: str | None) -> None:
    with app(urls, municipality) as connection:
        shown = str(connection.execute(query).fetchall())
    assert f"{SECRET} of {THEIRS}" not in shown
    if municipality != MINE:
        assert SECRET not in shown
    elif "pg_stats" not in query and "WHERE false" not in query and "VALUES" not in query:
        assert SECRET in shown  # so the query does work on one's own


def test_the_platform_sees_its_own_rows_alone(urls: Urls) -> None:
    with app(urls, "@") as connection:
        titles = connection.execute("SELECT title FROM selections").fetchall()
    assert titles == [(f"{SECRET} of ",)]


@pytest.mark.parametrize("statement", ["COPY selections TO STDOUT", "COPY (SELECT * FROM jobs) TO STDOUT"])
def test_copy_shows_one_s_own_alone(urls: Urls, statement: str) -> None:
    with app(urls) as connection, connection.cursor().copy(statement) as copy:
        shown = b"".join(bytes(block) for block in copy)
    assert SECRET.encode() in shown
    assert THEIRS.encode() not in shown


def test_a_condition_of_the_attacker_s_is_asked_of_one_s_own_rows_only(urls: Urls) -> None:
    """An error or a pause of a condition would tell what is in the rows that it is asked of."""
    probe = "SELECT count(*) FROM selections WHERE 1 / (CASE WHEN title LIKE '%udby%' THEN 0 ELSE 1 END) = 1"
    with app(urls) as connection:
        assert connection.execute(probe).fetchone() == (1,)
    with psycopg.connect(urls.superuser) as connection, pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute(probe)  # it would fail, were it asked of all


def test_a_statement_prepared_for_one_municipality_serves_no_other(urls: Urls) -> None:
    with psycopg.connect(urls.login, prepare_threshold=1) as connection:
        for municipality in (MINE, THEIRS, MINE, THEIRS, ""):
            for _ in range(6):  # beyond what PostgreSQL plans anew each time
                connection.execute(
                    "SELECT set_config('role', %s, true), set_config('app.municipality', %s, true)",
                    (Roles(urls.base).app, municipality),
                )
                found = connection.execute("SELECT municipality_id FROM selections").fetchall()
                assert found == ([(municipality,)] if municipality else [])
                connection.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE selections SET title = 'x' WHERE municipality_id = 'udby'",
        "UPDATE selections SET title = 'x' WHERE municipality_id <> 'hjemby'",
        "DELETE FROM person_contacts WHERE municipality_id = 'udby'",
        "UPDATE jobs SET cancel_requested = true WHERE municipality = 'udby'",
        "UPDATE person_contacts c SET fields = '{}' FROM selections s WHERE c.municipality_id = 'udby'",
        "DELETE FROM person_contacts c USING selections s WHERE c.municipality_id <> 'hjemby'",
    ],
)
def test_another_s_rows_cannot_be_changed(urls: Urls, statement: str) -> None:
    with app(urls) as connection:
        assert connection.execute(statement).rowcount == 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO signing_keys VALUES ('udby', 'x', now())",
        "INSERT INTO signing_keys VALUES ('', 'x', now())",
        "INSERT INTO signing_keys VALUES ('hjemby', 'x', now())"
        " ON CONFLICT (municipality_id) DO UPDATE SET municipality_id = 'udby'",
        "UPDATE jobs SET municipality = 'udby'",
        "INSERT INTO outbox (id, municipality, topic, key, type, headers, payload, created)"
        " VALUES (gen_random_uuid(), 'udby', 't', 'udby/x', 't', '{}', '', now())",
        "INSERT INTO audit_log (id, time, municipality, subject, roles, action, resource, details,"
        " correlation_id) VALUES (gen_random_uuid(), now(), 'udby', '', '', '', '', '{}', '')",
        "INSERT INTO municipalities VALUES ('udby', 'x', 'Europe/Copenhagen', '[]', 'ACTIVE')",
    ],
)
def test_nothing_can_be_put_among_another_s_rows(urls: Urls, statement: str) -> None:
    with app(urls) as connection:
        if "ON CONFLICT" in statement:
            connection.execute("INSERT INTO signing_keys VALUES ('hjemby', 'x', now())")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        # Becoming somebody else.
        "SET ROLE {owner}",
        "SET LOCAL ROLE {owner}",
        "SELECT set_config('role', '{owner}', true)",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION {owner}",
        "GRANT {owner} TO {base}",
        # Putting row-level security away.
        "ALTER TABLE selections NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE selections DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON selections",
        "CREATE POLICY open ON selections USING (true)",
        "ALTER TABLE selections OWNER TO {base}",
        "ALTER ROLE {app} BYPASSRLS",
        # Making something that others would run, or that would run as others.
        "CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE sql COST 0.1 AS 'SELECT true'",
        "CREATE VIEW open AS SELECT * FROM selections",
        "CREATE TABLE copy AS SELECT * FROM selections",
        "CREATE TEMP TABLE copy AS SELECT * FROM selections",
        "CREATE TRIGGER t BEFORE UPDATE ON selections FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()",
        "CREATE TRIGGER t BEFORE UPDATE ON selections FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE SCHEMA mine",
        "CREATE EXTENSION dblink",
        "DO $$ BEGIN EXECUTE 'SET ROLE {owner}'; END $$",
        # All rows at once, whoever's.
        "TRUNCATE selections CASCADE",
        "TRUNCATE audit_log",
        "DROP TABLE selections",
        # What is written stays written, and is sent by the relay alone.
        "UPDATE audit_log SET action = 'x'",
        "UPDATE outbox SET published = now()",
        "UPDATE idempotency SET response = ''",
        # The server's files and programs.
        "COPY selections TO '/tmp/out'",
        "COPY selections TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
        "SELECT query FROM pg_stat_statements",
    ],
)
def test_what_the_app_role_may_not_do(urls: Urls, statement: str) -> None:
    roles = Roles(urls.base)
    told = statement.format(owner=roles.owner, base=roles.base, app=roles.app)
    refusals = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.UndefinedTable,  # pg_stat_statements is not even there
    )
    with app(urls) as connection, pytest.raises(refusals):
        connection.execute(told)


@pytest.mark.parametrize("table", ["audit_log", "outbox", "idempotency", "jobs", "dead_letters"])
def test_what_is_written_goes_with_its_municipality_alone(urls: Urls, table: str) -> None:
    """Of one that is erased the app role may delete it (tests/component/holdings); of all others nothing."""
    with app(urls) as connection:
        assert connection.execute(f"DELETE FROM {table}").rowcount == 0  # noqa: S608 - ours
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("INSERT INTO erasures (municipality, begun) VALUES ('naboby', now())")


@pytest.mark.parametrize("statement", ["DELETE FROM erasures", "TRUNCATE erasures"])
def test_an_erasure_leaves_its_trace(urls: Urls, statement: str) -> None:
    with app(urls) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_row_level_security_cannot_be_switched_off(urls: Urls) -> None:
    with app(urls) as connection:
        connection.execute("SET LOCAL row_security = off")  # turns filtering into refusing
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("SELECT * FROM selections")


def test_the_login_that_takes_no_role_sees_nothing(urls: Urls) -> None:
    with psycopg.connect(urls.login) as connection:
        connection.execute("SELECT set_config('app.municipality', %s, true)", (MINE,))
        for table in ("selections", "outbox", "jobs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier("public", table)))


def test_nothing_of_a_transaction_s_role_or_municipality_is_left_after_it(urls: Urls) -> None:
    with psycopg.connect(urls.login) as connection:
        for end in (connection.commit, connection.rollback):
            connection.execute(
                "SELECT set_config('role', %s, true), set_config('app.municipality', %s, true)",
                (Roles(urls.base).app, MINE),
            )
            end()
            left = connection.execute("SELECT current_user, current_setting('app.municipality', true)")
            assert left.fetchone() in ((urls.base, ""), (urls.base, None))
            end()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT payload FROM jobs",
        "SELECT * FROM jobs",
        "UPDATE jobs SET payload = '{}'",
        "UPDATE jobs SET municipality = 'hjemby'",
        "INSERT INTO jobs SELECT * FROM jobs",
        "DELETE FROM jobs",
        "SELECT payload FROM inbox_held",
        "SELECT response FROM idempotency",
        "SELECT * FROM audit_log",
        "SELECT * FROM selections",
        "SELECT * FROM person_contacts",
        "SELECT * FROM draws",
        "UPDATE outbox SET payload = ''",
        "UPDATE outbox SET municipality = 'hjemby'",
        "INSERT INTO outbox SELECT * FROM outbox",
    ],
)
def test_what_the_worker_role_may_not_do(urls: Urls, statement: str) -> None:
    with (
        acting(urls, Roles(urls.base).worker, None) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_worker_finds_work_of_all_municipalities(urls: Urls) -> None:
    with acting(urls, Roles(urls.base).worker, None) as connection:
        found = connection.execute("SELECT municipality FROM jobs ORDER BY 1").fetchall()
        assert found == [("",), (MINE,), (THEIRS,)]
        connection.execute("SELECT state, count(*) FROM draws GROUP BY state")
        connection.execute("SELECT * FROM outbox")


def test_the_audit_trail_withstands_its_owner(urls: Urls) -> None:
    roles = Roles(urls.base)
    insert = (
        "INSERT INTO audit_log (id, time, municipality, subject, roles, action, resource, details,"
        " correlation_id) VALUES (gen_random_uuid(), now(), 'hjemby', '', '', '', '', '{}', '')"
    )
    for act in ("UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with psycopg.connect(urls.owner) as connection:
            connection.execute("SELECT set_config('app.municipality', %s, true)", (MINE,))
            connection.execute(insert)
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
                connection.execute(act)
            connection.rollback()
            assert connection.execute("SELECT current_user").fetchone() == (roles.owner,)


def test_the_owner_without_a_municipality_sees_nothing_either(urls: Urls) -> None:
    with psycopg.connect(urls.owner) as connection:
        assert connection.execute("SELECT count(*) FROM selections").fetchone() == (0,)
        assert connection.execute("UPDATE selections SET title = 'x'").rowcount == 0
        connection.rollback()


def test_what_an_injection_could_do(urls: Urls) -> None:
    """Said in docs/postgresql.md: the municipality is a setting of the transaction, and a role that the login
    may take can be taken by whoever runs SQL in its name. Row-level security holds against what a query
    forgets, not against a query of the attacker's own; against those stand bound parameters.
    """
    with app(urls) as connection:
        connection.execute("SELECT set_config('app.municipality', %s, true)", (THEIRS,))
        assert connection.execute("SELECT municipality_id FROM selections").fetchall() == [(THEIRS,)]
        connection.execute("SELECT set_config('role', %s, true)", (Roles(urls.base).worker,))
        assert len(connection.execute("SELECT id FROM jobs").fetchall()) == 3
