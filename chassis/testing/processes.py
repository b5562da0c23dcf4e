"""A suite that really runs, as a process of its own on free ports, for component and end-to-end tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

READY = re.compile(rb"^ready http=(\S+?)/ grpc=(\S+) ops=(\S+)(?: tls=(\S+))?$", re.MULTILINE)
SERVE: Sequence[str] = (sys.executable, "-m", "chassis", "serve")


class SuiteProcess:
    """`http` and `ops` are base addresses without a slash at the end, `grpc` is host:port.

    `tls` too, where neighbours call by certificate; "" without.
    """

    def __init__(self, process: subprocess.Popen[bytes], stdout: Path, stderr: Path) -> None:
        self.process = process
        self._stdout = stdout
        self._stderr = stderr
        self.http = self.grpc = self.ops = self.tls = ""

    @property
    def log(self) -> str:
        """What it wrote to stderr so far."""
        return self._stderr.read_text(encoding="utf-8")

    @property
    def output(self) -> str:
        return self._stdout.read_text(encoding="utf-8")

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Raises AssertionError with its log when it ends, or is not ready in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the suite ended with {self.process.returncode}:\n{self.log[-4000:]}")
            found = READY.search(self._stdout.read_bytes())
            if found:
                self.http, self.grpc, self.ops, self.tls = (
                    part.decode() for part in found.groups(default=b"")
                )
                if self._is_ready():
                    return
            time.sleep(0.02)
        raise AssertionError(f"the suite was not ready within {seconds} s:\n{self.log[-4000:]}")

    def get(self, path: str, *, base: str | None = None, seconds: float = 10.0) -> str:
        """The body of a GET below `http`. Raises urllib.error.HTTPError for a refusal."""
        url = (self.http if base is None else base) + path
        with urllib.request.urlopen(url, timeout=seconds) as response:  # noqa: S310 - our own address
            return str(response.read().decode("utf-8"))

    def terminate(self, seconds: float = 40.0) -> int:
        """SIGTERM, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: it gets to do nothing more."""
        self.process.kill()
        self.process.wait(10)

    def _is_ready(self) -> bool:
        try:
            self.get("/readyz", base=self.ops, seconds=5)
        except (urllib.error.URLError, OSError):
            return False
        return True


@contextmanager
def running_suite(
    folder: Path,
    *,
    command: Sequence[str] = SERVE,
    environment: Mapping[str, str] | None = None,
    ready: bool = True,
) -> Iterator[SuiteProcess]:
    """A suite with its data in `folder`/data, ready unless `ready` is False; it is stopped at the end.

    To restart it on the same data, enter another one with the same folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    own |= {
        "BORGERTING_DATA_DIR": str(folder / "data"),
        "BORGERTING_HTTP_PORT": "0",
        "BORGERTING_GRPC_PORT": "0",
        "BORGERTING_OPS_PORT": "0",
        **(environment or {}),
    }
    stdout, stderr = folder / "stdout.log", folder / "stderr.log"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=own)
    suite = SuiteProcess(process, stdout, stderr)
    try:
        if ready:
            suite.wait_until_ready()
        yield suite
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
