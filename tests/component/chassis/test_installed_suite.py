"""The suite as it is installed, with its own services: ready soon, small, and alone on its data."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.app import descriptors
from chassis.testing.processes import SuiteProcess, running_suite

Started = tuple[SuiteProcess, float]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    # The first start compiles modules, as an installation does, even where the shell forbids it.
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}
    with running_suite(tmp_path_factory.mktemp("installation"), environment=compiled):
        pass
    with running_suite(tmp_path_factory.mktemp("installed"), environment=compiled) as suite:
        stat = Path(f"/proc/{suite.process.pid}/stat").read_text().rpartition(")")[2].split()
        yield suite, (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def run(suite: SuiteProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = Path(f"/proc/{suite.process.pid}/environ").read_text().split("\0")
    data = next(entry for entry in environment if entry.startswith("BORGERTING_DATA_DIR="))
    own = {**os.environ, "LC_ALL": "C", "BORGERTING_DATA_DIR": data.partition("=")[2]}
    return subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        env=own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ready_within_four_seconds_of_work(started: Started) -> None:
    """Processor time, for the machine may have other things to do; benchmarks.startup has the wall clock.

    1.3 s on the machine it was written on, shared; wide, for a busy core's caches are cold.
    """
    assert started[1] < 4


def test_what_few_requests_need_is_loaded_with_the_first_of_them() -> None:
    code = (
        "import sys; from chassis.app import descriptors; from chassis import serve;"
        "[__import__(f'services.{name}.adapters.' + part, fromlist=['x'])"
        " for name in descriptors() for part in ('api', 'pages')];"
        "print(*sorted({'holidays', 'icalendar', 'numpy', 'scipy', 'openpyxl', 'kafka'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


def test_it_is_small_and_loads_no_solver(started: Started) -> None:
    process = Path(f"/proc/{started[0].process.pid}")
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())[1])  # type: ignore[index]
    assert resident < 350 * 1024
    assert not re.search(r"numpy|scipy|highs", (process / "maps").read_text(), re.IGNORECASE)


def test_the_front_page_and_each_api_s_document_answer(started: Started) -> None:
    suite, _ = started
    assert suite.get("/").startswith("<!doctype html>")
    for service in descriptors():
        assert '"openapi"' in suite.get(f"/{service}/api/v1/openapi.json")


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_the_data_folder_is_its_own(started: Started, command: str) -> None:
    suite, _ = started
    done = run(suite, command)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"in use by process {suite.process.pid}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["HTTP", "GRPC", "OPS"])
def test_a_taken_port_is_said_in_words(tmp_path: Path, port: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = str(other.getsockname()[1])
        with running_suite(tmp_path, environment={f"BORGERTING_{port}_PORT": number}, ready=False) as suite:
            assert suite.process.wait(60) == 1
    assert suite.output == ""
    assert suite.log.splitlines()[-1].count(f"cannot listen on 127.0.0.1:{number}: ") == 1


def test_help_is_quick(started: Started) -> None:
    """A second of processor time at most, 0.2 s where the machine has nothing else to do."""
    assert min(_seconds(started[0]) for _ in range(3)) < 1


def _seconds(suite: SuiteProcess) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(suite, "--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
