"""A span per gRPC call, at both ends, in the process and over TCP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from opentelemetry.trace import SpanKind

from chassis.rpc.context import CORRELATION_ID
from chassis.rpc.interception import CallDetails, UnaryInterceptor, changed
from chassis.tracing.tracer import Active, Tracing

_TRACE_PARENT = "traceparent"
_NAME = re.compile(r"municipalities/([^/]{1,63})(?:/.*)?", re.DOTALL)

Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class TracedServer:
    """Wraps what answers a method. `owner` says whose a method is."""

    def __init__(self, tracing: Tracing, owner: Callable[[str], str]) -> None:
        self._tracing = tracing
        self._owner = owner

    def single(self, method: str, behaviour: Behaviour) -> Behaviour:
        def traced(request: Any, context: grpc.ServicerContext) -> Any:
            # What is raised here is a refusal, whose code `Tracing.answered` hears.
            active = self._begin(method, request, context)
            try:
                with self._tracing.at_hand(active):
                    return behaviour(request, context)
            finally:
                active.end()

        return traced

    def stream(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Whoever iterates shares its context variables with the handler, which has the span at hand only
        while it makes an answer.
        """

        def traced(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            active = self._begin(method, request, context)
            answers = behaviour(request, context)
            try:
                while True:
                    with self._tracing.at_hand(active):
                        answer = next(answers, _END)
                    if answer is _END:
                        return
                    yield answer
            finally:
                with self._tracing.at_hand(active):
                    answers.close()
                active.end()

        return traced

    def _begin(self, method: str, request: Any, context: grpc.ServicerContext) -> Active:
        parent = correlation_id = ""
        for key, value in context.invocation_metadata():
            if key == _TRACE_PARENT:
                parent = str(value)
            elif key == CORRELATION_ID:
                correlation_id = str(value)
        active = self._tracing.begin(
            self._owner(method),
            method.removeprefix("/"),
            SpanKind.SERVER,
            _attributes(method),
            parent=parent,
            correlation_id=correlation_id,
        )
        active.municipality = _municipality(request)
        return active


_END = object()


def traced_channel(channel: grpc.Channel, tracing: Tracing, caller: str) -> grpc.Channel:
    """`channel` with a span of the service `caller` around each call, which bears it along as `traceparent`.
    Unary calls, which are all that neighbours have.
    """
    return grpc.intercept_channel(channel, _Calls(tracing, caller))


class _Calls(UnaryInterceptor):
    def __init__(self, tracing: Tracing, caller: str) -> None:
        self._tracing = tracing
        self._caller = caller

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        active, details = self._begin(client_call_details)
        with self._tracing.at_hand(active):
            call = continuation(details, request)
        if call.done():
            _ended(active, call)
        else:
            call.add_done_callback(lambda call: _ended(active, call))
        return call

    def _begin(self, details: Any) -> tuple[Active, CallDetails]:
        method = details.method if isinstance(details.method, str) else details.method.decode()
        active = self._tracing.begin(
            self._caller, method.removeprefix("/"), SpanKind.CLIENT, _attributes(method)
        )
        metadata = (*(details.metadata or ()), (_TRACE_PARENT, active.trace_parent))
        return active, changed(details, metadata, details.timeout)


def _ended(active: Active, call: Any) -> None:
    code = call.code()
    name = "OK" if code is None else code.name
    active.span.set_attribute("rpc.response.status_code", name)
    if name != "OK":
        active.failed(name)
    active.end()


def _attributes(method: str) -> dict[str, str]:
    return {"rpc.system.name": "grpc", "rpc.method": method.removeprefix("/")}


def _municipality(request: Any) -> str:
    """Whose the named resource is."""
    for field in ("name", "parent"):
        found = _NAME.fullmatch(str(getattr(request, field, "")))
        if found:
            return found[1]
    return ""
