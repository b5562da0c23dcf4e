"""The chart, rendered by the real Helm engine, and the cases that every test looks at."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python
import yaml

CHART = Path(__file__).resolve().parents[2] / "deploy/helm/borgerting"
RELEASE, NAMESPACE = "ting", "borgerting"

Object = dict[str, Any]

TRIAL: Object = {
    "profile": "embedded",
    "site": {"address": "http://ting.test"},
    "kafka": {"bootstrap": "kafka:9092", "security": "PLAINTEXT", "replication": 1},
}
"""The least that a trial must say."""


def example(name: str) -> Object:
    loaded: Object = yaml.safe_load((CHART / "examples" / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> Object:
    """`values` with `changes` laid over them, as a second values file would be."""
    made = copy.deepcopy(dict(values))
    for key, value in changes.items():
        below = made.get(key)
        made[key] = (
            merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return made


CASES: dict[str, Object] = {
    "trial": TRIAL,
    "one municipality": example("one-municipality"),
    "98 municipalities": example("98-municipalities"),
    "own keys, exact image": merged(
        example("one-municipality"),
        {
            "image": {"digest": "sha256:" + "ab" * 32, "pullSecret": "registry"},
            "keys": {"secret": "my-keys"},
            "kafka": {"namespace": "test.", "caSecret": "kafka-ca"},
            "databases": {"caSecret": "postgresql-ca"},
            "certificates": {"certManager": True},
            "monitoring": {"enabled": True},
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "limits": {"reads": 2.5, "proxies": ["192.0.2.0/24", "2001:db8::/32"]},
            "services": {
                "sortition": {"settings": {"QUOTA_PEOPLE": 2_000_000}},
                "volunteer": {"settings": {"FOLLOWUP_SECONDS": 2.5, "QUOTA_COMING_SLOTS": 100_000}},
            },
            "tolerations": [{"key": "citizens", "operator": "Exists"}],
        },
    ),
    "CloudNativePG": merged(
        example("98-municipalities"),
        {"databases": {"cloudnativepg": {"enabled": True, "storageClass": "fast"}}},
    ),
    "Strimzi": merged(
        example("98-municipalities"),
        {
            "kafka": {
                "bootstrap": "",
                "caSecret": "",
                "certificateSecret": "",
                "namespace": "test.",
                "strimzi": {"enabled": True, "storageClass": "fast"},
            },
            "tracing": {
                "endpoint": "https://collector.test:4317",
                "sampleRatio": 0.1,
                "headersSecret": "collector",
                "caSecret": "collector-ca",
            },
        },
    ),
    "no policies": merged(TRIAL, {"network": {"policies": False}}),
}


ONE_BROKER = merged(
    TRIAL,
    {
        "kafka": {"bootstrap": "", "strimzi": {"enabled": True, "replicas": 1}},
        "tracing": {"endpoint": "http://collector.test:4317"},
    },
)
"""A trial with a broker of its own; not among the cases, each of which costs every test its time."""


@functools.cache
def chart() -> helm_python.Chart:
    return helm_python.Chart.load(CHART)


def refusal(values: Object) -> str:
    """What Helm says to values that it refuses. Raises AssertionError when it takes them."""
    try:
        chart().validate_schema(values)
    except helm_python.HelmError as error:
        return str(error)
    raise AssertionError("the values were taken")


def texts(values: Object, *, upgrade: bool = False, release: str = RELEASE) -> dict[str, str]:
    """Template -> what it became. Raises HelmError."""
    chart().validate_schema(values)
    return chart().render(
        values, name=release, namespace=NAMESPACE, is_install=not upgrade, is_upgrade=upgrade
    )


def objects(values: Object, *, upgrade: bool = False, release: str = RELEASE) -> list[Object]:
    """Every object that Helm would hand to Kubernetes."""
    return copy.deepcopy(_objects(json.dumps(values, sort_keys=True), upgrade, release))


@functools.cache
def _objects(values: str, upgrade: bool, release: str) -> list[Object]:
    return [
        found
        for path, text in texts(json.loads(values), upgrade=upgrade, release=release).items()
        if not path.endswith("NOTES.txt")
        for found in yaml.load_all(text, yaml.CSafeLoader)
        if found
    ]


def of_kind(found: list[Object], kind: str) -> dict[str, Object]:
    """By name. Raises AssertionError when two have one."""
    named = [each for each in found if each["kind"] == kind]
    by_name = {each["metadata"]["name"]: each for each in named}
    assert len(by_name) == len(named), f"two of kind {kind} have one name"
    return by_name


def pods(found: list[Object]) -> Iterator[tuple[str, Object, Object]]:
    """Kind/name, labels and spec of every pod that comes of these objects."""
    for each in found:
        name = f"{each['kind']}/{each['metadata']['name']}"
        if each["kind"] == "Pod":
            yield name, each["metadata"]["labels"], each["spec"]
            continue
        spec = each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each.get("spec", {})
        if "template" in spec and "spec" in spec["template"]:
            template = spec["template"]
            yield name, template["metadata"]["labels"], template["spec"]
