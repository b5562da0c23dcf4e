"""Waiting for what comes by event."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120.0  # a ceiling for busy machines


def until(holds: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.1)
