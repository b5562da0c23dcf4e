"""A Docker engine of the tests' own: in network, mount and cgroup namespaces that nothing else shares.

Needs root and Debian's `docker.io`, `iptables` and `iproute2`. No image can be pulled and containers reach no
network, so the base image is made of this machine's own Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE, BASE = "borgerting:test", "base:test"
_CGROUPS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
_LEFT_OUT = re.compile(
    r"/(site-packages|test|tests|__pycache__|idlelib|tkinter|turtledemo|ensurepip|config-3[^/]*)(/|$)|_tkinter|\.a$"
)
# What wheels count on and the interpreter itself may not load.
_LIBRARIES = (
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libdl.so.2",
    "libutil.so.1",
)


def missing() -> str:
    """Why no engine can run here, or nothing."""
    if os.geteuid() != 0:
        return "a Docker engine needs root"
    tools = {"dockerd": "docker.io", "docker": "docker.io", "iptables": "iptables", "ip": "iproute2"}
    lacking = sorted({package for tool, package in tools.items() if shutil.which(tool) is None})
    return f"not installed: {', '.join(lacking)}" if lacking else ""


class Engine:
    """`host` is what DOCKER_HOST says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"

    def docker(self, *arguments: str, check: bool = True, seconds: float = 300) -> str:
        """What a docker command prints. Raises AssertionError with its complaint when it fails."""
        done = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, "DOCKER_HOST": self.host},
        )
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(arguments)} failed:\n{done.stderr[-4000:]}")
        return done.stdout.strip()

    def build(self, tag: str, *, measured: bool = True) -> str:
        """The image of deploy/docker, by its own build.sh on this machine's Python; what that says."""
        self.import_base(BASE)
        done = subprocess.run(
            [ROOT / "deploy/docker/build.sh", tag],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "DOCKER_HOST": self.host,
                "BASE": BASE,
                "MEASURE": "yes" if measured else "no",
            },
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def import_base(self, tag: str) -> None:
        """The base image: a root file system with this machine's Python and the libraries that it loads."""
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / "base.tar"
            root = Path(scratch) / "root"
            _make_root(root)
            with tarfile.open(archive, "w") as tar:
                tar.add(root, arcname=".")
            self.docker("import", str(archive), tag)


@contextmanager
def running_engine() -> Iterator[Engine]:
    """An engine of one's own; its namespaces and processes end with it."""
    # A socket's path has room for about 100 letters, which a test's own folder may not leave.
    folder = Path(tempfile.mkdtemp(prefix="bt-docker-"))
    namespace = f"bt-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    engine = Engine(folder)
    process = None
    try:
        subprocess.run(["ip", "netns", "exec", namespace, "ip", "link", "set", "lo", "up"], check=True)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, "unshare", "-m", "-C", "sh", "-c", _start(folder)],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _await(engine, process)
        yield engine
    finally:
        if process is not None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run(["ip", "netns", "delete", namespace], check=False)
        shutil.rmtree(folder, ignore_errors=True)
        _leave_cgroups()


def _leave_cgroups() -> None:
    """The parent of the containers' control groups; another engine's containers keep it."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        with suppress(OSError):
            Path(f"/sys/fs/cgroup/{controllers.removeprefix('name=')}{path}/borgerting-tests").rmdir()


def _start(folder: Path) -> str:
    groups = "".join(
        f"mkdir -p /sys/fs/cgroup/{name} && mount -t cgroup -o {name} cgroup /sys/fs/cgroup/{name} || true; "
        for name in _CGROUPS
    )
    return (
        "mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup; "
        f"{groups}"
        "mkdir -p /sys/fs/cgroup/systemd; "
        "mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd || true; "
        f"exec dockerd --data-root {folder}/data --exec-root {folder}/exec -H unix://{folder}/docker.sock "
        f"--pidfile {folder}/pid --storage-driver overlay2 --cgroup-parent /borgerting-tests "
        "--bip 10.201.0.1/24 --ip 127.0.0.1 --default-address-pool base=10.202.0.0/16,size=24"
    )


def _await(engine: Engine, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        if (engine.folder / "docker.sock").exists() and engine.docker("version", check=False):
            return
        time.sleep(0.1)
    raise AssertionError(f"the Docker engine did not start:\n{(engine.folder / 'log').read_text()[-4000:]}")


def _make_root(root: Path) -> None:
    prefix, version = Path(sys.base_prefix), f"{sys.version_info.major}.{sys.version_info.minor}"
    shared = root / "usr/lib/x86_64-linux-gnu"
    for folder in ("etc", "tmp", "proc", "sys", "dev", "usr/bin", "usr/lib64", "usr/local/bin", "home/app"):
        (root / folder).mkdir(parents=True)
    shared.mkdir(parents=True)
    for link, target in (("lib", "usr/lib"), ("lib64", "usr/lib64"), ("bin", "usr/bin")):
        (root / link).symlink_to(target)
    (root / "tmp").chmod(0o1777)
    standard = root / f"usr/local/lib/python{version}"
    shutil.copytree(prefix / f"lib/python{version}", standard, ignore=_left_out, symlinks=True)
    pip = prefix / f"lib/python{version}/site-packages/pip"
    shutil.copytree(pip, standard / "site-packages/pip", ignore=shutil.ignore_patterns("__pycache__"))
    binary = root / f"usr/local/bin/python{version}"
    shutil.copy2(prefix / f"bin/python{version}", binary)
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to(binary.name)
    library = next((prefix / "lib").glob(f"libpython{version}.so.*"), None)
    if library is not None:
        shutil.copy2(library, root / "usr/local/lib" / library.name)
    loaded = {path for each in (binary, *standard.glob("lib-dynload/*.so")) for path in _libraries_of(each)}
    loaded |= {Path("/lib/x86_64-linux-gnu") / name for name in _LIBRARIES}
    for path in loaded:
        if path.exists() and not path.is_relative_to(prefix):
            shutil.copy2(path, shared / path.name)
    shutil.copy2("/lib64/ld-linux-x86-64.so.2", root / "usr/lib64")
    shutil.copy2("/bin/dash", root / "usr/bin/sh")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:10001:10001::/home/app:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\napp:x:10001:\n")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    (root / "etc/ld.so.conf").write_text("/usr/local/lib\n/usr/lib/x86_64-linux-gnu\n")
    subprocess.run(["ldconfig", "-r", str(root)], check=True)


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if _LEFT_OUT.search(f"/{name}")}


def _libraries_of(binary: Path) -> Iterator[Path]:
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        found = re.search(r"=> (/\S+)", line)
        if found:
            yield Path(found[1])
