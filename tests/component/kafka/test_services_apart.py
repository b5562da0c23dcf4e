"""Services as processes of their own: they meet by Kafka and gRPC, and each dies and comes back alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infrastructure.apart import ServicesApart, services_apart
from tests.infrastructure.kafka import KafkaBroker, running_kafka

PATIENCE = 150.0  # a ceiling for busy machines


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with running_kafka(tmp_path_factory.mktemp("kafka") / "broker") as broker:
        yield broker


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, server: KafkaBroker) -> Iterator[ServicesApart]:
    folder = tmp_path_factory.mktemp("apart")
    with services_apart(folder, server.bootstrap, ["sortition", "deliberation"]) as made:
        yield made


def run(services: ServicesApart, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command beside them."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    return subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        env={**clean, **services.environment(), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def until(holds: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.2)


def ask(url: str) -> tuple[int, str]:
    """Status and body, whatever they are."""
    answer = httpx.get(url, trust_env=False, timeout=20)
    return answer.status_code, answer.text


def readiness(services: ServicesApart, name: str) -> dict[str, Any]:
    status, text = ask(services[name].ops + "/readyz")
    found: dict[str, Any] = json.loads(text)
    assert status == (200 if found["ready"] else 503)
    return found


def knows(services: ServicesApart, slug: str) -> bool:
    """Whether sortition has a page for the municipality."""
    status, _ = ask(f"{services['sortition'].http}/sortition/{slug}")
    assert status in (200, 404)
    return status == 200


def enter(services: ServicesApart, slug: str) -> None:
    made = run(services, "municipality", "create", slug, "--name", slug.title())
    assert made.returncode == 0, made.stderr


def test_a_fact_of_one_reaches_the_other(services: ServicesApart) -> None:
    enter(services, "hjemby")
    until(lambda: knows(services, "hjemby"), lambda: services["sortition"].log[-2000:])
    assert "hjemby" not in services["deliberation"].get("/metrics", base=services["deliberation"].ops)


def test_one_that_was_killed_hears_what_it_missed(services: ServicesApart) -> None:
    services["sortition"].kill()
    enter(services, "naboby")
    services.start("sortition")
    until(lambda: knows(services, "naboby"), lambda: services["sortition"].log[-2000:])


def test_what_one_told_just_before_it_died_is_not_lost(services: ServicesApart) -> None:
    services["deliberation"].kill()
    enter(services, "udby")  # into the store alone: nobody is there to send it
    services.start("deliberation")
    until(lambda: knows(services, "udby"))


def test_a_second_process_of_the_same_store_is_refused(services: ServicesApart) -> None:
    refused = run(services, "serve", "--service", "sortition", "--http-port", "0", "--ops-port", "0")
    assert refused.returncode == 1
    assert f"in use by process {services['sortition'].process.pid}" in refused.stderr
    assert run(services, "serve", "--http-port", "0", "--ops-port", "0").returncode == 1
    assert run(services, "migrate").returncode == 1


def test_ready_means_that_the_broker_is_there(services: ServicesApart, server: KafkaBroker) -> None:
    assert readiness(services, "sortition")["ready"]
    server.stop()
    until(lambda: not readiness(services, "sortition")["ready"])
    failing = [check for check in readiness(services, "sortition")["checks"] if not check["ok"]]
    assert [check["name"] for check in failing] == ["events"]
    # Its pages and its metrics go on meanwhile; what is not known is left out.
    assert knows(services, "hjemby")
    metrics = services["sortition"].get("/metrics", base=services["sortition"].ops)
    assert "borgerting_inbox_parked{" in metrics
    assert "borgerting_inbox_lag{" not in metrics
    enter(services, "fjernby")
    server.start()
    until(lambda: readiness(services, "sortition")["ready"] and readiness(services, "deliberation")["ready"])
    until(lambda: knows(services, "fjernby"))


def test_it_starts_before_the_broker_and_is_ready_after_it(tmp_path: Path, server: KafkaBroker) -> None:
    server.stop()
    services = ServicesApart(tmp_path, server.bootstrap, ["sortition"], {})
    try:
        services.start("sortition", ready=False)
        until(lambda: "ready http=" in services["sortition"].output, lambda: services["sortition"].log)
        services["sortition"].ops = f"http://127.0.0.1:{services.ports['sortition']['OPS_PORT']}"
        assert not readiness(services, "sortition")["ready"]
        server.start()
        until(lambda: bool(readiness(services, "sortition")["ready"]))
        assert services["sortition"].terminate() == 0
    finally:
        services.close()
