"""The whole suite on PostgreSQL: migrated first, then served; the server away and back again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chassis.app import descriptors
from chassis.testing.processes import SuiteProcess, running_suite
from tests.infrastructure.postgres import PASSWORD, PostgresServer, Urls
from tests.infrastructure.suites import settings_of

SERVICES = sorted(descriptors())


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Of its own: it is stopped and started here."""
    with PostgresServer.running() as made:
        yield made


def command(folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    return subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**own, "LC_ALL": "C.UTF-8", "BORGERTING_DATA_DIR": str(folder / "data"), **environment},
    )


@pytest.fixture(scope="module")
def databases(server: PostgresServer) -> list[Urls]:
    return [server.bare(service) for service in SERVICES]


@pytest.fixture(scope="module")
def migrated(databases: list[Urls], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("migrate")
    for early in (
        ("municipality", "list"),
        ("serve", "--http-port", "0", "--grpc-port", "0", "--ops-port", "0"),
    ):
        unready = command(folder, *early, environment=settings_of(databases))
        assert unready.returncode == 1
        assert "Run `borgerting migrate` first" in unready.stderr
    refused = command(folder, "migrate", environment=settings_of(databases))
    assert refused.returncode == 1
    assert "Only the database's owner" in refused.stderr
    for expected in ("was empty, is now at", "is at"):
        done = command(folder, "migrate", environment=settings_of(databases, migration=True))
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert [line.partition(":")[0] for line in lines] == SERVICES
        assert all(expected in line for line in lines)
        assert PASSWORD not in done.stdout + done.stderr
    return settings_of(databases)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suite")


@pytest.fixture(scope="module")
def suite(migrated: dict[str, str], folder: Path) -> Iterator[SuiteProcess]:
    with running_suite(folder, environment=migrated) as running:
        yield running


def ready(suite: SuiteProcess) -> tuple[int, str]:
    try:
        return 200, suite.get("/readyz", base=suite.ops, seconds=30)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_until_ready(suite: SuiteProcess, code: int, seconds: float = 30) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found, body = ready(suite)
        if found == code:
            return body
        time.sleep(0.1)
    raise AssertionError(f"not {code}: {body}\n{suite.log[-3000:]}")


def test_it_serves_pages_metrics_and_what_one_service_tells_another(
    suite: SuiteProcess, folder: Path, migrated: dict[str, str]
) -> None:
    made = command(folder, "municipality", "create", "strandby", "--name", "Strandby", environment=migrated)
    assert made.returncode == 0, made.stderr
    until = time.monotonic() + 20
    while True:
        try:
            suite.get("/sortition/strandby")
            break
        except urllib.error.HTTPError as error:
            error.close()
            assert time.monotonic() < until, suite.log[-3000:]
            time.sleep(0.1)
    assert "Strandby" in suite.get("/")
    metrics = suite.get("/metrics", base=suite.ops)
    for name in ("borgerting_outbox_unpublished", "borgerting_sortition_draws", "borgerting_jobs"):
        assert name in metrics
    assert wait_until_ready(suite, 200)
    assert PASSWORD not in suite.log


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_store_that_goes_is_said_and_one_that_returns_is_used(
    suite: SuiteProcess, server: PostgresServer, how: signal.Signals
) -> None:
    wait_until_ready(suite, 200)
    server.stop(how)
    assert "store" in wait_until_ready(suite, 503)
    with pytest.raises(urllib.error.HTTPError) as refused:
        suite.get("/sortition/api/v1/municipalities/strandby/selections")
    with refused.value as error:
        problem = json.loads(error.read())
    assert error.code in (401, 503)
    if error.code == 503:
        assert problem["reason"] == "STORE_AWAY"
    assert "127.0.0.1:" + str(server.port) not in json.dumps(problem)
    server.start()
    wait_until_ready(suite, 200)
    assert suite.process.poll() is None
    assert PASSWORD not in suite.log


def test_what_is_committed_before_the_store_goes_is_told_after_it_is_back(
    suite: SuiteProcess, folder: Path, server: PostgresServer, migrated: dict[str, str]
) -> None:
    made = command(folder, "municipality", "create", "skovby", "--name", "Skovby", environment=migrated)
    assert made.returncode == 0, made.stderr
    server.stop(signal.SIGQUIT)
    away = command(folder, "municipality", "create", "engby", "--name", "Engby", environment=migrated)
    assert away.returncode == 1
    assert "cannot be reached" in away.stderr
    assert str(server.port) not in away.stderr.partition("cannot be reached")[2]
    server.start()
    until = time.monotonic() + 40
    while True:
        try:
            suite.get("/sortition/skovby")
            break
        except urllib.error.HTTPError as error:
            error.close()
            assert time.monotonic() < until, suite.log[-3000:]
            time.sleep(0.2)
    wait_until_ready(suite, 200)


def test_it_goes_on_while_a_newer_release_has_migrated(suite: SuiteProcess, databases: list[Urls]) -> None:
    """So a rolling update takes nothing out of service before it is replaced; a release that cannot be lived
    beside does.
    """
    wait_until_ready(suite, 200)
    noted = "INSERT INTO store_revisions VALUES (%s, %s, %s, %s, now())"
    with psycopg.connect(databases[0].superuser, autocommit=True) as superuser:
        (before,) = superuser.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        superuser.execute(noted, ("9998", "expand", "9.8.0", "0001"))
        superuser.execute("UPDATE alembic_version SET version_num = '9998'")
        assert ready(suite)[0] == 200
        superuser.execute(noted, ("9999", "contract", "9.9.0", "9998"))
        superuser.execute("UPDATE alembic_version SET version_num = '9999'")
        code, body = ready(suite)
        assert (code, "STORE_IS_NEWER: release 9.8.0 is needed" in body) == (503, True)
        superuser.execute("DELETE FROM alembic_version")
        code, body = ready(suite)
        assert (code, "STORE_NOT_MIGRATED" in body) == (503, True)
        superuser.execute("INSERT INTO alembic_version VALUES (%s)", (before,))
        superuser.execute("DELETE FROM store_revisions WHERE revision > '9'")
    wait_until_ready(suite, 200)


def test_it_stops_in_order(suite: SuiteProcess) -> None:
    assert suite.terminate() == 0
    assert "STORE" not in suite.log.splitlines()[-1]


def test_a_store_that_says_nothing_is_said_too_and_does_not_hold_up_a_stop(
    server: PostgresServer, migrated: dict[str, str], tmp_path: Path
) -> None:
    with running_suite(tmp_path, environment={**migrated, "BORGERTING_DRAIN_SECONDS": "2"}) as suite:
        with server.frozen():
            assert "store" in wait_until_ready(suite, 503, 120)
            assert suite.terminate(180) == 0
        assert "resumed at the next start" in suite.log
