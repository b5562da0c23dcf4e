"""`borgerting serve`: the suite in the foreground until it is told to stop."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from chassis.alone import make_broker
from chassis.app import Descriptor
from chassis.config import SuiteSettings
from chassis.events.ports import Broker
from chassis.log import configure
from chassis.suite import Suite

_ALLOCATIONS = 20_000
"""Objects more than before until the collector looks for cycles among the young: about a page's."""


def serve_until_signal(
    settings: SuiteSettings,
    descriptors: Mapping[str, Descriptor],
    *,
    alone: str | None = None,
    broker: Callable[[SuiteSettings], Broker] = make_broker,
) -> None:
    """Start all services, or the one that runs `alone`, print the ready line, wait for SIGTERM or SIGINT,
    drain; where something did not end in its time, the process is ended here. `broker` makes what carries
    events. Call it before starting any thread. Once all is loaded the garbage collector is on, and rare.
    """
    configure(settings.log_level)
    stop = _stop_on_signal()
    suite = Suite(settings, descriptors, alone=alone, broker=broker)
    addresses = suite.start()
    # What was loaded until now stays until the end: the collector need not look at it time and again.
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
    gc.enable()
    tls = f" tls={addresses.tls}" if addresses.tls else ""
    sys.stdout.write(f"ready http={addresses.http}/ grpc={addresses.grpc} ops={addresses.ops}{tls}\n")
    sys.stdout.flush()
    stop.wait()
    if not suite.stop():
        # What did not end in its time waits for what may never come. It is resumed at the next start, and its
        # threads must neither hold up the end nor write while the interpreter goes.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _stop_on_signal() -> threading.Event:
    """What is set at the first SIGTERM or SIGINT; the second ends the process at once.

    Both are blocked in every thread but one that waits for them. A handler would not do: Python runs it in
    the main thread, which nothing wakes when the system happens to deliver the signal to another one.
    """
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    stop = threading.Event()

    def wait() -> None:
        signal.sigwait(signals)
        stop.set()
        signal.sigwait(signals)
        os._exit(1)  # asked twice: what is under way is resumed at the next start

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop
