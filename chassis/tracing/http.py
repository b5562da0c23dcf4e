"""A span per HTTP request."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.rpc.context import CORRELATION_ID
from chassis.tracing.tracer import Tracing


class TracedRequests:
    """ASGI middleware around everything. The span is named by `Tracing.answered`, once the route is known:
    the path itself may hold a one-time link. `service_of` says whose a path is.
    """

    def __init__(self, app: ASGIApp, *, tracing: Tracing, service_of: Callable[[str], str]) -> None:
        self._app = app
        self._tracing = tracing
        self._service_of = service_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with self._tracing.span(
            self._service_of(scope["path"]),
            "request",
            SpanKind.SERVER,
            {},
            parent=headers.get("traceparent", ""),
            correlation_id=headers.get(CORRELATION_ID, ""),
        ) as active:
            await self._app(scope, receive, send)
            active.municipality = str(scope.get("path_params", {}).get("municipality", ""))
