"""Objects for a test cluster, pods of this machine's own programs among them: nothing can be pulled there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = dict[str, Any]

_MACHINE = {
    "/usr": "/usr",
    "/bin": "/usr/bin",
    "/lib": "/usr/lib",
    "/lib64": "/usr/lib64",
    "/etc/passwd": "/etc/passwd",
}
_NOBODY = 65534


def machine_pod(
    name: str,
    namespace: str,
    script: str,
    *,
    ready: Object,
    path: str = "",
    mounts: Mapping[str, Object] | None = None,
) -> Object:
    """A pod whose programs are this machine's. `script` runs as nobody, `path` first on its PATH; /data and
    /tmp are its own, and `mounts` says what else stands where. A restricted namespace refuses it.
    """
    volumes: dict[str, Object] = {at: {"hostPath": {"path": place}} for at, place in _MACHINE.items()}
    volumes |= {"/data": {"emptyDir": {}}, "/tmp": {"emptyDir": {}}}  # noqa: S108 - in a pod
    volumes |= mounts or {}
    names = {at: f"volume-{number}" for number, at in enumerate(volumes)}
    container: Object = {
        "name": name,
        "image": "pause:1",
        "command": ["sh", "-ec", script],
        "env": [
            {"name": "PATH", "value": f"{path}:/usr/sbin:/usr/bin:/bin"},
            {"name": "PGHOST", "value": "/data"},
        ],
        "readinessProbe": {**ready, "periodSeconds": 1, "timeoutSeconds": 30, "failureThreshold": 30},
        "volumeMounts": [
            {"name": names[at], "mountPath": at, "readOnly": "emptyDir" not in volumes[at]} for at in volumes
        ],
    }
    return {
        **_head("Pod", name, namespace, labels={"app": name}),
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsUser": _NOBODY, "runAsGroup": _NOBODY, "fsGroup": _NOBODY},
            "containers": [container],
            "volumes": [{"name": names[at], **volume} for at, volume in volumes.items()],
        },
    }


def namespace(name: str, labels: Mapping[str, str] | None = None) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels or {})}}


def restricted(name: str) -> Object:
    """A namespace that takes no pod which is not of the restricted standard, and warns of what makes such."""
    modes = ("enforce", "warn")
    return namespace(name, {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes})


def service(name: str, space: str, ports: Mapping[int, int], app: str = "") -> Object:
    """Of the pod `name` or `app`. Port -> its port on every node, or 0 for none."""
    listed = [
        {"name": f"port-{port}", "port": port, **({"nodePort": outer} if outer else {})}
        for port, outer in ports.items()
    ]
    kind = "NodePort" if any(ports.values()) else "ClusterIP"
    spec = {"type": kind, "selector": {"app": app or name}, "ports": listed}
    return {**_head("Service", name, space), "spec": spec}


def secret(name: str, space: str, data: Mapping[str, str], labels: Mapping[str, str] | None = None) -> Object:
    return {**_head("Secret", name, space, labels), "stringData": dict(data)}


def config(name: str, space: str, data: Mapping[str, str], labels: Mapping[str, str] | None = None) -> Object:
    return {**_head("ConfigMap", name, space, labels), "data": dict(data)}


def of_secret(name: str) -> Object:
    return {"secret": {"secretName": name, "defaultMode": 0o440}}


def of_config(name: str) -> Object:
    return {"configMap": {"name": name}}


def of_machine(path: str) -> Object:
    return {"hostPath": {"path": path}}


def listening(port: int) -> Object:
    return {"tcpSocket": {"port": port}}


def names(found: Iterable[Object]) -> list[str]:
    return [each["metadata"]["name"] for each in found]


def _head(kind: str, name: str, space: str, labels: Mapping[str, str] | None = None) -> Object:
    metadata = {"name": name, "namespace": space, "labels": dict(labels or {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}
