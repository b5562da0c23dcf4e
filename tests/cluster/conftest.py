"""One cluster for all these tests, and in it one release, as in production."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NoReturn

import pytest
from _pytest.capture import CaptureManager

from tests.chart.operators import files
from tests.infrastructure import docker
from tests.infrastructure.beside import Beside
from tests.infrastructure.cluster import CannotBuildError, Cluster, build, missing, running_cluster
from tests.infrastructure.release import SERVICES, TAGS, Release, values

# So that what fails in them says what it saw, as in files that are called test_….
for _name in (
    "admitted",
    "autoscaler",
    "installed",
    "network",
    "passwords",
    "story",
    "troubles",
    "updated",
    "withdrawn",
):
    pytest.register_assert_rewrite(f"tests.cluster.{_name}")
pytest.register_assert_rewrite("tests.e2e.assembly.steps")

_NONE = pytest.StashKey[str]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if reason := config.stash.get(_NONE, ""):
        terminalreporter.section("Kubernetes", yellow=True)
        terminalreporter.line(f"No cluster: {reason}. All tests that need one were skipped.")


def without(config: pytest.Config, reason: str) -> NoReturn:
    """Skipped, as the last lines will say once more."""
    config.stash[_NONE] = reason
    pytest.skip(reason)


@contextmanager
def aloud(config: pytest.Config) -> Iterator[None]:
    """What building says is seen at once: it may take a quarter of an hour."""
    capture: CaptureManager | None = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        yield


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """With the definitions of other operators' resources, which the chart makes."""
    if reason := missing() or docker.missing():
        without(pytestconfig, reason)
    try:
        with aloud(pytestconfig):
            build()
        with running_cluster() as running:
            for file in files():
                running.kubectl("apply", "--server-side", "-f", str(file))
            yield running
    except CannotBuildError as error:
        without(pytestconfig, str(error))


@pytest.fixture(scope="session")
def beside(cluster: Cluster) -> Beside:
    made = Beside(cluster)
    made.start()
    return made


@pytest.fixture(scope="session")
def image(cluster: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The real image, under both names."""
    engine: docker.Engine = request.getfixturevalue("engine")
    engine.build(docker.IMAGE, measured=False)
    names = [f"borgerting:{tag}" for tag in TAGS]
    for name in names:
        engine.docker("tag", docker.IMAGE, name)
    archive: Path = tmp_path_factory.mktemp("image") / "image.tar"
    engine.docker("save", "--output", str(archive), *names)
    cluster.load(archive)
    archive.unlink()


@pytest.fixture(scope="session")
def ting(cluster: Cluster, beside: Beside, image: None) -> Release:
    """Production, with two pods of deliberation, or three under load."""
    two = {
        "replicas": {"from": 2, "to": 3, "processorPercent": 70},
        "resources": {"requests": {"cpu": "200m", "memory": "128Mi"}},
    }
    made = Release(cluster, beside, "ting", values("ting", production=True, services={"deliberation": two}))
    made.prepare()
    made.install()
    return made


@pytest.fixture(scope="session")
def municipality(cluster: Cluster, ting: Release) -> str:
    """Of `ting`, known to every service."""
    ting.command("deliberation", "municipality", "create", "dragoer", "--name", "Dragør Kommune")

    cluster.eventually(
        lambda: {ting.ask(f"/{service}/dragoer")[0] for service in SERVICES}, lambda seen: seen == {200}
    )
    return "dragoer"


@pytest.fixture(scope="session")
def trial(cluster: Cluster, beside: Beside, image: None) -> Release:
    more = {"followup": {"settings": {"SWEEP_SECONDS": 1}}}
    made = Release(cluster, beside, "trial", values("trial", production=False, services=more))
    made.prepare()
    made.install()
    return made
