"""`borgerting demo` as a process, and its pages without a browser."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PORTS = {f"BORGERTING_{name}_PORT": "0" for name in ("HTTP", "GRPC", "OPS")}
ROLES = ("secretariat", "operator", "officer", "coordinator", "volunteer")


def get(url: str) -> tuple[int, str]:
    """Status and body, redirects not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    with closing(connection):
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def get_json(url: str) -> Any:
    return json.loads(get(url)[1])


def start(data: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    with (data.parent / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "chassis", "demo"],
            env={**os.environ, **PORTS, "BORGERTING_DATA_DIR": str(data), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


@contextmanager
def demonstration(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """The lines that it prints, the front page and a link for each role; ended by SIGTERM, exit code 0."""
    process = start(data, environment)
    assert process.stdout is not None
    try:
        yield [process.stdout.readline().strip() for _ in range(1 + len(ROLES))]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
