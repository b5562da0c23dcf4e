"""Other systems reach every gRPC service by name, and a certificate is for the addresses that are called."""

from __future__ import annotations

import re

from chassis.app import descriptors
from chassis.rpc.certificates import SERVICE_URI
from tests.chart.rendering import CASES, CHART, NAMESPACE, RELEASE, objects, of_kind

CASE = "98 municipalities"
SERVICES = sorted(descriptors())


def published() -> dict[str, set[str]]:
    """The gRPC services of proto/, by whose they are."""
    found: dict[str, set[str]] = {name: set() for name in SERVICES}
    for file in (CHART.parents[2] / "proto/borgerting").glob("*/v1/*.proto"):
        text = file.read_text(encoding="utf-8")
        (package,) = re.findall(r"^package (.+);$", text, re.MULTILINE)
        found[file.parts[-3]] |= {
            f"{package}.{name}" for name in re.findall(r"^service (\w+)", text, re.MULTILINE)
        }
    return found


def test_every_published_service_is_routed_to_whose_it_is() -> None:
    (route,) = of_kind(objects(CASES[CASE]), "GRPCRoute").values()
    assert route["spec"]["hostnames"] == [CASES[CASE]["integrators"]["host"]]
    routed = {}
    for rule in route["spec"]["rules"]:
        (backend,) = rule["backendRefs"]
        assert backend["port"] == 9090
        routed[backend["name"]] = {match["method"]["service"] for match in rule["matches"]}
    assert routed == {f"{RELEASE}-{name}-grpc": called for name, called in published().items()}
    assert all(published().values())


def test_each_certificate_names_its_service_and_where_it_is_called() -> None:
    made = objects(CASES[CASE])
    certificates = of_kind(made, "Certificate")
    services = of_kind(made, "Service")
    for name in SERVICES:
        spec = certificates[f"{RELEASE}-{name}"]["spec"]
        assert spec["uris"] == [SERVICE_URI + name]
        assert set(spec["usages"]) == {"digital signature", "server auth", "client auth"}
        assert f"{RELEASE}-{name}-grpc" in services
        assert f"{RELEASE}-{name}-grpc.{NAMESPACE}.svc" in spec["dnsNames"]
        mounted = of_kind(made, "Deployment")[f"{RELEASE}-{name}"]["spec"]["template"]["spec"]["volumes"]
        assert spec["secretName"] in {each.get("secret", {}).get("secretName") for each in mounted}
        for caller in (found for found in descriptors().values() if name in found.asks):
            deployment = of_kind(made, "Deployment")[f"{RELEASE}-{caller.name}"]
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            told = {each["name"]: each.get("value") for each in container["env"]}
            host = str(told[f"BORGERTING_{name.upper()}__GRPC_ADDRESS"]).partition(":")[0]
            assert host in spec["dnsNames"]


def test_the_gateway_asks_for_a_name_that_the_certificate_has() -> None:
    made = objects(CASES[CASE])
    policies = of_kind(made, "BackendTLSPolicy")
    assert sorted(policies) == [f"{RELEASE}-{name}" for name in SERVICES]
    for name, policy in policies.items():
        (target,) = policy["spec"]["targetRefs"]
        assert target["name"] == f"{name}-grpc"
        ports = of_kind(made, "Service")[target["name"]]["spec"]["ports"]
        assert target["sectionName"] in {port["name"] for port in ports}
        names = of_kind(made, "Certificate")[name]["spec"]["dnsNames"]
        assert policy["spec"]["validation"]["hostname"] in names
