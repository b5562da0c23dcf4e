"""`borgerting demo`, as a newcomer runs it: a real process, real pages, and the same at a second start."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PORTS = {f"BORGERTING_{name}_PORT": "0" for name in ("HTTP", "GRPC", "OPS")}


def get(url: str) -> tuple[int, str]:
    """Status and body, redirects not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    with closing(connection):
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@contextmanager
def demonstration(data: Path) -> Iterator[list[str]]:
    """The three lines that it prints; ended by SIGTERM, with exit code 0."""
    with (data.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "chassis", "demo"],
            env={**os.environ, **PORTS, "BORGERTING_DATA_DIR": str(data)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        yield [process.stdout.readline().strip() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_newcomer_sees_a_finished_lottery_and_a_second_start_loads_nothing(data: Path) -> None:
    with demonstration(data) as (front, secretariat, operator):
        status, page = get(front)
        assert status == 200
        assert "Havnsted Kommune" in page
        assert "Egebæk Kommune" in page
        for line, role in ((secretariat, "secretariat: "), (operator, "operator: ")):
            assert line.startswith(f"{role}{front}deliberation/sign-in/")
            assert get(line.removeprefix(role))[0] == 200
        draws = f"{front}sortition/api/v1/municipalities/havnsted/publishedDraws"
        (draw,) = json.loads(get(draws)[1])["publishedDraws"]
        assert (draw["poolSize"], draw["size"], draw["panels"]) == (240, 36, 1000)
        assert (draw["state"], draw["mode"], len(draw["outcome"])) == ("PUBLISHED", "PUBLIC", 36)
        assert len({value["feature"] for value in draw["values"]}) == 5
        waiting = f"{front}sortition/api/v1/municipalities/egebaek/publishedDraws"
        assert [d["state"] for d in json.loads(get(waiting)[1])["publishedDraws"]] == ["COMMITTED"]
        assemblies = f"{front}deliberation/api/v1/municipalities/fjordby/assemblies"
        (assembly,) = json.loads(get(assemblies)[1])["assemblies"]
        assert (assembly["state"], assembly["members"]) == ("HANDED_OVER", 27)
        status, report = get(
            f"{front}deliberation/fjordby/assemblies/{assembly['name'].split('/')[-1]}/report"
        )
        assert (status, report.count('class="support-share"')) == (200, 24)
        assert "95,8" in report

    with demonstration(data) as (front, _, _):
        draws = f"{front}sortition/api/v1/municipalities/havnsted/publishedDraws"
        assert [d["name"] for d in json.loads(get(draws)[1])["publishedDraws"]] == [draw["name"]]


def test_what_the_suite_refuses_ends_the_demonstration_with_its_words(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "demo"],
        env={**os.environ, **PORTS, "BORGERTING_DATA_DIR": str(data), "BORGERTING_PROFILE": "production"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "BORGERTING_BASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
