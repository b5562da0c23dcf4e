"""The trace that the work at hand belongs to, in W3C's words; empty where nobody traces.

Nothing here needs OpenTelemetry: whoever traces (chassis.tracing) puts it in, and what outlives a request (an
event, a job) takes it along from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chassis.events.envelope import Envelope
    from chassis.jobs import Job

_TRACE_PARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str] = ContextVar("trace_parent", default="")


def trace_parent() -> str:
    """`traceparent` of the span at hand (https://www.w3.org/TR/trace-context/), "" without one."""
    return _current.get()


def trace_id() -> str:
    """Its trace's id, 32 hexadecimal digits; "" without one."""
    return _current.get()[3:35]


def valid_trace_parent(text: str) -> str:
    """`text` where it is one of the version that we write, else ""."""
    return text if _TRACE_PARENT.fullmatch(text) else ""


@contextmanager
def within(text: str) -> Iterator[None]:
    """What this thread (or task) does in this block belongs to that span."""
    token = _current.set(text)
    try:
        yield
    finally:
        _current.reset(token)


class WorkTracing(Protocol):
    """What events and jobs are traced by (chassis.tracing); whoever has none traces nothing."""

    def sent(self, service: str, envelope: Envelope, created: datetime) -> None:
        """An event left the outbox, in which it was since `created`."""

    def handling(self, service: str, consumer: str, envelope: Envelope) -> AbstractContextManager[None]:
        """Around an event's effect."""

    def working(self, service: str, job: Job) -> AbstractContextManager[Callable[[str], None]]:
        """Around a run of work; it gives what is told the outcome."""
