"""Where no cluster can be had, its tests are skipped with words that say why: each reason made true."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure import cluster, docker

ROOT = Path(__file__).resolve().parents[2]
_SAYS = "from tests.infrastructure.cluster import missing; print(missing())"
_BUILDS = """
from tests.infrastructure.cluster import CannotBuildError, build
try:
    build()
except CannotBuildError as error:
    print(error)
"""


@pytest.fixture(scope="module", autouse=True)
def everything() -> None:
    """What is taken away here has to be there first."""
    if reason := cluster.missing() or docker.missing():
        pytest.skip(reason)


def said(program: str, *before: str, **environment: str) -> str:
    done = subprocess.run(
        [*before, sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def without_go(tmp_path: Path) -> str:
    """A PATH that has every program except Go."""
    for folder in map(Path, os.environ["PATH"].split(":")):
        for program in folder.glob("*"):
            link = tmp_path / program.name
            if program.name != "go" and not link.is_symlink():
                link.symlink_to(program)
    return str(tmp_path)


def test_without_root() -> None:
    """Taken away last: where the interpreter lies others may not read."""
    taken = _SAYS.replace("; print", "; import os; os.setresuid(65534, 65534, 65534); print")
    assert said(taken) == "a Kubernetes cluster needs root"


def test_without_go(without_go: str) -> None:
    assert said(_SAYS, PATH=without_go).startswith("Go 1.26.4 or newer is needed")


def test_without_programs(without_go: str) -> None:
    (Path(without_go) / "nft").unlink()
    (Path(without_go) / "runc").unlink()
    assert said(_SAYS, PATH=without_go) == "not installed: nftables, runc"


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param(["unshare", "--map-root-user"], id="root of a user namespace"),
        pytest.param(["setpriv", "--bounding-set", "-sys_admin"], id="as in a container"),
        pytest.param(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                'mount -o bind,ro /sys/fs/cgroup/pids /sys/fs/cgroup/pids; exec "$@"',
                "sh",
            ],
            id="control groups that are read-only",
        ),
    ],
)
def test_without_rights(taken: list[str]) -> None:
    assert said(_SAYS, *taken).startswith("a cluster's node is not allowed here: ")


def test_without_disk(tmp_path: Path) -> None:
    mounted = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        f'mount -t tmpfs -o size=1m tmpfs {tmp_path}; exec "$@"',
        "sh",
    ]
    found = said(_SAYS, *mounted, BORGERTING_TEST_CACHE=str(tmp_path / "cache"))
    assert found.startswith("a Kubernetes cluster needs 8 GB of disk in ")
    found = said(_SAYS, *mounted, TMPDIR=str(tmp_path))
    assert "3 GB of disk" in found or "8 GB of disk" in found


def test_without_memory() -> None:
    group = Path("/sys/fs/cgroup/memory") / f"borgerting-small-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(1 << 30), encoding="ascii")
        small = ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh"]
        assert said(_SAYS, *small).startswith("a Kubernetes cluster needs 4 GB of memory, of which 1.")
    finally:
        group.rmdir()


def test_without_modules(tmp_path: Path) -> None:
    """A proxy that is not there, and nothing cached."""
    nowhere = {
        "GOPROXY": "http://127.0.0.1:9",
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-modcacherw",
    }
    found = said(_BUILDS, BORGERTING_TEST_CACHE=str(tmp_path / "cache"), **nowhere)
    assert found == "Kubernetes' Go modules cannot be fetched here"


def test_its_tests_are_skipped_in_words(without_go: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/cluster"],
        cwd=ROOT,
        env={**os.environ, "PATH": without_go},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No cluster: Go 1.26.4 or newer is needed" in done.stdout
    assert " skipped" in done.stdout.splitlines()[-1]
    assert "passed" not in done.stdout.splitlines()[-1]


def test_make_cluster_says_what_is_missing(without_go: str, tmp_path: Path) -> None:
    """In one line, and with nothing begun."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "scripts/cluster.py", "start"],
        cwd=ROOT,
        env={**os.environ, "PATH": without_go, "TMPDIR": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cluster: no cluster can be made here: Go 1.26.4 or newer")
    assert len(done.stderr.splitlines()) == 1
    assert list(elsewhere.iterdir()) == []
    shutil.rmtree(elsewhere)
