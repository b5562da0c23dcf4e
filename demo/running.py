"""The suite as a process of its own, one at a time, each time with the clock where the story is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

_STOP_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the suite answers: `http` a URL, `grpc` host and port."""

    http: str
    grpc: str


class SuiteEndedError(Exception):
    """The suite ended before it was ready; its own words stand on stderr. `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class RunningSuite:
    """Signals that ask this process to end reach the suite; `asked_to_end` says that one did."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.asked_to_end = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)

    def start(self, environment: Mapping[str, str] | None = None) -> Addresses:
        """Waits until it is ready. Raises SuiteEndedError when it ends instead."""
        if self.asked_to_end:
            raise SuiteEndedError(1)
        process = subprocess.Popen(
            [sys.executable, "-m", "chassis", "serve"],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        output = process.stdout
        assert output is not None  # noqa: S101 - narrows the type: it is the pipe asked for
        for line in output:
            word, *pairs = line.split()
            if word == "ready":
                found = dict(pair.split("=", 1) for pair in pairs)
                # The suite may print more; results on our own stdout are the demonstration's alone.
                threading.Thread(target=lambda: sys.stderr.writelines(output), daemon=True).start()
                return Addresses(found["http"].rstrip("/"), found["grpc"])
            typer.echo(line, err=True, nl=False)
        raise SuiteEndedError(process.wait() or 1)

    def wait(self) -> int:
        """Until it ends by itself or is asked to: its exit code."""
        return self._process.wait() if self._process else 0

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pass_on(self, number: int, _frame: object) -> None:
        self.asked_to_end = True
        if self._process is not None:
            self._process.send_signal(number)


def clock_at(instant: datetime) -> str:
    """The BORGERTING_CLOCK of a process that is to live from `instant` on."""
    seconds = round((instant - datetime.now(UTC)).total_seconds())
    return f"{'-' if seconds < 0 else '+'}PT{abs(seconds)}S"
