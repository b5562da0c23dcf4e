"""How soon the whole suite is ready in one process, and how much memory it then holds.

Beside it, as the floor, a bare process that only imports the frameworks the suite stands on. Each start has a
data folder of its own; the median of five is printed, with the goals: ready in 3 s, at most 350 MiB resident.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

RUNS = 5
READY_GOAL_S = 3.0
RESIDENT_GOAL_MIB = 350
FLOOR = "import grpc, fastapi, uvicorn, sqlalchemy, alembic.command, jinja2, babel, prometheus_client"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def resident_mib(pid: int) -> float:
    """Resident memory of a process and its children, in MiB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    own = int(match.group(1)) / 1024 if match else 0.0
    return own + sum(resident_mib(int(child)) for child in children)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback only
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start_suite(folder: Path) -> tuple[float, float]:
    """Seconds until the suite is ready and its front page answers, and its resident memory in MiB then."""
    http, rpc, ops = free_ports(3)
    environment: Mapping[str, str] = {
        **os.environ,
        "BORGERTING_DATA_DIR": str(folder),
        "BORGERTING_HTTP_PORT": str(http),
        "BORGERTING_GRPC_PORT": str(rpc),
        "BORGERTING_OPS_PORT": str(ops),
    }
    started = time.perf_counter()
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("borgerting"), "serve"], env=environment, stdout=log, stderr=log
        )
    try:
        while not (answers(f"http://127.0.0.1:{ops}/readyz") and answers(f"http://127.0.0.1:{http}/")):
            if process.poll() is not None or time.perf_counter() - started > 60:
                raise SystemExit(f"the suite did not become ready:\n{Path(log.name).read_text()[-2000:]}")
            time.sleep(0.01)
        return time.perf_counter() - started, resident_mib(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def start_floor() -> tuple[float, float]:
    """The same two figures for a process that only imports the frameworks."""
    started = time.perf_counter()
    code = f"{FLOOR}; print('ready', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    seconds, memory = time.perf_counter() - started, resident_mib(process.pid)
    process.communicate("\n")
    return seconds, memory


def main() -> int:
    suite, floor = [], []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(RUNS + 1):
            data = Path(folder) / str(run)
            data.mkdir()
            measured = (start_suite(data), start_floor())
            if run:  # the first start compiles modules: installation, not start
                suite.append(measured[0])
                floor.append(measured[1])
    seconds, memory = (statistics.median(column) for column in zip(*suite, strict=True))
    floor_seconds, floor_memory = (statistics.median(column) for column in zip(*floor, strict=True))
    print("| | ready | resident |\n|---|---|---|")
    print(f"| the suite, embedded, empty data folder | {seconds:.2f} s | {memory:.0f} MiB |")
    print(f"| floor: importing its frameworks | {floor_seconds:.2f} s | {floor_memory:.0f} MiB |")
    print(f"| goal | {READY_GOAL_S:.0f} s | {RESIDENT_GOAL_MIB} MiB |")
    return 0 if seconds <= READY_GOAL_S and memory <= RESIDENT_GOAL_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
