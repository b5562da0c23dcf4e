"""Starts services by forking a process that has all of them loaded: a restart costs what building and
connecting cost, not the second that importing takes, so that a thousand can be afforded.

    python -m tests.infrastructure.nursery MODULE

What is forked calls MODULE's `serve` with the service's name, on the settings of its environment: the
production's own entry, as it is (tests.e2e.assembly.serving) or with steps between its parts
(tests.faults.composition).

Over stdin comes one line of JSON per start: {"name", "environment", "log"}; over stdout goes the pid of each.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import sys
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_WITHOUT = (".migrations", ".testing", ".lottery", ".invitation", ".representation", ".rotation", ".dropout")


def load_everything(entry: str) -> None:
    """Import what services import when they are built, but for the engines, which run elsewhere."""
    for name in ("chassis", "services"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.endswith("__main__") and not any(part in found.name for part in _WITHOUT):
                importlib.import_module(found.name)
    for name in ("psycopg", "kafka", "uvicorn.loops.auto", "uvicorn.protocols.http.auto"):
        importlib.import_module(name)
    importlib.import_module("sqlalchemy.dialects.postgresql.psycopg")
    importlib.import_module(entry)


def _serve(entry: str, order: dict[str, Any]) -> NoReturn:
    """The child's whole life."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.clear()
        os.environ.update(order["environment"])
        importlib.import_module(entry).serve(order["name"])
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main(entry: str) -> None:
    gc.disable()
    load_everything(entry)
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        print("loaded", flush=True)  # noqa: T201 - what the parent waits for
        rest = b""
        while True:
            if selector.select(0.2):
                more = os.read(0, 1 << 16)
                if not more:
                    return
                *lines, rest = (rest + more).split(b"\n")
                for line in lines:
                    order = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        selector.close()
                        _serve(entry, order)
                    print(pid, flush=True)  # noqa: T201 - the answer
            _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main(sys.argv[1])
