"""A real OTLP receiver: a gRPC server that takes spans as a collector does, and keeps them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Span:
    """One span as it was sent; ids in hexadecimal digits, `parent` "" for a root."""

    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: str
    failed: bool
    seconds: float
    attributes: dict[str, Any]


class Collector(pb_grpc.TraceServiceServicer):
    """`text` is everything that was sent, to look for what must not be in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Span] = []
        self._texts: list[str] = []
        self.address = ""

    def Export(
        self, request: pb.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        found = [
            _span(span, {one.key: one.value.string_value for one in group.resource.attributes})
            for group in request.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._spans += found
            self._texts.append(str(request))
        return pb.ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Span]:
        with self._lock:
            return list(self._spans)

    @property
    def text(self) -> str:
        with self._lock:
            return "".join(self._texts)

    def trace(self, trace: str) -> list[Span]:
        return [one for one in self.spans if one.trace == trace]

    def only(self, name: str, seconds: float = 30.0) -> Span:
        """The one span of that name, once it came: they are sent some seconds after they ended."""
        end = time.monotonic() + seconds
        while not (found := [one for one in self.spans if one.name == name]):
            assert time.monotonic() < end, f"no span {name}"
            time.sleep(0.1)
        [span] = found
        return span

    def until(self, found: Callable[[list[Span]], bool], trace: str, seconds: float = 30.0) -> list[Span]:
        """The trace's spans once `found` holds of them. Raises AssertionError with those that came."""
        end = time.monotonic() + seconds
        while not found(spans := self.trace(trace)):
            names = sorted(f"{one.service}: {one.name} ({one.kind})" for one in spans)
            assert time.monotonic() < end, "\n".join(names)
            time.sleep(0.1)
        return spans


def _span(span: SentSpan, resource: dict[str, str]) -> Span:
    return Span(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        service=resource["service.name"],
        name=span.name,
        kind=SentSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        attributes={
            one.key: one.value.string_value if one.value.HasField("string_value") else one.value.int_value
            for one in span.attributes
        },
    )


@contextmanager
def running_collector() -> Iterator[Collector]:
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    pb_grpc.add_TraceServiceServicer_to_server(collector, server)
    collector.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(0).wait()
