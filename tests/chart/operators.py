"""The schemas of resources that are not Kubernetes' own: what each operator publishes, at one version: out of
its Go module (needs Go and its module proxy the first time), Strimzi's out of its Java model by its own
generator (needs Maven). They are kept in the tests' cache after that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.infrastructure.places import cache, program

# Module, its checksum, and where in it the definitions are of what the chart makes.
MODULES = {
    "github.com/cert-manager/cert-manager@v1.21.2": (
        "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
        ("deploy/crds/cert-manager.io_certificates.yaml", "deploy/crds/cert-manager.io_issuers.yaml"),
    ),
    "github.com/cloudnative-pg/cloudnative-pg@v1.29.0": (
        "h1:49Dm8+y4va7RODspJjeaK8uMWP3OGAD0gMsxhjm16Mo=",
        ("config/crd/bases/postgresql.cnpg.io_clusters.yaml",),
    ),
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": (
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        (
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        ),
    ),
    "sigs.k8s.io/gateway-api@v1.4.1": (
        "h1:NPxFutNkKNa8UfLd2CMlEuhIPMQgDQ6DXNKG9sHbJU8=",
        (
            "config/crd/standard/gateway.networking.k8s.io_backendtlspolicies.yaml",
            "config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml",
        ),
    ),
}

# Another name for other versions.
FOLDER = "operators-2"
STRIMZI_FOLDER = "strimzi-0.51.0"

_STRIMZI_POM = Path(__file__).parent / "strimzi" / "pom.xml"
_STRIMZI_KINDS = ("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")


def _fetch(folder: Path) -> None:
    go = program("go", "golang (1.25 or newer)")
    for module, (checksum, files) in MODULES.items():
        done = subprocess.run(
            [go, "mod", "download", "-json", module],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        found = json.loads(done.stdout)
        if found.get("Sum") != checksum:
            raise RuntimeError(f"{module}: {found.get('Error') or 'another checksum: ' + found['Sum']}")
        for file in files:
            shutil.copyfile(Path(found["Dir"]) / file, folder / Path(file).name)


def _fetch_strimzi(folder: Path) -> None:
    jars = folder / "jars"
    command = [
        *(program("mvn", "maven"), "-q", "-B", "-f", str(_STRIMZI_POM), "dependency:copy-dependencies"),
        *(f"-DoutputDirectory={jars}", "-DincludeScope=runtime"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"Strimzi's model could not be fetched:\n{done.stdout[-2000:]}")
    models = [f"io.strimzi.api.kafka.model.{kind}={folder / kind}.yaml" for kind in _STRIMZI_KINDS]
    generator = ["-cp", f"{jars}/*", "io.strimzi.crdgenerator.CrdGenerator", "--yaml", *models]
    subprocess.run([program("java", "openjdk-17-jre-headless"), *generator], check=True, timeout=120)
    shutil.rmtree(jars)


def strimzi_definitions() -> dict[tuple[str, str], Any]:
    """As `definitions`, of Strimzi."""
    return _schemas(cache(STRIMZI_FOLDER, _fetch_strimzi))


def files() -> list[Path]:
    """All of them, Strimzi's too, as `kubectl apply` takes them."""
    folders = (cache(FOLDER, _fetch), cache(STRIMZI_FOLDER, _fetch_strimzi))
    return sorted(file for folder in folders for file in folder.glob("*.yaml"))


def definitions() -> dict[tuple[str, str], Any]:
    """(apiVersion, kind) -> the schema that the operator publishes."""
    return _schemas(cache(FOLDER, _fetch))


def _schemas(folder: Path) -> dict[tuple[str, str], Any]:
    found = {}
    for file in folder.glob("*.yaml"):
        for each in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            if not each or each["kind"] != "CustomResourceDefinition":
                continue
            spec = each["spec"]
            for version in spec["versions"]:
                key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                found[key] = version["schema"]["openAPIV3Schema"]
    return found


def closed(schema: Any) -> Any:
    """As Kubernetes reads it when it is strict: what is not named is an error, and numbers may be words where
    that is said. Rules in CEL are not looked at.
    """
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {
        key: {name: closed(below) for name, below in value.items()} if key == "properties" else closed(value)
        for key, value in schema.items()
        # A default may be anything, and is no schema.
        if key not in ("default", "example", "format")
    }
    free = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and schema.get("type") == "object" and not free:
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


def check(resource: Mapping[str, Any], schemas: Mapping[tuple[str, str], Any]) -> None:
    """Raises jsonschema.ValidationError; KeyError for a resource that no operator defines."""
    schema = closed(schemas[resource["apiVersion"], resource["kind"]])
    # Kubernetes' own part, which definitions leave open.
    schema["properties"]["metadata"] = {"type": "object"}
    jsonschema.Draft7Validator(schema).validate(resource)
