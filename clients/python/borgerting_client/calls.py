"""What goes with every call, and what is made of its failure."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from borgerting_client.errors import BorgertingError

if TYPE_CHECKING:
    _Interceptor = grpc.UnaryUnaryClientInterceptor[Any, Any]
else:
    _Interceptor = grpc.UnaryUnaryClientInterceptor


class EveryCall(_Interceptor):
    """Adds token, language, deadline and request id; waits when the suite asks to; raises BorgertingError.

    All calls of the suite have one request and one answer. Whatever the caller gives a call of its own
    (`timeout=`, `metadata=`, a request_id) stands. What `.future()` gives raises BorgertingError from its
    `result()`, too, however soon the answer comes; a late refusal is not tried again.
    """

    def __init__(self, token: str | Callable[[], str] | None, language: str, timeout: float) -> None:
        self._token = token
        self._language = language
        self._timeout = timeout

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        request = with_request_id(request)
        timeout = client_call_details.timeout
        end = time.monotonic() + (self._timeout if timeout is None else timeout)
        while True:
            left = max(end - time.monotonic(), 0.0)
            outcome = continuation(self._details(client_call_details, left), request)
            if not outcome.done():
                return _Awaited(outcome, getattr(request, "request_id", ""))
            failure = outcome.exception()
            if not isinstance(failure, grpc.RpcError):
                return outcome
            refusal = BorgertingError.of(failure, getattr(request, "request_id", ""))
            pause = refusal.retry_delay
            if refusal.code is not grpc.StatusCode.RESOURCE_EXHAUSTED or pause is None:
                raise refusal from failure
            if pause >= end - time.monotonic():
                raise refusal from failure
            time.sleep(pause)

    def _details(self, given: Any, timeout: float) -> _Details:
        metadata = list(given.metadata or ())
        named = {key for key, _ in metadata}
        if "accept-language" not in named:
            metadata.append(("accept-language", self._language))
        if self._token is not None and "authorization" not in named:
            token = self._token() if callable(self._token) else self._token
            metadata.append(("authorization", f"Bearer {token}"))
        return _Details(
            given.method, timeout, metadata, given.credentials, given.wait_for_ready, given.compression
        )


def with_request_id(request: Any) -> Any:
    """The request with an id of its own where it has room for one and none yet: a copy, since the same
    message may be sent again as another request.
    """
    if "request_id" not in request.DESCRIPTOR.fields_by_name or request.request_id:
        return request
    copy = type(request)()
    copy.CopyFrom(request)
    copy.request_id = str(uuid.uuid4())
    return copy


class _Awaited:
    """What `.future()` gives while there is no answer yet: gRPC's future, with our error."""

    def __init__(self, future: Any, request_id: str) -> None:
        self._future = future
        self._request_id = request_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._future, name)

    def result(self, timeout: float | None = None) -> Any:
        try:
            return self._future.result(timeout)
        except grpc.RpcError as failure:
            raise BorgertingError.of(failure, self._request_id) from failure

    def exception(self, timeout: float | None = None) -> Exception | None:
        failure: Exception | None = self._future.exception(timeout)
        return (
            BorgertingError.of(failure, self._request_id) if isinstance(failure, grpc.RpcError) else failure
        )

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._future.add_done_callback(lambda _: callback(self))


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any
