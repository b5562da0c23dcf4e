"""The databases that CloudNativePG is told to make are those that the suite works on: its statements are run,
one by one as it does, by a real PostgreSQL's superuser; then each service's store is migrated and used.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from chassis.app import descriptors
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.migrations import migrate, migration_state
from tests.chart.rendering import CASES, NAMESPACE, RELEASE, Object, objects, of_kind
from tests.infrastructure.postgres import PostgresServer

SERVICES = sorted(descriptors())

_ROLE = """
    SELECT rolcanlogin, rolinherit, rolsuper, rolbypassrls, array(
      SELECT pg_get_userbyid(roleid)::text FROM pg_auth_members WHERE member = r.oid ORDER BY 1)
    FROM pg_roles r WHERE rolname = %s"""


@pytest.fixture(scope="module")
def made() -> list[Object]:
    return objects(CASES["CloudNativePG"])


@pytest.fixture(scope="module")
def server(made: list[Object]) -> Iterator[PostgresServer]:
    spec = of_kind(made, "Cluster")[f"{RELEASE}-postgresql"]["spec"]
    secrets = of_kind(made, "Secret")
    with PostgresServer.running() as running:
        address = f"postgresql://{running.superuser}@127.0.0.1:{running.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in spec["bootstrap"]["initdb"]["postInitSQL"]:
                connection.execute(statement)
            for role in spec["managed"]["roles"]:
                secret = secrets[role["passwordSecret"]["name"]]["stringData"]
                assert secret["username"] == role["name"]
                found = connection.execute(
                    _ROLE,
                    [role["name"]],
                ).fetchone()
                # What it goes on managing is what it made: else it would change it back.
                assert found == (role["login"], role["inherit"], False, False, role.get("inRoles", []))
                connection.execute(
                    psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                        psycopg.sql.Identifier(role["name"]), psycopg.sql.Literal(secret["password"])
                    )
                )
        yield running


def address(made: list[Object], server: PostgresServer, name: str) -> str:
    """As the pod is given it, with the test's server in place of the cluster's."""
    secret = of_kind(made, "Secret")[f"{RELEASE}-database-{name}"]["stringData"]
    given = str(secret["url"])
    if not name.endswith("-owner"):
        assert secret["passwords"] == secret["password"]
        file = f"&password_file=/etc/borgerting/databases/{name}"
        assert given.endswith(file)
        given = given.removesuffix(file).replace("@", f":{secret['password']}@", 1)
    host = f"{RELEASE}-postgresql-rw.{NAMESPACE}.svc"
    assert f"@{host}/" in given
    assert given.endswith("?sslmode=verify-full&sslrootcert=/etc/borgerting/postgresql/ca.crt")
    return given.partition("?")[0].replace(host, f"127.0.0.1:{server.port}")


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_migrates_and_uses_its_own(
    made: list[Object], server: PostgresServer, service: str
) -> None:
    migrations = descriptors()[service].migrations
    owner = Database(address(made, server, f"{service}-owner"), clock=SystemClock())
    login = Database(address(made, server, service), clock=SystemClock())
    try:
        migrate(owner, migrations)
        assert migration_state(login, migrations).at_head
        login.check_writable()
    finally:
        owner.close()
        login.close()


def test_no_service_reaches_anothers_database(made: list[Object], server: PostgresServer) -> None:
    for service in SERVICES:
        own = address(made, server, service)
        for other in SERVICES:
            wrong = f"{own.rpartition('/')[0]}/borgerting_{other}"
            if other != service:
                with pytest.raises(psycopg.OperationalError, match="CONNECT"):
                    psycopg.connect(wrong).close()


def test_what_it_holds_outlives_the_release(made: list[Object]) -> None:
    kept = [*of_kind(made, "Cluster").values(), *of_kind(made, "Secret").values()]
    assert len(kept) == 1 + 1 + 2 * len(SERVICES)
    for each in kept:
        assert each["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
