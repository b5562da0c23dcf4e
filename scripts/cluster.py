"""The suite with its demonstration on a real Kubernetes cluster, built and run on this machine alone.

    .venv/bin/python scripts/cluster.py start    as `make cluster`, until it can be used; the site is on PORT
    .venv/bin/python scripts/cluster.py stop     as `make cluster-stop`: nothing of it is left

The recipe is the tests' own (tests/infrastructure/cluster.py): it says what is missing on this machine.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.infrastructure import docker  # noqa: E402
from tests.infrastructure.beside import Beside  # noqa: E402
from tests.infrastructure.cluster import CannotBuildError, Cluster, build, missing  # noqa: E402
from tests.infrastructure.controller import NAMESPACE as CONTROLLER  # noqa: E402
from tests.infrastructure.kube_objects import Object, of_secret, secret  # noqa: E402
from tests.infrastructure.release import CHART, SERVICES, Release, values  # noqa: E402

# One on a machine, and so short that sockets below it have their place.
FOLDER = Path(tempfile.gettempdir()) / "borgerting-cluster"
NAME = "ting"
ROLES = ("secretariat", "officer", "coordinator", "volunteer")


def say(text: str) -> None:
    print(f"cluster: {text}", file=sys.stderr, flush=True)  # noqa: T201


def start(port: int) -> None:
    cluster = Cluster(FOLDER, FOLDER / "programs")
    if FOLDER.exists():
        return show_again(cluster)
    if reason := missing() or docker.missing():
        raise SystemExit(f"cluster: no cluster can be made here: {reason}")
    if not is_free(port):
        raise SystemExit(f"cluster: port {port} is taken; choose another: make cluster PORT=8088")
    say("building Kubernetes from its Go modules, where that has not been done yet (ten minutes and more)")
    programs = build()
    try:
        FOLDER.mkdir(mode=0o755)
        (FOLDER / "programs").symlink_to(programs)
        (FOLDER / "port").write_text(str(port), encoding="ascii")
        say("starting a cluster of one node")
        cluster.start()
        load_image(cluster)
        say("starting PostgreSQL, Kafka and the ingress controller")
        beside = Beside(cluster)
        beside.start()
        release = Release(cluster, beside, NAME, chosen(port))
        release.prepare()
        say("loading the demonstration (a minute or two)")
        load_demonstration(release)
        say(f"helm install {NAME} {CHART.relative_to(ROOT)} --wait")
        release.install()
        forward(cluster, port)
        show(release)
        (FOLDER / "complete").touch()
    except BaseException:
        say("taking away what was begun")
        stop()
        raise


def running() -> Release | None:
    """The release in a cluster that is complete and answers, for whoever wants to look at it."""
    cluster = Cluster(FOLDER, FOLDER / "programs")
    if not (FOLDER / "complete").exists() or not answers(cluster):
        return None
    port = int((FOLDER / "port").read_text(encoding="ascii"))
    return Release(cluster, Beside(cluster), NAME, chosen(port))


def answers(cluster: Cluster) -> bool:
    return cluster.run("kubectl", "get", "--raw", "/readyz", "--request-timeout=20s").returncode == 0


def show_again(cluster: Cluster) -> None:
    """Of a cluster that runs already: where it is, and links that are new, since each is used up once."""
    if not (FOLDER / "complete").exists():
        raise SystemExit(
            f"cluster: the one in {FOLDER} is not complete: another `make cluster` is at work, or was broken "
            "off; `make cluster-stop` takes it away"
        )
    release = running()
    if release is None:
        raise SystemExit(f"cluster: the one in {FOLDER} runs no more; `make cluster-stop` takes it away")
    say("it runs already")
    if forwarder() is None:
        forward(cluster, urlsplit(release.site).port or 80)
    show(release)


def chosen(port: int) -> Object:
    """A trial: the demonstration's clock has to be moved while it is loaded, which production refuses."""
    made = values(NAME, production=False, services={})
    made["site"] = {"address": f"http://localhost:{port}"}
    made["integrators"] = {"host": ""}
    made["keys"] = {"secret": "borgerting-keys"}
    return made


def load_image(cluster: Cluster) -> None:
    say("building the image of deploy/docker")
    with docker.running_engine() as engine:
        engine.build(docker.IMAGE, measured=False)
        archive = FOLDER / "image.tar"
        engine.docker("save", "--output", str(archive), docker.IMAGE)
    cluster.load(archive)
    archive.unlink()


def load_demonstration(release: Release) -> None:
    """Before the services run, since it is told with the clock in the past; by the keys that they have."""
    folder = FOLDER / "keys"
    keys = [sys.executable, "-m", "chassis", "keys", "create", str(folder)]
    subprocess.run(keys, check=True, stdout=subprocess.DEVNULL)
    release.cluster.apply(
        secret("borgerting-keys", NAME, {"keys.json": (folder / "keys.json").read_text(encoding="ascii")}),
        demonstration(release),
    )

    def outcome() -> Object:
        [job] = release.cluster.items("jobs", NAME)
        status: Object = job.get("status", {})
        return status

    status = release.cluster.eventually(
        outcome, lambda seen: bool(seen.get("succeeded") or seen.get("failed")), seconds=1200
    )
    if not status.get("succeeded"):
        raise SystemExit(f"cluster: it could not be loaded:\n{release.kubectl('logs', 'job/demonstration')}")
    release.kubectl("delete", "job", "demonstration", "--wait")


def demonstration(release: Release) -> Object:
    """The Job that loads it: the whole suite in one process, on the stores that the release will have."""
    kafka = release.values["kafka"]
    settings = {
        "BORGERTING_DATA_DIR": "/data",
        "BORGERTING_KEYS__DIR": "/keys",
        "BORGERTING_KAFKA__BOOTSTRAP": kafka["bootstrap"],
        "BORGERTING_KAFKA__NAMESPACE": kafka["namespace"],
        "BORGERTING_KAFKA__PARTITIONS": str(kafka["partitions"]),
        "BORGERTING_KAFKA__REPLICATION": str(kafka["replication"]),
    }
    addresses = [
        {
            "name": f"BORGERTING_{service.upper()}__{variable}",
            "valueFrom": {"secretKeyRef": {"name": held, "key": service}},
        }
        for service in SERVICES
        for variable, held in (
            ("DATABASE_URL", "borgerting-databases"),
            ("MIGRATION_URL", "borgerting-database-owners"),
        )
    ]
    container = {
        "name": "borgerting",
        "image": docker.IMAGE,
        "args": ["demo", "--only-load"],
        "env": [*({"name": name, "value": value} for name, value in settings.items()), *addresses],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in its pod
            {"name": "keys", "mountPath": "/keys", "readOnly": True},
        ],
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "data", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "keys", **of_secret("borgerting-keys")},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "demonstration", "namespace": NAME},
        # Half a story is not told anew over what is there.
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


def forward(cluster: Cluster, port: int) -> None:
    """The site on this machine's loopback, for as long as the cluster runs."""
    log = (FOLDER / "forward.log").open("wb")
    process = subprocess.Popen(
        ["kubectl", "port-forward", "--namespace", CONTROLLER, "pod/controller", f"{port}:8080"],
        env=cluster.environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    (FOLDER / "forward.pid").write_text(str(process.pid), encoding="ascii")
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/", timeout=20).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def show(release: Release) -> None:
    for line in result(release):
        print(line, flush=True)  # noqa: T201


def result(release: Release) -> Iterator[str]:
    from demo.access import HAVNSTED
    from demo.volunteer_words import ASTA

    yield f"{release.site}/"
    for role in ROLES:
        whose = ["--subject", ASTA.subject] if role == "volunteer" else []
        link = release.command(
            "deliberation",
            "sign-in-link",
            "--municipality",
            HAVNSTED,
            "--role",
            role,
            "--minutes",
            "1440",
            *whose,
        )
        yield f"{role}: {link.strip()}"
    environment = FOLDER / "environment"
    environment.write_text(
        f"export PATH='{release.cluster.programs}':\"$PATH\" KUBECONFIG='{FOLDER / 'kubeconfig'}'\n",
        encoding="utf-8",
    )
    yield f"kubectl and helm: . {environment}"
    yield f"dashboards, to be imported in Grafana: {CHART / 'files/dashboards'}/*.json"
    yield "all of it is removed by: make cluster-stop"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def forwarder() -> int | None:
    """The process that carries the site to this machine's loopback, if it is still there."""
    held = FOLDER / "forward.pid"
    if not held.exists():
        return None
    pid = int(held.read_text(encoding="ascii"))
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    # The number may be somebody else's by now.
    return pid if b"port-forward" in command else None


def stop() -> None:
    pid = forwarder()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
    if FOLDER.exists():
        Cluster(FOLDER, FOLDER / "programs").stop()


def main() -> None:
    match sys.argv[1:]:
        case ["start"]:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit("cluster: ended from outside"))
            try:
                start(int(os.environ.get("PORT") or 8080))
            except (CannotBuildError, AssertionError, RuntimeError) as error:
                raise SystemExit(f"cluster: {error}") from None
            except KeyboardInterrupt:
                raise SystemExit(130) from None
        case ["stop"]:
            stop()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
