"""Calls inside one process, without threads and without a socket.

A `grpc.Channel` whose handlers run in the caller's thread: calls that nest over one shared thread pool can
all wait for a thread that none gives back. Requests and answers are serialised both ways, so that nothing
of a service's own leaks, and the same interceptors run, so that a client cannot tell it from TCP
(tests/contract/chassis_rpc holds that). A deadline cannot interrupt a handler in its caller's own thread:
it is told to it, and an answer that comes too late is refused as over TCP.

Unary and server-streaming calls, which are all that the suite's services have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from chassis.rpc.local_call import LocalCall, LocalRpcError
from chassis.rpc.peers import LOCAL_IDENTITY
from chassis.rpc.server import MESSAGE_LIMIT, GrpcServiceRegistration

if TYPE_CHECKING:
    Interceptor = grpc.ServerInterceptor[Any, Any]

Deserializer = Callable[[bytes], Any]
Serializer = Callable[[Any], bytes]


class LocalServer:
    """Holds the handlers that local channels call; services are added to it as to a `grpc.Server`."""

    def __init__(
        self,
        registrations: Sequence[GrpcServiceRegistration] = (),
        interceptors: Sequence[Interceptor] = (),
        *,
        message_limit: int = MESSAGE_LIMIT,
    ) -> None:
        self._handlers: dict[str, Any] = {}
        self._interceptors = tuple(interceptors)
        self.message_limit = message_limit
        for registration in registrations:
            registration.add_to_server(registration.servicer, self)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Any) -> None:
        """Generated code gives each handler twice; the registered ones are kept."""

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Any]) -> None:
        for method, handler in method_handlers.items():
            self._handlers[f"/{service_name}/{method}"] = handler

    def handler(self, method: str, metadata: grpc.Metadata) -> Any:
        """The method's handler within the interceptors; None when there is no such method."""

        def find(details: Any) -> Any:
            return self._handlers.get(details.method)

        for interceptor in reversed(self._interceptors):
            find = _Link(interceptor, find)
        return find(_Details(method, metadata))

    def channel(self, service: str = "") -> grpc.Channel:
        """`service` is who calls over it: handlers see that neighbour, unless a call brings a token."""
        return _LocalChannel(self, service)


@dataclass(frozen=True, slots=True)
class _Link:
    interceptor: Interceptor
    continuation: Callable[[Any], Any]

    def __call__(self, details: Any) -> Any:
        return self.interceptor.intercept_service(self.continuation, details)


class _Details(grpc.HandlerCallDetails):
    def __init__(self, method: str, invocation_metadata: grpc.Metadata) -> None:
        self.method = method
        self.invocation_metadata = invocation_metadata


@dataclass(slots=True)
class _State:
    """One call: what the server has said of it so far."""

    metadata: grpc.Metadata
    deadline: float
    service: str = ""
    code: grpc.StatusCode | None = None
    details: str = ""
    cancelled: bool = False
    initial: grpc.Metadata = ()
    trailing: grpc.Metadata = ()
    callbacks: list[Callable[[], None]] | None = field(default_factory=list)

    def finish(self) -> None:
        callbacks, self.callbacks = self.callbacks or [], None
        for callback in callbacks:
            callback()

    def error(self, code: grpc.StatusCode, details: str) -> LocalRpcError:
        return LocalRpcError(code, details, self.initial, self.trailing)


class LocalContext(grpc.ServicerContext):
    """The servicer's side of a local call."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        if code is grpc.StatusCode.OK:
            code, details = grpc.StatusCode.UNKNOWN, ""
        self._state.code, self._state.details = code, details
        # grpc's own server raises a bare Exception here, and handlers are written for that.
        raise Exception

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        self._state.trailing = tuple(status.trailing_metadata)
        self.abort(status.code, status.details)

    def set_code(self, code: grpc.StatusCode) -> None:
        self._state.code = code

    def set_details(self, details: str) -> None:
        self._state.details = details

    def code(self) -> grpc.StatusCode | None:
        return self._state.code

    def details(self) -> str:
        return self._state.details

    def invocation_metadata(self) -> grpc.Metadata:
        return self._state.metadata

    def send_initial_metadata(self, initial_metadata: grpc.Metadata) -> None:
        self._state.initial = tuple(initial_metadata)

    def set_trailing_metadata(self, trailing_metadata: grpc.Metadata) -> None:
        self._state.trailing = tuple(trailing_metadata)

    def trailing_metadata(self) -> grpc.Metadata:
        return self._state.trailing

    def time_remaining(self) -> float:
        return max(self._state.deadline - time.monotonic(), 0)

    def is_active(self) -> bool:
        return not self._state.cancelled and self._state.callbacks is not None

    def cancel(self) -> None:
        self._state.cancelled = True

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if self._state.callbacks is None:
            return False
        self._state.callbacks.append(callback)
        return True

    def peer(self) -> str:
        return "local"

    def peer_identities(self) -> Sequence[bytes] | None:
        return (self._state.service.encode(),) if self._state.service else None

    def peer_identity_key(self) -> str | None:
        return LOCAL_IDENTITY if self._state.service else None

    def auth_context(self) -> Mapping[str, bytes]:
        return {}

    def set_compression(self, compression: grpc.Compression) -> None:
        """Nothing travels, so nothing is compressed."""

    def disable_next_message_compression(self) -> None:
        """Nothing travels, so nothing is compressed."""


class _Method:
    """What both shapes of call share: the request's way in, the answer's way out, the call's end."""

    def __init__(
        self,
        server: LocalServer,
        service: str,
        method: str,
        serialize: Serializer | None,
        deserialize: Deserializer | None,
    ) -> None:
        self._server = server
        self._service = service
        self._method = method
        self._serialize = serialize
        self._deserialize = deserialize

    def _begin(self, timeout: float | None, metadata: grpc.Metadata | None) -> _State:
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        return _State(tuple(metadata or ()), deadline, self._service)

    def _enter(self, request: Any, state: _State, *, streaming: bool) -> tuple[Any, Any]:
        """The handler and the request as it reads it."""
        sent = request if self._serialize is None else self._serialize(request)
        if state.deadline <= time.monotonic():
            raise state.error(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        handler = self._server.handler(self._method, state.metadata)
        if handler is None or handler.request_streaming or handler.response_streaming is not streaming:
            raise state.error(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        self._check_size(sent, state)
        try:
            received = sent if handler.request_deserializer is None else handler.request_deserializer(sent)
        except Exception:
            raise state.error(grpc.StatusCode.INTERNAL, "Exception deserializing request!") from None
        return handler, received

    def _answer(self, message: Any, handler: Any, state: _State) -> Any:
        """One message as the client reads it."""
        try:
            sent = message if handler.response_serializer is None else handler.response_serializer(message)
        except Exception:
            raise state.error(grpc.StatusCode.INTERNAL, "Failed to serialize response!") from None
        self._check_size(sent, state)
        return sent if self._deserialize is None else self._deserialize(sent)

    def _check_size(self, message: bytes, state: _State) -> None:
        limit = self._server.message_limit
        if len(message) > limit:
            words = f"message larger than max ({len(message)} vs. {limit})"
            raise state.error(grpc.StatusCode.RESOURCE_EXHAUSTED, words)

    def _check_end(self, state: _State) -> None:
        """Raise what ended the call, unless it ended well."""
        if state.cancelled:
            raise state.error(grpc.StatusCode.CANCELLED, "Cancelled")
        if time.monotonic() >= state.deadline:
            raise state.error(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        if state.code not in (None, grpc.StatusCode.OK):
            raise state.error(state.code, state.details)

    def _failed(self, state: _State) -> LocalRpcError:
        """What the client gets for an exception that came out of a handler: never its text."""
        if state.code is not None:
            return state.error(state.code, state.details)
        return state.error(grpc.StatusCode.UNKNOWN, "Exception calling application")


if TYPE_CHECKING:
    _UnaryUnaryBase = grpc.UnaryUnaryMultiCallable[Any, Any]
    _UnaryStreamBase = grpc.UnaryStreamMultiCallable[Any, Any]
else:
    _UnaryUnaryBase = grpc.UnaryUnaryMultiCallable
    _UnaryStreamBase = grpc.UnaryStreamMultiCallable


class _UnaryUnary(_Method, _UnaryUnaryBase):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: grpc.Metadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        return self._call(request, timeout, metadata)[0]

    def with_call(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: grpc.Metadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> tuple[Any, grpc.Call]:
        response, state = self._call(request, timeout, metadata)
        return response, LocalCall(response, state.initial, state.trailing)

    def future(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: grpc.Metadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """The call runs now; the future is done when it comes back."""
        try:
            response, state = self._call(request, timeout, metadata)
        except LocalRpcError as error:
            return error
        return LocalCall(response, state.initial, state.trailing)

    def _call(
        self, request: Any, timeout: float | None, metadata: grpc.Metadata | None
    ) -> tuple[Any, _State]:
        state = self._begin(timeout, metadata)
        try:
            handler, received = self._enter(request, state, streaming=False)
            try:
                answer = handler.unary_unary(received, LocalContext(state))
            except Exception:
                self._check_late(state)
                raise self._failed(state) from None
            self._check_end(state)
            return self._answer(answer, handler, state), state
        finally:
            state.finish()

    def _check_late(self, state: _State) -> None:
        if time.monotonic() >= state.deadline:
            raise state.error(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded") from None


class _UnaryStream(_Method, _UnaryStreamBase):
    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: grpc.Metadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        state = self._begin(timeout, metadata)
        return LocalStream(self._messages(request, state), state)

    def _messages(self, request: Any, state: _State) -> Generator[Any, None, None]:
        try:
            handler, received = self._enter(request, state, streaming=True)
            answers = self._guard(handler.unary_stream, received, state)
            try:
                for answer in answers:
                    if state.cancelled or time.monotonic() >= state.deadline:
                        break
                    yield self._answer(answer, handler, state)
            finally:
                answers.close()
            self._check_end(state)
        finally:
            state.finish()

    def _guard(self, behaviour: Any, received: Any, state: _State) -> Generator[Any, None, None]:
        """The handler's answers. What it raises becomes the call's end, a failed call of its own included."""
        try:
            yield from behaviour(received, LocalContext(state))
        except Exception:
            raise self._failed(state) from None


class LocalStream(grpc.Call):
    """The client's side of a server-streaming call: the handler runs on as the client iterates.

    Code and trailer stand once the iteration is over.
    """

    def __init__(self, messages: Generator[Any, None, None], state: _State) -> None:
        self._messages = messages
        self._state = state
        self._end: LocalRpcError | None = None
        self._over = False

    def __iter__(self) -> LocalStream:
        return self

    def __next__(self) -> Any:
        if self._end is not None:
            raise self._end
        try:
            return next(self._messages)
        except StopIteration:
            self._over = True
            raise
        except LocalRpcError as error:
            self._over, self._end = True, error
            raise

    def cancel(self) -> None:
        if not self._over:
            self._state.cancelled = True
            self._messages.close()
            self._over, self._end = True, self._state.error(grpc.StatusCode.CANCELLED, "Cancelled")

    def code(self) -> grpc.StatusCode:
        return self._end.code() if self._end else grpc.StatusCode.OK

    def details(self) -> str:
        return self._end.details() if self._end else ""

    def initial_metadata(self) -> grpc.Metadata:
        return self._state.initial

    def trailing_metadata(self) -> grpc.Metadata:
        return self._state.trailing

    def is_active(self) -> bool:
        return not self._over

    def time_remaining(self) -> float:
        return max(self._state.deadline - time.monotonic(), 0)

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if self._state.callbacks is None:
            return False
        self._state.callbacks.append(callback)
        return True


class _LocalChannel(grpc.Channel):
    def __init__(self, server: LocalServer, service: str) -> None:
        self._server = server
        self._service = service

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool | None = False,
    ) -> grpc.UnaryUnaryMultiCallable[Any, Any]:
        return _UnaryUnary(self._server, self._service, method, request_serializer, response_deserializer)

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool | None = False,
    ) -> grpc.UnaryStreamMultiCallable[Any, Any]:
        return _UnaryStream(self._server, self._service, method, request_serializer, response_deserializer)

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool | None = False,
    ) -> NoReturn:
        raise NotImplementedError("a local channel carries unary and server-streaming calls")

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool | None = False,
    ) -> NoReturn:
        raise NotImplementedError("a local channel carries unary and server-streaming calls")

    def subscribe(
        self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool | None = False
    ) -> None:
        callback(grpc.ChannelConnectivity.READY)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        """It said READY once and never says anything else."""

    def close(self) -> None:
        """There is no connection to close."""

    def __enter__(self) -> _LocalChannel:
        return self

    def __exit__(self, *_: object) -> None:
        """There is no connection to close."""
