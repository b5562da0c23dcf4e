"""For all tests: property tests are judged by what holds, never by how busy the machine is; a PostgreSQL,
a Kafka broker and a Docker engine with our image, each started by the first test that asks for it, and
stores of both kinds. What a test sets up of the process's log ends with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.infrastructure import docker
from tests.infrastructure.kafka import KafkaBroker, running_kafka
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.stores import KINDS, Stores

settings.register_profile(
    "borgerting", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("borgerting")


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Else a later test that listens would hear nothing: its lines went where an earlier one had them go."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer.running() as server:
        yield server


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    kind = request.param
    made = Stores(kind, tmp_path, request.getfixturevalue("postgres") if kind == "postgresql" else None)
    yield made
    made.close()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """All tests share it: each takes a namespace of its own, and none breaks it."""
    with running_kafka(tmp_path_factory.mktemp("kafka") / "broker") as broker:
        yield broker


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.Engine]:
    if reason := docker.missing():
        pytest.skip(reason)
    with docker.running_engine() as running:
        yield running


@pytest.fixture(scope="session")
def built(engine: docker.Engine) -> str:
    """The engine has docker.IMAGE; what build.sh says of it."""
    return engine.build(docker.IMAGE)
