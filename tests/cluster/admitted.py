"""A real API server takes what the chart makes: by schemas, the rules beside them (CEL), Pod Security."""

from __future__ import annotations

import json

import pytest

from tests.chart.rendering import CASES, NAMESPACE, objects
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.kube_objects import restricted


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> str:
    cluster.apply(restricted(NAMESPACE))
    return NAMESPACE


def admitted(cluster: Cluster, made: list[dict[str, object]]) -> str:
    """What the server says of these objects, warnings included, on stderr."""
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    done = cluster.run(
        "kubectl", "apply", "--dry-run=server", "--validate=strict", "--server-side", "-f", "-", given=given
    )
    return done.stderr


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_admitted(case: str, cluster: Cluster, namespace: str) -> None:
    assert admitted(cluster, objects(CASES[case])) == ""


def test_the_server_would_say(cluster: Cluster, namespace: str) -> None:
    """A pod that is no longer restricted, and a route that Gateway API's own rules refuse."""
    made = objects(CASES["98 municipalities"])
    deployment = next(each for each in made if each["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] = False
    assert "PodSecurity" in admitted(cluster, [deployment])
    route = next(each for each in made if each["kind"] == "GRPCRoute")
    route["spec"]["rules"][0]["matches"][0]["method"] = {"type": "Exact"}
    assert "GRPCRoute" in admitted(cluster, [route])
