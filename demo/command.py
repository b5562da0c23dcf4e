"""`borgerting demo`: the whole suite in one process with a demonstration in it, in the foreground."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import typer

from chassis.config import SuiteSettings, load_settings

_FRONT_PAGE_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class _Addresses:
    """Where the suite answers: `http` a URL, `grpc` host and port."""

    http: str
    grpc: str


def demo() -> None:
    """Start everything in one process and load a demonstration when the data folder is empty.

    Three invented municipalities appear: one with the figures of a real assembly (240 volunteers, 36 seats, a
    lottery in public mode), one whose assembly has handed its report over. Printed are the front page's
    address, then one-time sign-in links for a secretariat and an operator. Stop with Ctrl-C; settings are
    those of `serve` (BORGERTING_DATA_DIR, …).
    """
    from chassis.app import descriptors

    settings = load_settings(descriptors())
    suite = subprocess.Popen([sys.executable, "-m", "chassis", "serve"], stdout=subprocess.PIPE, text=True)
    assert suite.stdout is not None  # noqa: S101 - narrows the type: it is the pipe asked for
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: suite.send_signal(received))
    try:
        addresses = _wait_until_ready(suite.stdout)
        if addresses is None:
            raise typer.Exit(suite.wait() or 1)
        # The suite may print more; results on our own stdout are the demonstration's alone.
        threading.Thread(target=lambda: sys.stderr.writelines(suite.stdout or ()), daemon=True).start()
        for line in _prepare(settings, addresses):
            typer.echo(line)
        raise typer.Exit(suite.wait())
    finally:
        if suite.poll() is None:
            suite.terminate()
            suite.wait()


def _wait_until_ready(output: IO[str]) -> _Addresses | None:
    """Reads until the line `ready http=… grpc=… ops=…`; None when the suite ends without it."""
    for line in output:
        word, *pairs = line.split()
        if word == "ready":
            found = dict(pair.split("=", 1) for pair in pairs)
            return _Addresses(found["http"].rstrip("/"), found["grpc"])
        typer.echo(line, err=True, nl=False)
    return None


def _prepare(settings: SuiteSettings, addresses: _Addresses) -> Iterator[str]:
    """Loads the demonstration if there is none; the lines to print, each as soon as it is true."""
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

    def absolute(link: str) -> str:
        # A suite on a port that it chose itself knows its links as paths only.
        return f"{addresses.http}{link}" if link.startswith("/") else link

    with tcp_channel(addresses.grpc) as channel:
        demonstration = Demonstration(channel, token_for, lambda text: typer.echo(text, err=True))
        if demonstration.is_empty():
            demonstration.load()
        with urllib.request.urlopen(f"{addresses.http}/", timeout=_FRONT_PAGE_LIMIT_S) as page:  # noqa: S310
            page.read()
        yield f"{settings.base_url.rstrip('/') or addresses.http}/"
        yield f"secretariat: {absolute(demonstration.sign_in_link('secretariat', HAVNSTED))}"
        yield f"operator: {absolute(demonstration.sign_in_link('operator', None))}"
