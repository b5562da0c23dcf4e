"""Spans: begun as children of the work at hand, named by what is done and never by who does it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from os import getpid
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from chassis.log import bound
from chassis.trace_context import trace_parent, valid_trace_parent, within

if TYPE_CHECKING:
    from chassis.events.envelope import Envelope
    from chassis.jobs import Job

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_OUR_FAULT = frozenset(
    {"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED", "UNIMPLEMENTED"}
)

Attributes = Mapping[str, str | int]


@dataclass(slots=True)
class Active:
    """A span at work. `municipality` is said at its end, and only when nothing was refused: until then it is
    what somebody typed.
    """

    span: Span
    municipality: str = ""
    refused: bool = False

    @property
    def trace_parent(self) -> str:
        at = self.span.get_span_context()
        return f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"

    def failed(self, kind: str) -> None:
        """`kind` is a code or an exception's class, never its text."""
        self.refused = True
        self.span.set_attribute("error.type", kind)
        self.span.set_status(StatusCode.ERROR)

    def end(self, at: int | None = None) -> None:
        if self.municipality and not self.refused and _SLUG.fullmatch(self.municipality):
            self.span.set_attribute("borgerting.municipality", self.municipality)
        self.span.end(at)


_active: ContextVar[Active | None] = ContextVar("borgerting_span", default=None)
_wanted: ContextVar[str] = ContextVar("borgerting_trace_id", default="")


class _Ids(RandomIdGenerator):
    """A trace without a parent takes its id from the correlation id, where that has a trace id's form."""

    def generate_trace_id(self) -> int:
        wanted = _wanted.get()
        return int(wanted, 16) if wanted else super().generate_trace_id()

    def is_trace_id_random(self) -> bool:
        return False  # a client may have chosen it


class Tracing:
    """`processor` takes finished spans; `ratio` is the share of traces that is kept: decided by a trace's id,
    and so alike in all services, whatever a caller wants.
    """

    def __init__(self, processor: SpanProcessor, ratio: float = 1.0) -> None:
        self._processor = processor
        by_ratio = TraceIdRatioBased(ratio)
        self._sampler = ParentBased(by_ratio, remote_parent_sampled=by_ratio)
        self._tracers: dict[str, Tracer] = {}

    @contextmanager
    def span(
        self,
        service: str,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        *,
        parent: str | None = None,
        correlation_id: str = "",
    ) -> Iterator[Active]:
        """A span around the block, and the work at hand in it. `parent` is a `traceparent` that came from
        elsewhere ("": none came); None: of the work at hand. An exception marks it as failed, by its class.
        """
        active = self.begin(service, name, kind, attributes, parent=parent, correlation_id=correlation_id)
        try:
            with self.at_hand(active):
                yield active
        except BaseException as error:
            active.failed(type(error).__qualname__)
            raise
        finally:
            active.end()

    def begin(
        self,
        service: str,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        *,
        parent: str | None = None,
        correlation_id: str = "",
        start: datetime | None = None,
    ) -> Active:
        """As `span`; whoever calls it ends it."""
        token = _wanted.set(correlation_id if _TRACE_ID.fullmatch(correlation_id) else "")
        try:
            span = self._tracer(service).start_span(
                name,
                context=_context(parent),
                kind=kind,
                attributes=dict(attributes),
                start_time=None if start is None else int(start.timestamp() * 1e9),
            )
        finally:
            _wanted.reset(token)
        return Active(span)

    @contextmanager
    def at_hand(self, active: Active) -> Iterator[None]:
        """What is done in this block belongs to it: spans, events, jobs, lines of log."""
        token = _active.set(active)
        try:
            with within(active.trace_parent), bound(trace_id=active.trace_parent[3:35]):
                yield
        finally:
            _active.reset(token)

    def answered(self, surface: str, method: str, code: str) -> dict[str, str] | None:
        """A request or call is over: complete its span. The exemplar for its duration, None for none."""
        active = _active.get()
        if active is None:
            return None
        span = active.span
        span.set_attribute("borgerting.surface", surface)
        if surface == "grpc":
            span.set_attribute("rpc.response.status_code", code)
            active.refused = code != "OK"
            fault = code in _OUR_FAULT
        else:
            span.update_name(method)
            verb, _, route = method.partition(" ")
            span.set_attribute("http.request.method", verb)
            span.set_attribute("http.route", route)
            # 0 is what nobody was answered: the connection broke.
            span.set_attribute("http.response.status_code", int(code))
            active.refused = not 200 <= int(code) < 400
            fault = not 0 < int(code) < 500
        if fault:
            active.failed(code)
        at = span.get_span_context()
        return {"trace_id": f"{at.trace_id:032x}"} if at.trace_flags.sampled else None

    @contextmanager
    def handling(self, service: str, consumer: str, envelope: Envelope) -> Iterator[None]:
        """An event's effect, as a child of what told it."""
        attributes = {
            **_message(envelope),
            "messaging.operation.type": "process",
            "messaging.operation.name": "handle",
            "messaging.consumer.group.name": consumer,
        }
        name = f"handle {envelope.type.rpartition('.')[2]}"
        with self.span(
            service,
            name,
            SpanKind.CONSUMER,
            attributes,
            parent=envelope.trace_parent,
            correlation_id=envelope.correlation_id,
        ) as active:
            active.municipality = envelope.municipality
            yield

    def sent(self, service: str, envelope: Envelope, created: datetime) -> None:
        """An event left the outbox: how long it waited there."""
        if not envelope.trace_parent:
            return
        attributes = {
            **_message(envelope),
            "messaging.operation.type": "send",
            "messaging.operation.name": "send",
        }
        active = self.begin(
            service,
            f"send {envelope.type.rpartition('.')[2]}",
            SpanKind.PRODUCER,
            attributes,
            parent=envelope.trace_parent,
            start=created,
        )
        active.municipality = envelope.municipality
        active.end()

    @contextmanager
    def working(self, service: str, job: Job) -> Iterator[Callable[[str], None]]:
        """A run of work, as a child of what asked for it. What it gives is told the outcome."""
        attributes: Attributes = {"borgerting.job.kind": job.kind, "borgerting.job.attempt": job.attempts}
        with self.span(
            service,
            f"work {job.kind}",
            SpanKind.CONSUMER,
            attributes,
            parent=job.trace_parent,
            correlation_id=job.correlation_id,
        ) as active:
            active.municipality = job.municipality

            def outcome(came: str) -> None:
                active.span.set_attribute("borgerting.job.outcome", came)
                if came in ("FAILED", "LOST"):
                    active.span.set_status(StatusCode.ERROR)

            yield outcome

    def _tracer(self, service: str) -> Tracer:
        known = self._tracers.get(service)
        if known is None:
            # A resource each, though they share a process: a trace shows them as the services that they are.
            resource = Resource.create(
                {
                    "service.name": service,
                    "service.namespace": "borgerting",
                    "service.version": version("borgerting"),
                    "service.instance.id": f"{socket.gethostname()}:{getpid()}",
                }
            )
            provider = TracerProvider(
                sampler=self._sampler, resource=resource, id_generator=_Ids(), shutdown_on_exit=False
            )
            provider.add_span_processor(self._processor)
            known = self._tracers[service] = provider.get_tracer("borgerting", version("borgerting"))
        return known


def _context(given: str | None) -> Context:
    parent = trace_parent() if given is None else valid_trace_parent(given)
    if not parent:
        return Context()
    flags = TraceFlags(int(parent[53:], 16))
    at = SpanContext(int(parent[3:35], 16), int(parent[36:52], 16), given is not None, flags)
    return set_span_in_context(NonRecordingSpan(at), Context())


def _message(envelope: Envelope) -> dict[str, str]:
    return {
        "messaging.system": "borgerting",
        "messaging.destination.name": envelope.topic,
        "messaging.message.id": str(envelope.id),
    }
