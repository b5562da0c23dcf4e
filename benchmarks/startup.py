"""How soon the whole suite is ready in one process, and how much memory it then holds.

Beside it, as the floor, a bare process that only imports the frameworks the suite stands on. Each start has a
data folder of its own, and its modules are compiled before, as an installation has them. The median of five
is printed, with the goals: ready in 3 s, at most 350 MiB resident; beside it the processor time until then,
which says what the start itself took where the machine has other things to do.
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
# Where the shell forbids it, each start would compile some 2,000 modules anew: twice a start's own work.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
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


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has taken, user's and system's."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def start_suite(folder: Path) -> tuple[float, float, float]:
    """Seconds until the suite is ready and its front page answers, its processor time in seconds and its
    resident memory in MiB then."""
    http, rpc, ops = free_ports(3)
    environment: Mapping[str, str] = {
        **os.environ,
        **COMPILED,
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
        return time.perf_counter() - started, processor_s(process.pid), resident_mib(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def start_floor() -> tuple[float, float, float]:
    """The same figures for a process that only imports the frameworks."""
    started = time.perf_counter()
    code = f"{FLOOR}; print('ready', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **COMPILED},
    )
    assert process.stdout is not None
    process.stdout.readline()
    figures = time.perf_counter() - started, processor_s(process.pid), resident_mib(process.pid)
    process.communicate("\n")
    return figures


def main() -> int:
    suite: list[tuple[float, float, float]] = []
    floor: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(RUNS + 1):
            data = Path(folder) / str(run)
            data.mkdir()
            measured = (start_suite(data), start_floor())
            if run:  # the first start compiles modules: installation, not start
                suite.append(measured[0])
                floor.append(measured[1])
    print("| | ready | processor time | resident |\n|---|---|---|---|")
    sides = {"the suite, embedded, empty data folder": suite, "floor: importing its frameworks": floor}
    for name, side in sides.items():
        seconds, processor, memory = (statistics.median(column) for column in zip(*side, strict=True))
        print(f"| {name} | {seconds:.2f} s | {processor:.2f} s | {memory:.0f} MiB |")
    print(f"| goal | {READY_GOAL_S:.0f} s | | {RESIDENT_GOAL_MIB} MiB |")
    seconds, _, memory = (statistics.median(column) for column in zip(*suite, strict=True))
    return 0 if seconds <= READY_GOAL_S and memory <= RESIDENT_GOAL_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
