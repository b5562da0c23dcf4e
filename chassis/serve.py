"""`borgerting serve`: the suite in the foreground until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType

from chassis.app import Descriptor
from chassis.config import SuiteSettings
from chassis.log import configure
from chassis.suite import Suite


def serve_until_signal(settings: SuiteSettings, descriptors: Mapping[str, Descriptor]) -> None:
    """Start, print the ready line, wait for SIGTERM or SIGINT, drain. The main thread only."""
    configure(settings.log_level)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)  # asked twice: at once; what is under way is resumed at the next start
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    suite = Suite(settings, descriptors)
    addresses = suite.start()
    sys.stdout.write(f"ready http={addresses.http}/ grpc={addresses.grpc} ops={addresses.ops}\n")
    sys.stdout.flush()
    stop.wait()
    suite.stop()
