"""The network policies let through exactly the arrows that exist: computed anew from what the services say of
themselves, and compared with what the rendered policies admit on both ends.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from chassis.app import descriptors
from tests.chart.rendering import CASES, RELEASE, Object, merged, objects, of_kind, pods

SERVICES = sorted(descriptors())
WITH_POLICIES = [name for name in CASES if CASES[name].get("network", {}).get("policies", True)]

Arrow = tuple[str, str, int]
"""Who reaches whom at which port; a namespace is `namespace:NAME`, a CIDR itself."""


def component(labels: Object) -> str:
    return str(labels["app.kubernetes.io/component"])


class Network:
    """What the policies of one rendering admit, as Kubernetes reads them."""

    def __init__(self, made: list[Object]) -> None:
        self.policies = list(of_kind(made, "NetworkPolicy").values())
        self.pods = {component(labels): (labels, spec) for _, labels, spec in pods(made)}

    def arrows(self, direction: str) -> Iterator[Arrow]:
        for policy in self.policies:
            assert sorted(policy["spec"]["policyTypes"]) == ["Egress", "Ingress"]
            for name, (labels, spec) in self.pods.items():
                if not policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items():
                    continue
                for rule in policy["spec"].get(direction, []):
                    for peer in rule["from" if direction == "ingress" else "to"]:
                        for port in rule["ports"]:
                            yield from self._arrow(direction, name, spec, peer, port)

    def _arrow(self, direction: str, name: str, spec: Object, peer: Object, port: Object) -> Iterator[Arrow]:
        if "ipBlock" in peer:
            others = {peer["ipBlock"]["cidr"]: spec}
        elif "namespaceSelector" in peer:
            assert "podSelector" not in peer
            space = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            others = {f"namespace:{space}": spec}
        else:
            labels = peer["podSelector"]["matchLabels"]
            others = {
                other: found for other, (own, found) in self.pods.items() if labels.items() <= own.items()
            }
            for operator in ("cnpg.io", "strimzi.io"):
                if f"{operator}/cluster" in labels:
                    others = {f"cluster:{labels[f'{operator}/cluster']}": spec}
            assert others, "a rule for pods that are not there"
        for other, found in others.items():
            number = self._number(port["port"], spec if direction == "ingress" else found)
            yield (other, name, number) if direction == "ingress" else (name, other, number)

    @staticmethod
    def _number(port: int | str, spec: Object) -> int:
        if isinstance(port, int):
            return port
        named = {each["name"]: each["containerPort"] for each in spec["containers"][0]["ports"]}
        return int(named[port])


def neighbours() -> set[tuple[str, str]]:
    """Who asks whom, by the caller's own word; it must be the called one's as well."""
    asks = {(name, asked) for name, found in descriptors().items() for asked in found.asks}
    admitted = set()
    for name, found in descriptors().items():
        module = importlib.import_module(found.build.__module__)
        admitted |= {(caller, name) for caller in getattr(module, "NEIGHBOURS", ())}
    assert asks == admitted
    return asks


@pytest.mark.parametrize("case", WITH_POLICIES)
def test_exactly_the_arrows_that_exist_are_let_through(case: str) -> None:
    values = CASES[case]
    defaults = {
        "databases": [{"cidr": "10.0.0.0/8", "port": 5432}],
        "kafka": [{"cidr": "10.0.0.0/8", "port": 9093}],
        "provider": [{"cidr": "0.0.0.0/0", "port": 443}],
        "collector": [{"cidr": "10.0.0.0/8", "port": 4317}],
    }
    places = {
        name: {(place["cidr"], place["port"]) for place in values.get("network", {}).get(name, default)}
        for name, default in defaults.items()
    }
    if values.get("databases", {}).get("cloudnativepg"):
        places["databases"] = {(f"cluster:{RELEASE}-postgresql", 5432)}
    if values["kafka"].get("strimzi"):
        places["kafka"] = {(f"cluster:{RELEASE}", 9093)}
    network = Network(objects(values))
    inside = {(caller, called, 9443) for caller, called in neighbours()}
    inside |= {("test", name, 9100) for name in SERVICES}

    arriving = set(inside)
    for name in SERVICES:
        arriving.add(("namespace:ingress-nginx", name, 8080))
        if values.get("integrators", {}).get("host"):
            arriving.add((f"namespace:{values['integrators']['gateway']['namespace']}", name, 9090))
        if values.get("monitoring", {}).get("enabled"):
            arriving.add(("namespace:monitoring", name, 9100))
    assert set(network.arrows("ingress")) == arriving

    leaving = set(inside)
    for name in (*SERVICES, "migrate", "doctor"):
        leaving |= {(name, *place) for place in places["databases"]}
    for name in (*SERVICES, "doctor"):
        leaving |= {(name, *place) for place in places["kafka"]}
    for name in SERVICES:
        if values.get("signIn", {}).get("issuer"):
            leaving |= {(name, *place) for place in places["provider"]}
        if values.get("tracing", {}).get("endpoint"):
            leaving |= {(name, *place) for place in places["collector"]}
    leaving |= {(name, "namespace:kube-system", 53) for name in (*SERVICES, "migrate", "doctor", "test")}
    assert set(network.arrows("egress")) == leaving


@pytest.mark.parametrize("case", WITH_POLICIES)
def test_no_pod_is_without_a_policy(case: str) -> None:
    network = Network(objects(CASES[case]))
    for name, (labels, _) in network.pods.items():
        selecting = [
            policy["metadata"]["name"]
            for policy in network.policies
            if policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        ]
        assert selecting == [f"{RELEASE}-{name}"]


def test_they_can_be_left_to_others() -> None:
    assert not of_kind(objects(CASES["no policies"]), "NetworkPolicy")


def test_another_controllers_namespace_is_the_one_let_in() -> None:
    values = merged(CASES["trial"], {"site": {"controllerNamespace": "traefik"}})
    callers = {caller for caller, _, port in Network(objects(values)).arrows("ingress") if port == 8080}
    assert callers == {"namespace:traefik"}
