"""A release of the chart in the tests' cluster, installed as docs/kubernetes.md says."""

from __future__ import annotations

import base64
import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from chassis.app import descriptors
from tests.infrastructure.beside import KAFKA, KAFKA_PORT, Beside
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.controller import CALLS_PORT, SECURE_SITE_PORT, SITE_PORT
from tests.infrastructure.controller import NAMESPACE as CONTROLLER
from tests.infrastructure.kube_objects import Object, config, restricted, secret
from tests.infrastructure.postgres import PASSWORD

CHART = Path(__file__).resolve().parents[2] / "deploy/helm/borgerting"
SERVICES = sorted(descriptors())
PODS = "10.244.0.0/16"
TAGS = ("test", "next")
"""Of the image: two names for one, as two releases have."""
PASSWORDS, PASSWORD_FILES = "borgerting-database-passwords", "/etc/borgerting/databases"
"""In production: the secret with the logins' passwords, and where each service has its own."""

# Several pods of ours share two processors.
_SMALL: Object = {
    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
    "replicas": {"from": 1, "to": 1},
}


class Release:
    """`name`, in the namespace of that name; `site` is what citizens would type."""

    def __init__(self, cluster: Cluster, beside: Beside, name: str, values: Object) -> None:
        self.cluster, self.beside, self.name = cluster, beside, name
        self.values = values
        self.site = str(values["site"]["address"])
        self.host = str(urlsplit(self.site).hostname)
        self.calls_host = str(values["integrators"]["host"])

    def prepare(self) -> None:
        """What comes before an installation: databases, and a namespace under the restricted standard with
        the secrets that an operator makes.
        """
        self.cluster.apply(restricted(self.name), *self._secrets())

    def install(self) -> None:
        """With `--wait`; its routes then stand in the controller."""
        if self.site.startswith("https:"):
            certificate = self.beside.certificate("site", self.host)
            self.beside.controller.hold_certificate(self.host, certificate)
        self._helm("install")

    def upgrade(self, changes: Object) -> None:
        self._helm("upgrade", changes)

    def roll_back(self) -> None:
        self.cluster.helm("rollback", self.name, "--namespace", self.name, "--wait", "--timeout", "300s")

    def kubectl(self, *arguments: str, given: str = "") -> str:
        return self.cluster.kubectl("--namespace", self.name, *arguments, given=given)

    def pods(self, service: str) -> list[Object]:
        """Those that are to stay."""
        selector = f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component={service}"
        found = self.cluster.items("pods", self.name, selector)
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def ready(self, service: str) -> list[str]:
        """The names of the pods that get calls."""
        return [
            each["metadata"]["name"]
            for each in self.pods(service)
            for condition in each["status"].get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
        ]

    def command(self, service: str, *arguments: str) -> str:
        """`borgerting …` in a pod, beside the service."""
        pod = f"deploy/{self.name}-{service}"
        return self.kubectl("exec", pod, "--", "python", "-m", "chassis", *arguments)

    def python(self, pod: str, program: str) -> str:
        return self.kubectl("exec", pod, "--", "python", "-c", program)

    @property
    def way(self) -> str:
        """Where the ingress controller is asked for its pages."""
        return f"http://{self.cluster.address}:{SITE_PORT}"

    def ask(self, path: str, host: str = "", seconds: float = 30) -> tuple[int, str]:
        """Status and body of a page, by TLS in production. Raises OSError, and http.client.HTTPException."""
        secured = self.site.startswith("https:")
        port = SECURE_SITE_PORT if secured else SITE_PORT
        asked = HTTPConnection(host or self.host, timeout=seconds)
        with closing(asked):
            asked.sock = socket.create_connection((self.cluster.address, port), seconds)
            if secured:
                trusting = ssl.create_default_context(cadata=self.beside.ca)
                asked.sock = trusting.wrap_socket(asked.sock, server_hostname=self.host)
            asked.request("GET", path)
            answer = asked.getresponse()
            return answer.status, answer.read().decode()

    @property
    def calls(self) -> str:
        """host:port of the gateway, which knows the release by the authority `calls_host`."""
        return f"{self.cluster.address}:{CALLS_PORT}"

    @property
    def kafka(self) -> str:
        return f"{self.cluster.address}:{KAFKA_PORT}"

    def keys(self, folder: Path) -> Path:
        """A copy of what signs its sessions."""
        held = self.values.get("keys", {}).get("secret") or f"{self.name}-keys"
        secret = json.loads(self.kubectl("get", "secret", held, "--output", "json"))
        folder.mkdir(mode=0o700)
        file = folder / "keys.json"
        file.touch(0o600)
        file.write_bytes(base64.b64decode(secret["data"]["keys.json"]))
        return folder

    def upgrading(self, changes: Object) -> list[str]:
        """The command, to be run where it may fail."""
        return ["helm", *self._written("upgrade", changes)]

    def _helm(self, action: str, changes: Object | None = None) -> None:
        self.cluster.helm(*self._written(action, changes or {}))
        self.beside.controller.follow()

    def _written(self, action: str, changes: Object) -> list[str]:
        values = self.cluster.folder / f"{self.name}.json"
        values.write_text(json.dumps(self.values), encoding="utf-8")
        changed = self.cluster.folder / f"{self.name}-changes.json"
        changed.write_text(json.dumps(changes), encoding="utf-8")
        return [
            action, self.name, str(CHART), "--namespace", self.name, "--values", str(values),
            "--values", str(changed), "--wait", "--timeout", "300s",
        ]  # fmt: skip

    def _secrets(self) -> list[Object]:
        """Those that the operator makes."""
        production = self.values["profile"] == "production"
        parameters, files = "", ""
        if production:
            parameters = "?sslmode=verify-full&sslrootcert=/etc/borgerting/postgresql/ca.crt"
            files = PASSWORD_FILES
        logins, owners = self.beside.databases(SERVICES, f"{self.name}_", parameters, files)
        made: dict[str, Mapping[str, str]] = {
            "borgerting-databases": logins,
            "borgerting-database-owners": owners,
        }
        if production:
            ca = {"ca.crt": self.beside.ca}
            user = self.beside.certificate("kafka-user", "kafka-user")
            made |= {
                PASSWORDS: dict.fromkeys(SERVICES, PASSWORD),
                "postgresql-ca": ca,
                "kafka-ca": ca,
                "kafka-user": {"user.crt": user["tls.crt"], "user.key": user["tls.key"]},
            }
        for service in SERVICES:
            address = f"{self.name}-{service}-grpc"
            made[f"{self.name}-{service}-tls"] = self.beside.certificate(
                service, f"{address}.{self.name}.svc", address
            )
        labels = {"made-by": "operator"}
        secrets = [secret(name, self.name, data, labels) for name, data in made.items()]
        return [*secrets, config("authority", self.name, {"ca.crt": self.beside.ca}, labels)]


def values(name: str, *, production: bool, services: Mapping[str, Object]) -> Object:
    """`services` are changes to the small sizes that all of them have here."""
    shared: Object = {
        "image": {"repository": "borgerting", "tag": TAGS[0]},
        "integrators": {
            "host": f"grpc.{name}.test",
            "gateway": {"name": "public", "namespace": CONTROLLER},
            "caConfigMap": "authority",
        },
        # What is measured here under load are pods, not limits.
        "limits": {"reads": 0, "proxies": [PODS]},
        "network": {
            "databases": [{"cidr": PODS, "port": 5432}],
            "kafka": [{"cidr": PODS, "port": 9093 if production else 9092}],
        },
        "services": {service: {**_SMALL, **services.get(service, {})} for service in SERVICES},
    }
    if not production:
        return {
            **shared,
            "profile": "embedded",
            "site": {"address": f"http://{name}.test"},
            "kafka": {
                "bootstrap": f"{KAFKA}:9092",
                "security": "PLAINTEXT",
                "replication": 1,
                "partitions": 2,
                "namespace": f"{name}.",
            },
        }
    return {
        **shared,
        "profile": "production",
        "site": {"address": f"https://{name}.test", "tlsSecret": "site"},
        "signIn": {"issuer": "https://login.test", "audience": "https://api.test", "clientId": "borgerting"},
        "databases": {"caSecret": "postgresql-ca", "passwordSecret": PASSWORDS},
        "kafka": {
            "bootstrap": f"{KAFKA}:9093",
            "security": "SSL",
            "caSecret": "kafka-ca",
            "certificateSecret": "kafka-user",
            "replication": 1,
            "partitions": 2,
            "namespace": f"{name}.",
        },
        "monitoring": {"enabled": True},
    }
