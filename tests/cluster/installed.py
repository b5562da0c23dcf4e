"""What `helm install --wait` returns from is a suite at work, as in production: by TLS on every way."""

from __future__ import annotations

import re

import grpc

from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from tests.infrastructure.beside import Beside
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.release import SERVICES, Release


def test_the_namespace_takes_restricted_pods_alone(cluster: Cluster, ting: Release) -> None:
    """So that the chart's pods are proved to be."""
    refused = cluster.run("kubectl", "run", "root", "--image", "pause:1", "--namespace", ting.name)
    assert refused.returncode
    assert "violates PodSecurity" in refused.stderr
    assert all(ting.ready(service) for service in SERVICES)


def test_helm_test_finds_it_well(cluster: Cluster, ting: Release) -> None:
    said = cluster.helm("test", ting.name, "--namespace", ting.name, "--timeout", "120s")
    assert re.search(r"TEST SUITE:\s+ting-test", said)
    assert re.search(r"Phase:\s+Succeeded", said)


def test_a_municipality_reaches_every_service(ting: Release, municipality: str) -> None:
    """Entered by a command in deliberation, told by an event, shown by each on pages of its own."""
    assert all("Dragør Kommune" in ting.ask(f"/{service}/{municipality}")[1] for service in SERVICES)


def test_other_hosts_are_not_served(ting: Release) -> None:
    assert ting.ask("/")[0] in (200, 303)
    assert ting.ask("/", host="somebody-else.test")[0] == 404


def test_other_systems_call_through_the_gateway(beside: Beside, ting: Release, municipality: str) -> None:
    """Which calls the pods by TLS, and believes them by the chart's BackendTLSPolicy."""
    options = [("grpc.default_authority", ting.calls_host)]
    with grpc.insecure_channel(ting.calls, options=options) as channel:
        desk = registry_grpc.MunicipalityServiceStub(channel)
        found = desk.ListMunicipalities(registry.ListMunicipalitiesRequest(), timeout=30).municipalities
    assert [each.display_name for each in found] == ["Dragør Kommune"]


def test_what_it_keeps_is_its_databases_alone(beside: Beside, ting: Release, municipality: str) -> None:
    """The same municipality stands in the database that the secret named."""
    assert beside.sql("ting_deliberation", "SELECT municipality FROM municipalities").split() == [
        municipality
    ]


def test_the_doctor_sees_all_stores_and_the_log(cluster: Cluster, ting: Release, municipality: str) -> None:
    """Called as after a restore: its pod alone has every database's address and the way to Kafka."""
    here = ("--namespace", ting.name)
    cluster.kubectl("create", "job", "look", f"--from=cronjob/{ting.name}-doctor", *here)
    cluster.kubectl("wait", "--for=condition=complete", "job/look", "--timeout=240s", *here)
    said = cluster.kubectl("logs", "job/look", *here)
    for service in SERVICES:
        assert re.search(rf"^{service}: \d+ aggregates, \d+ events in the log: fits", said, re.MULTILINE)
    cluster.kubectl("delete", "job", "look", "--wait", *here)
