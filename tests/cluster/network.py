"""The network policies at work: each arrow that exists, tried from a pod, and each that must not exist."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infrastructure.beside import KAFKA, POSTGRESQL
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.controller import NAMESPACE as CONTROLLER
from tests.infrastructure.release import SERVICES, Release

ASKS = {"deliberation": "sortition", "followup": "deliberation", "volunteer": "followup"}
ATTEMPT = """
import concurrent.futures, socket, sys

def reached(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return ""
    return address

with concurrent.futures.ThreadPoolExecutor(len(sys.argv)) as together:
    print(*together.map(reached, sys.argv[1:]))
"""


def reached(cluster: Cluster, namespace: str, pod: str, addresses: list[str]) -> set[str]:
    """Which of these a pod can connect to; a policy drops what it does not let through."""
    said = cluster.kubectl(
        "exec", "-i", "--namespace", namespace, pod, "--", "python3", "-", *addresses, given=ATTEMPT
    )
    return set(said.split())


@pytest.fixture
def stranger(cluster: Cluster, ting: Release) -> Iterator[str]:
    """A pod of the same image in the same namespace, which is nobody's."""
    spec = cluster.items("pods", ting.name, "app.kubernetes.io/component=sortition")[0]["spec"]
    own = spec["containers"][0]
    container = {
        "name": "stranger",
        "image": own["image"],
        "command": ["python", "-c", "import time; time.sleep(3600)"],
        "securityContext": own["securityContext"],
    }
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "stranger", "namespace": ting.name},
            "spec": {
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
                "securityContext": spec["securityContext"],
                "containers": [container],
            },
        }
    )
    ting.kubectl("wait", "pod/stranger", "--for=condition=Ready", "--timeout=60s")
    yield "stranger"
    ting.kubectl("delete", "pod", "stranger", "--wait")


def addresses(ting: Release) -> dict[str, str]:
    """`service port` -> host:port of one of its pods."""
    ports = {"http": 8080, "grpc": 9090, "neighbours": 9443, "ops": 9100}
    ip = {service: ting.pods(service)[0]["status"]["podIP"] for service in SERVICES}
    return {
        f"{service} {name}": f"{ip[service]}:{port}" for service in SERVICES for name, port in ports.items()
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_its_stores_and_whom_it_asks(service: str, cluster: Cluster, ting: Release) -> None:
    others = {name: at for name, at in addresses(ting).items() if not name.startswith(service)}
    stores = {"postgresql": f"{POSTGRESQL}:5432", "kafka": f"{KAFKA}:9093"}
    refused = {"kafka in the clear": f"{KAFKA}:9092", "the API server": f"{cluster.address}:6443"}
    tried = {**others, **stores, **refused}
    allowed = set(stores.values())
    if service in ASKS:
        allowed.add(others[f"{ASKS[service]} neighbours"])
    assert reached(cluster, ting.name, f"deploy/{ting.name}-{service}", list(tried.values())) == allowed


def test_a_stranger_in_the_namespace_reaches_no_service(
    cluster: Cluster, ting: Release, stranger: str
) -> None:
    names = addresses(ting)
    # That it can reach anything at all shows that it was the policies.
    tried = [*names.values(), f"{POSTGRESQL}:5432"]
    assert reached(cluster, ting.name, stranger, tried) == {f"{POSTGRESQL}:5432"}


def test_the_controllers_namespace_reaches_pages_and_calls(cluster: Cluster, ting: Release) -> None:
    names = addresses(ting)
    expected = {at for name, at in names.items() if name.endswith((" http", " grpc"))}
    assert reached(cluster, CONTROLLER, "controller", list(names.values())) == expected
