"""One cluster for all these tests, and in it one release, as in production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.operators import files
from tests.infrastructure import docker
from tests.infrastructure.beside import Beside
from tests.infrastructure.cluster import CannotBuildError, Cluster, missing, running_cluster
from tests.infrastructure.release import SERVICES, TAGS, Release, values


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """With the definitions of other operators' resources, which the chart makes."""
    if reason := missing() or docker.missing():
        pytest.skip(reason)
    try:
        with running_cluster() as running:
            for file in files():
                running.kubectl("apply", "--server-side", "-f", str(file))
            yield running
    except CannotBuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def beside(cluster: Cluster) -> Beside:
    made = Beside(cluster)
    made.start()
    return made


@pytest.fixture(scope="session")
def image(cluster: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The real image, under both names."""
    request.getfixturevalue("built")
    engine: docker.Engine = request.getfixturevalue("engine")
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
