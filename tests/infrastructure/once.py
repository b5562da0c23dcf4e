"""What is dear to make and only looked at afterwards: made by one of the processes that share the tests."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """What `make` returns for a new folder; in another process of the same run, what it returned there.

    It must be picklable, and nobody may write into the folder. Where `make` fails, the next tries anew.
    """
    base = factory.getbasetemp()
    # Processes of pytest-xdist have folders of their own, side by side.
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = shared / f"{name}.pickle"
        if not result.exists():
            result.write_bytes(pickle.dumps(make(factory.mktemp(name))))
        made: T = pickle.loads(result.read_bytes())  # noqa: S301 - written here, by ourselves
    return made
