"""`borgerting demo`: the whole suite in one process with a demonstration in it, in the foreground."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import typer

from chassis.config import SuiteSettings, load_settings

_READY_LIMIT_S = 120


def demo() -> None:
    """Start everything in one process and load a demonstration when the data folder is empty.

    Two invented municipalities appear, one with the figures of a real assembly: 240 volunteers, 36 seats, a
    lottery in public mode. Printed are the front page's address, then one-time sign-in links for a
    secretariat and an operator. Stop with Ctrl-C; settings are those of `serve` (BORGERTING_DATA_DIR, …).
    """
    from chassis.app import descriptors

    settings = load_settings(descriptors())
    suite = subprocess.Popen([Path(sys.argv[0]).resolve(), "serve"], stdout=sys.stderr)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _frame: suite.send_signal(received))
        _wait_for(suite, f"http://{settings.host}:{settings.ops_port}/readyz")
        for line in _prepare(settings):
            typer.echo(line)
        raise typer.Exit(suite.wait())
    finally:
        if suite.poll() is None:
            suite.terminate()
            suite.wait()


def _prepare(settings: SuiteSettings) -> list[str]:
    """Loads the demonstration if there is none; the lines to print."""
    from chassis.auth.keys import FileKeys
    from chassis.auth.principal import Principal, Role
    from chassis.auth.tokens import LocalTokens
    from chassis.clock import SystemClock
    from chassis.config import parse_clock
    from chassis.rpc.client import tcp_channel
    from demo.load import HAVNSTED, Demonstration

    clock = parse_clock(settings.clock, SystemClock())
    tokens = LocalTokens(FileKeys(settings.data_dir, clock), clock)

    def token_for(municipality: str | None, role: str) -> str:
        return tokens.issue(Principal("demo", municipality, frozenset({Role(role)})))

    with tcp_channel(f"{settings.host}:{settings.grpc_port}") as channel:
        demonstration = Demonstration(channel, token_for, lambda text: typer.echo(text, err=True))
        if demonstration.is_empty():
            demonstration.load()
        front = settings.base_url or f"http://{settings.host}:{settings.http_port}"
        _wait_for(None, f"{front}/")
        return [
            f"{front}/",
            f"secretariat: {demonstration.sign_in_link('secretariat', HAVNSTED)}",
            f"operator: {demonstration.sign_in_link('operator', None)}",
        ]


def _wait_for(suite: subprocess.Popen[bytes] | None, url: str) -> None:
    """Returns when `url` answers 200; exits with the suite's code when it ends before."""
    until = time.monotonic() + _READY_LIMIT_S
    while time.monotonic() < until:
        if suite is not None and suite.poll() is not None:
            raise typer.Exit(suite.returncode or 1)
        try:
            with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own address
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    typer.echo(f"{url} did not answer within {_READY_LIMIT_S} s; see the log above.", err=True)
    raise typer.Exit(1)
