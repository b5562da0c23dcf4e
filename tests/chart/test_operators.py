"""Resources of other operators are what these publish that they take."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from tests.chart.operators import FOLDER, STRIMZI_FOLDER, check, definitions, strimzi_definitions
from tests.chart.rendering import CASES, ONE_BROKER, Object, merged, objects
from tests.infrastructure.places import cached

OPERATORS = ("cert-manager.io", "gateway.networking.k8s.io", "monitoring.coreos.com", "postgresql.cnpg.io")
STRIMZI = "kafka.strimzi.io"

Schemas = Mapping[tuple[str, str], Any]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    if shutil.which("go") is None and not cached(FOLDER):
        pytest.skip("the operators' definitions are Go modules, and Go is not installed")
    return definitions()


@pytest.fixture(scope="module")
def strimzi() -> Schemas:
    if (shutil.which("mvn") is None or shutil.which("java") is None) and not cached(STRIMZI_FOLDER):
        pytest.skip("Strimzi's definitions come by Maven, and Maven is not installed")
    return strimzi_definitions()


def of_strimzi(found: list[Object]) -> list[Object]:
    return [each for each in found if each["apiVersion"] == f"{STRIMZI}/v1"]


@pytest.mark.parametrize("values", [CASES["Strimzi"], ONE_BROKER], ids=["many", "one broker"])
def test_strimzi_takes_its_resources(values: Object, strimzi: Schemas) -> None:
    found = of_strimzi(objects(values))
    assert {each["kind"] for each in found} == {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"}
    for each in found:
        check(each, strimzi)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Kafka", {"spec": {"kafka": {"replica": 3}}}),
        ("Kafka", {"spec": {"kafka": {"authorization": {"type": "easy"}}}}),
        ("KafkaNodePool", {"spec": {"roles": ["leader"]}}),
        ("KafkaTopic", {"spec": {"partitions": "six"}}),
        ("KafkaUser", {"spec": {"authentication": {"type": "password"}}}),
        ("KafkaUser", {"spec": {"authorization": {"acls": [{"operation": "Read"}]}}}),
    ],
)
def test_what_strimzi_would_refuse_is_noticed(kind: str, change: Object, strimzi: Schemas) -> None:
    found = next(each for each in of_strimzi(objects(CASES["Strimzi"])) if each["kind"] == kind)
    check(found, strimzi)
    with pytest.raises(jsonschema.ValidationError):
        check(merged(found, change), strimzi)


def of_operators(found: list[Object]) -> list[Object]:
    return [each for each in found if each["apiVersion"].partition("/")[0] in OPERATORS]


@pytest.mark.parametrize("case", CASES)
def test_each_operator_takes_its_resources(case: str, schemas: Schemas) -> None:
    for each in of_operators(objects(CASES[case])):
        check(each, schemas)


def test_each_kind_is_seen() -> None:
    kinds = {each["kind"] for case in CASES for each in of_operators(objects(CASES[case]))}
    assert kinds == {
        "BackendTLSPolicy",
        "Certificate",
        "Cluster",
        "GRPCRoute",
        "Issuer",
        "PrometheusRule",
        "ServiceMonitor",
    }


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Certificate", {"spec": {"uri": "x"}}),
        ("Certificate", {"spec": {"usages": ["clients"]}}),
        ("Cluster", {"spec": {"instances": "three"}}),
        ("Cluster", {"spec": {"replicas": 3}}),
        ("Cluster", {"spec": {"bootstrap": {"initdb": {"postInitSQL": "CREATE"}}}}),
        ("GRPCRoute", {"spec": {"hostnames": ["not a name"]}}),
        ("ServiceMonitor", {"spec": {"endpoints": [{"port": 9100}]}}),
        ("PrometheusRule", {"spec": {"groups": [{"name": "x", "rules": [{"alerts": "x"}]}]}}),
    ],
)
def test_what_an_operator_would_refuse_is_noticed(kind: str, change: Object, schemas: Schemas) -> None:
    found = next(
        each for case in CASES for each in of_operators(objects(CASES[case])) if each["kind"] == kind
    )
    check(found, schemas)
    with pytest.raises(jsonschema.ValidationError):
        check(merged(found, change), schemas)
