"""From one release to the next and back again, while pages are read."""

from __future__ import annotations

import json

from tests.cluster.traffic import traffic
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.release import SERVICES, TAGS, Release

PATHS = [f"/{service}/dragoer" for service in SERVICES]


def images(ting: Release) -> set[str]:
    return {
        container["image"]
        for service in SERVICES
        for pod in ting.pods(service)
        for container in pod["spec"]["containers"]
    }


def revision(cluster: Cluster, ting: Release) -> tuple[int, str]:
    found = json.loads(cluster.helm("status", ting.name, "--namespace", ting.name, "--output", "json"))
    return int(found["version"]), str(found["info"]["status"])


def test_upgrade_and_rollback_lose_no_page(cluster: Cluster, ting: Release, municipality: str) -> None:
    begun, _ = revision(cluster, ting)
    keys = ting.kubectl("get", "secret", f"{ting.name}-keys", "--output", "jsonpath={.data}")
    with traffic(ting, PATHS) as heard:
        ting.upgrade({"image": {"tag": TAGS[1]}, "logLevel": "warning"})
        assert images(ting) == {f"borgerting:{TAGS[1]}"}
        ting.roll_back()
        assert images(ting) == {f"borgerting:{TAGS[0]}"}
    assert revision(cluster, ting) == (begun + 2, "deployed")
    assert heard.failed == []
    assert heard.answered > len(PATHS)
    # Sessions and links outlive both.
    assert ting.kubectl("get", "secret", f"{ting.name}-keys", "--output", "jsonpath={.data}") == keys


def test_a_migration_that_fails_stops_the_upgrade(cluster: Cluster, ting: Release, municipality: str) -> None:
    """And the release before serves on, as if nothing had been tried."""
    secret = json.loads(ting.kubectl("get", "secret", "borgerting-database-owners", "--output", "json"))
    wrong = {**secret, "metadata": {"name": "wrong", "namespace": ting.name}}
    wrong["data"] = dict.fromkeys(SERVICES, "bm93aGVyZQ==")
    cluster.apply(wrong)
    begun, _ = revision(cluster, ting)
    before = {service: ting.ready(service) for service in SERVICES}
    with traffic(ting, PATHS) as heard:
        done = cluster.run(*ting.upgrading({"databases": {"ownerSecret": "wrong"}}))
    assert done.returncode
    assert heard.failed == []
    assert revision(cluster, ting) == (begun + 1, "failed")
    assert {service: ting.ready(service) for service in SERVICES} == before
    # Tried again, with what was wrong put right, it goes through.
    ting.kubectl("delete", "secret", "wrong")
    ting.upgrade({})
    assert revision(cluster, ting) == (begun + 2, "deployed")
