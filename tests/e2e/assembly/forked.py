"""Services that are forked from a process which has all of them loaded: soon there again when killed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.assembly.houses import READY_SECONDS, Process


class Nursery:
    """A process that has everything loaded and forks services; `entry` is what they run (see
    tests.infrastructure.nursery).
    """

    def __init__(self, folder: Path, entry: str) -> None:
        with (folder / "nursery.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.infrastructure.nursery", entry],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).parents[3],
                env={name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")},
            )
        self._lock = threading.Lock()
        if self._answer() != "loaded":
            raise AssertionError(
                f"the nursery did not start:\n{(folder / 'nursery.log').read_text()[-3000:]}"
            )

    def start(self, name: str, environment: Mapping[str, str], log: Path) -> int:
        """The new process's id."""
        order = {"name": name, "environment": dict(environment), "log": str(log)}
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            return int(self._answer())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


class Forked(Process):
    """A service from the nursery."""

    def __init__(self, nursery: Nursery, name: str, settings: Mapping[str, str], folder: Path) -> None:
        super().__init__(name, [], settings, folder)
        self._nursery = nursery
        self._own = {key: value for key, value in os.environ.items() if not key.startswith("BORGERTING_")}
        self._fd: int | None = None

    def start(self, **changed: str) -> None:
        with self._lock:
            self._settings.update(changed)
            environment = {**self._own, **{key: value for key, value in self._settings.items() if value}}
            self._forget()
            pid = self._nursery.start(self.name, environment, self._log)
            self._fd = os.pidfd_open(pid)

    def set(self, variable: str, value: str) -> None:
        """From its next start on; "" for nothing."""
        self._settings[variable] = value

    @property
    def alive(self) -> bool:
        return self._fd is not None and not select.select([self._fd], [], [], 0)[0]

    def kill(self) -> None:
        with self._lock:
            if self._send(signal.SIGKILL):
                self.kills += 1
            self._gone(10)

    def leave(self) -> None:
        with self._lock:
            self._send(signal.SIGTERM)

    def wait_until_gone(self) -> None:
        with self._lock:
            if not self._gone(40):
                self._send(signal.SIGKILL)
                self._gone(10)

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def wait_until_dead(self, seconds: float) -> bool:
        """Whether it died by itself within the time."""
        return self._gone(seconds)

    def is_ready(self) -> bool:
        url = f"http://127.0.0.1:{self._settings['BORGERTING_OPS_PORT']}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=10):
                return True
        except OSError:
            return False

    def failing(self) -> list[str]:
        """The checks of readiness that fail."""
        url = f"http://127.0.0.1:{self._settings['BORGERTING_OPS_PORT']}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=60):
                return []
        except urllib.error.HTTPError as error:
            with error:
                return [check["name"] for check in json.loads(error.read())["checks"] if not check["ok"]]
        except OSError:
            return ["it does not answer"]

    def wait_until_ready(self, *, or_dead: bool = False) -> None:
        """Ready, or dead where it may die by itself."""
        until = time.monotonic() + 3 * READY_SECONDS
        while time.monotonic() < until and self.alive:
            if self.is_ready():
                return
            time.sleep(0.02)
        if or_dead and not self.alive:
            return
        raise AssertionError(f"{self.name} is not ready:\n{self.log[-4000:]}")

    def _send(self, what: signal.Signals) -> bool:
        if not self.alive:
            return False
        assert self._fd is not None
        try:
            signal.pidfd_send_signal(self._fd, what)
        except ProcessLookupError:
            return False
        return True

    def _gone(self, seconds: float) -> bool:
        return self._fd is None or bool(select.select([self._fd], [], [], seconds)[0])

    def _forget(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
