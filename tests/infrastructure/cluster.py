"""A real Kubernetes cluster of one node, in namespaces of its own, built from Kubernetes' Go modules.

    with running_cluster() as cluster:
        cluster.load(archive)                     # an image, as `docker save` writes it; nothing is pulled
        cluster.helm("install", "ting", str(CHART), "--wait")

Building it takes ten minutes once (kept in the tests' cache), starting 15 s and 700 MiB. `kubectl` and `helm`
are the very programs, run on this machine; `address` is the node's, whose NodePorts are reached from here.
NetworkPolicies are enforced by kubernetes/kubebox/netpol.go, through the node's nftables.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.infrastructure.places import cache_root

T = TypeVar("T")
Object = dict[str, Any]

HERE = Path(__file__).parent / "kubernetes"
_GO = (1, 26, 4)
_NO_MODULES = 3
# Longer than the scripts themselves wait: they say more of what did not come about.
_SCRIPT_SECONDS = 1200
# In gigabytes: what building writes (with Go's modules), what a cluster writes, what runs in it.
_TO_BUILD, _TO_RUN, _MEMORY = 8, 3, 4
_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
}


class CannotBuildError(Exception):
    """Why this machine cannot have a cluster."""


def missing() -> str:
    """Why no cluster can run here, or nothing; whether Kubernetes can be built shows only when it is."""
    if os.geteuid() != 0:
        return "a Kubernetes cluster needs root"
    lacking = sorted({package for tool, package in _PACKAGES.items() if shutil.which(tool) is None})
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    if not Path("/sys/fs/cgroup/memory").is_dir():
        return "a Kubernetes cluster is tried on cgroup version 1 alone"
    version = _output("go", "env", "GOVERSION") if shutil.which("go") else ""
    if tuple(map(int, re.findall(r"\d+", version))) < _GO:
        return f"Go {'.'.join(map(str, _GO))} or newer is needed to build Kubernetes"
    return _too_little() or _forbidden()


def _too_little() -> str:
    """Disk or memory."""
    built = any(cache_root().glob("kubebox-*/complete"))
    for place, needed in ((cache_root(), 0 if built else _TO_BUILD), (Path(tempfile.gettempdir()), _TO_RUN)):
        there = next(each for each in (place, *place.absolute().parents) if each.exists())
        free = shutil.disk_usage(there).free / 1e9
        if free < needed:
            return f"a Kubernetes cluster needs {needed} GB of disk in {there}, where {free:.1f} are free"
    memory = _free_memory() / 1e9
    if memory < _MEMORY:
        return f"a Kubernetes cluster needs {_MEMORY} GB of memory, of which {memory:.1f} are free"
    return ""


def _free_memory() -> int:
    """In bytes: the machine's, or what is left of this process's share."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        group = Path(f"/sys/fs/cgroup/memory{path}")
        if controllers == "memory" and (group / "memory.limit_in_bytes").exists():
            limit, used = (
                int((group / f"memory.{name}_in_bytes").read_text(encoding="ascii"))
                for name in ("limit", "usage")
            )
            cached = re.search(
                r"^total_inactive_file (\d+)$", (group / "memory.stat").read_text(encoding="ascii"), re.M
            )
            free = min(free, limit - used + int(cached[1] if cached else 0))
    return free


def _forbidden() -> str:
    """What a node does first, done and undone: a container without the rights for it stops here."""
    done = subprocess.run(
        [HERE / "cluster.sh", "try"], capture_output=True, text=True, check=False, timeout=60
    )
    said = done.stderr.strip().splitlines()
    return f"a cluster's node is not allowed here: {said[-1] if said else 'why was not said'}" * bool(
        done.returncode
    )


def build() -> Path:
    """The folder of kubectl, helm and the rest. Raises CannotBuildError where modules cannot be fetched."""
    done = subprocess.run(
        [HERE / "build.sh", cache_root()], stdout=subprocess.PIPE, stderr=None, text=True, check=False
    )
    if done.returncode == _NO_MODULES:
        raise CannotBuildError("Kubernetes' Go modules cannot be fetched here")
    if done.returncode:
        raise AssertionError("Kubernetes could not be built; what was said stands above")
    return Path(done.stdout.strip())


class Cluster:
    """`folder` is short, and the cluster's alone: it has the logs."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs

    @property
    def address(self) -> str:
        return (self.folder / "address").read_text(encoding="ascii").strip()

    @property
    def environment(self) -> dict[str, str]:
        """For kubectl and helm, which come first on its PATH."""
        held = {f"HELM_{kind}_HOME": str(self.folder / "helm") for kind in ("CACHE", "CONFIG", "DATA")}
        return {
            **os.environ,
            **held,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
        }

    def start(self) -> None:
        """Until node, names and metrics are ready. Raises AssertionError with the end of its log."""
        self._script("start", str(self.programs))

    def stop(self) -> None:
        """No process, mount, control group or network pair of it is left, and no folder."""
        self._script("stop")

    def load(self, archive: Path) -> None:
        self._script("import", str(archive))

    def inside(self, *command: str) -> str:
        """What a command prints that runs in the node's namespaces."""
        return self._script("exec", *command)

    def run(self, *command: str, given: str = "", seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """However it ends."""
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=self.environment,
        )

    def kubectl(self, *arguments: str, given: str = "", seconds: float = 300) -> str:
        """What it prints. Raises AssertionError with its complaint."""
        return self._checked("kubectl", *arguments, given=given, seconds=seconds)

    def helm(self, *arguments: str, seconds: float = 400) -> str:
        """What it prints. Raises AssertionError with its complaint."""
        return self._checked("helm", *arguments, seconds=seconds)

    def apply(self, *objects: Object) -> None:
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=given)

    def items(self, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """Of one namespace or, without one, of all."""
        where = ["--namespace", namespace] if namespace else ["--all-namespaces"]
        chosen = ["--selector", selector] if selector else []
        found: Object = json.loads(self.kubectl("get", kind, *where, *chosen, "--output", "json"))
        items: list[Object] = found["items"]
        return items

    def eventually(self, look: Callable[[], T], holds: Callable[[T], bool], seconds: float = 180) -> T:
        """What `look` sees once it `holds`. Raises AssertionError with what it saw last and what happened."""
        until = time.monotonic() + seconds
        while not holds(seen := look()):
            if time.monotonic() > until:
                raise AssertionError(f"it never came about; last seen: {str(seen)[:3000]}\n{self.told()}")
            time.sleep(0.3)
        return seen

    def told(self) -> str:
        """For a failure: the pods, what happened lately, and the last words of those that are not well."""
        pods = self.run("kubectl", "get", "pods", "-A", "-o", "wide").stdout
        events = self.run("kubectl", "get", "events", "-A", "--sort-by=.lastTimestamp").stdout
        words = ""
        for line in pods.splitlines()[1:]:
            namespace, name, ready, *_ = line.split()
            if not ready.startswith("0/"):
                continue
            for option in ("--previous=true", "--previous=false"):
                logs = self.run("kubectl", "logs", "-n", namespace, name, "--tail=20", option).stdout
                words += f"\n{namespace}/{name}:\n{logs}" if logs else ""
        return f"{pods}\n{events[-4000:]}\n{words[-6000:]}"

    def _checked(self, *command: str, given: str = "", seconds: float = 300) -> str:
        done = self.run(*command, given=given, seconds=seconds)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}\n{self.told()}")
        return done.stdout

    def _script(self, action: str, *arguments: str) -> str:
        done = subprocess.run(
            [HERE / "cluster.sh", action, str(self.folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SCRIPT_SECONDS,
        )
        if done.returncode:
            raise AssertionError(f"the cluster did not {action}:\n{done.stderr[-4000:]}")
        return done.stdout


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster that is ended whatever happens. Raises CannotBuildError."""
    programs = build()
    # A socket's path has room for about 100 letters, which a test's own folder may not leave.
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="bt-kube-")), programs)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
