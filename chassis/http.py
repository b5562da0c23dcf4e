"""What every HTTP request passes, page or API:

correlation id, a last net for exceptions, metrics, a line of log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.context import correlation_id_from
from chassis.log import Routine, bound
from chassis.rpc.context import CORRELATION_ID
from chassis.rpc.interceptors import new_incident, trace_without_text

_log = structlog.get_logger("chassis.http")
_REQUEST = Routine("chassis.http", "request")


class RequestObserver(Protocol):
    def __call__(self, path: str, method: str, route: str, status: int, seconds: float) -> None:
        """One request is over.

        `route` is the template (`/sortition/{municipality}`), "" when none matched.
        """


class Requests:
    """ASGI middleware, outermost. `failure` makes the answer to an exception that nobody handled. While it is
    `leaving` each answer is its connection's last, so that the next request is made to another process.

    Such an exception is logged without its text, which may hold what a person typed, and is not raised on:
    the server would log it with it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        failure: Callable[[Request, str], Response],
        observe: RequestObserver | None = None,
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        self._app = app
        self._leaving = leaving
        self._failure = failure
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        # FastAPI answers GET only; whoever asks for the head of a page gets its headers.
        head_only = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head_only else scope
        correlation_id = correlation_id_from(Headers(scope=scope).get(CORRELATION_ID))
        inner.setdefault("state", {})["correlation_id"] = correlation_id
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_ID] = correlation_id
                if self._leaving():
                    headers["connection"] = "close"
            elif head_only and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        with bound(correlation_id=correlation_id):
            try:
                await self._app(inner, receive, noting)
            except Exception as error:
                incident = new_incident()
                _log.error("request failed", incident=incident, **trace_without_text(error))
                if status:
                    raise ConnectionAbortedError("the answer broke off") from None
                response = self._failure(Request(inner, receive), incident)
                await response(inner, receive, noting)
            finally:
                seconds = time.perf_counter() - started
                route = _route(inner)
                if self._observe is not None:
                    self._observe(scope["path"], scope["method"], route, status, seconds)
                # The path may hold a one-time link's secret; the route does not.
                _REQUEST.write(
                    method=scope["method"],
                    route=f"{inner.get('root_path', '')}{route}",
                    status=status,
                    milliseconds=round(seconds * 1000, 3),
                )


def _route(scope: Scope) -> str:
    """The template of the matched route, prefix included; "" when none matched."""
    # A router that FastAPI includes keeps its own short path on the route and the whole one here.
    whole = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path: str = getattr(whole, "path_format", "") or getattr(whole, "path", "")
    return path
