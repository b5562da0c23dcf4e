"""What the tests of chassis.jobs_process run in a child."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

from chassis.errors import Code, DomainError, FieldViolation

Progress = Callable[[str, Mapping[str, str]], None]


def echo(payload: bytes, progress: Progress) -> bytes:
    print("noise on stdout")  # noqa: T201 - an engine may print what it likes
    progress("half", {"done": "1"})
    progress("whole", {"done": "2"})
    return payload[::-1]


def refuse(payload: bytes, progress: Progress) -> bytes:
    raise DomainError(
        Code.FAILED_PRECONDITION,
        "TARGETS_INFEASIBLE",
        {"size": "36"},
        (FieldViolation("targets[0].min", "MIN_TOO_LARGE", {"pool": "3"}),),
    )


def fail(payload: bytes, progress: Progress) -> bytes:
    raise KeyError("Anna Andersen")


def sleep(payload: bytes, progress: Progress) -> bytes:
    progress("pid", {"pid": str(os.getpid())})
    time.sleep(60)
    return b""


def eat(payload: bytes, progress: Progress) -> bytes:
    return bytes(int(payload))


def die(payload: bytes, progress: Progress) -> bytes:
    os.kill(os.getpid(), signal.Signals(int(payload)))
    return b""


def threads(payload: bytes, progress: Progress) -> bytes:
    return os.environ["OMP_NUM_THREADS"].encode()


def is_parent(payload: bytes, progress: Progress) -> bytes:
    return b"yes" if "pytest" in sys.modules else b"no"
