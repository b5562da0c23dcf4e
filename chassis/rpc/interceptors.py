"""What every call passes: correlation id, authentication, errors, deadline, metrics, one line of log."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import grpc
import structlog

from chassis.auth.principal import NOBODY, Principal, service_principal
from chassis.auth.tokens import TokenVerifier
from chassis.context import Caller, correlation_id_from
from chassis.errors import Code, DomainError
from chassis.log import Routine, bound
from chassis.patience import within
from chassis.rpc.context import CORRELATION_ID, CallContext
from chassis.rpc.peers import calling_service
from chassis.rpc.status import INTERNAL_REASON, status_of, status_of_other
from chassis.words import Describe, language_from

_log = structlog.get_logger("chassis.rpc")
_CALL = Routine("chassis.rpc", "call")
_MOST_METHODS = 1000
_ANSWER_SECONDS = 0.3
"""Kept of a call's time for its answer to arrive."""

Q = TypeVar("Q")
A = TypeVar("A")
Continuation = Callable[[grpc.HandlerCallDetails], "grpc.RpcMethodHandler[Q, A] | None"]


class CallObserver(Protocol):
    def __call__(self, method: str, code: str, seconds: float) -> None:
        """One call is over. `method` is `/package.Service/Method`, `code` a gRPC code's name."""


def observe_nothing(method: str, code: str, seconds: float) -> None:
    """The CallObserver of who counts nothing."""


if TYPE_CHECKING:
    from chassis.limits.calls import CallLimits
    from chassis.tracing.rpc import TracedServer

    _ServerInterceptor = grpc.ServerInterceptor[Any, Any]
else:
    _ServerInterceptor = grpc.ServerInterceptor


class CallInterceptor(_ServerInterceptor):
    """Wraps each handler, on the TCP server and on the local channel alike.

    The handler gets a CallContext. A DomainError becomes a google.rpc.Status; any other exception INTERNAL
    with an incident id and nothing else, its trace logged without its text, which may hold what a person
    typed. `neighbours` lists by a gRPC service's full name which of our services may call it; it may be
    filled after this is made. What neighbours ask as themselves is not limited: it was where it began.
    """

    def __init__(
        self,
        verifier: TokenVerifier,
        describe: Describe,
        observe: CallObserver = observe_nothing,
        *,
        neighbours: Mapping[str, frozenset[str]] | None = None,
        tracing: TracedServer | None = None,
        limits: CallLimits | None = None,
        time_source: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._tracing = tracing
        self._limits = limits
        self._verifier = verifier
        self._describe = describe
        self._observe = observe
        self._neighbours = {} if neighbours is None else neighbours
        self._time = time_source
        self._wrapped: dict[tuple[str, int], tuple[Any, Any]] = {}

    def intercept_service(
        self, continuation: Continuation[Q, A], handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Q, A] | None:
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        # A server gives the same handler at every call; it is kept beside, so that its id is nobody else's.
        key = (method, id(handler))
        known = self._wrapped.get(key)
        if known is None:
            known = (handler, self._wrap(method, handler))
            if len(self._wrapped) < _MOST_METHODS:
                self._wrapped[key] = known
        wrapped: grpc.RpcMethodHandler[Q, A] = known[1]
        return wrapped

    def _wrap(self, method: str, handler: grpc.RpcMethodHandler[Q, A]) -> grpc.RpcMethodHandler[Q, A]:
        # Both shapes of request are one argument to pass on; only the shape of the answer matters.
        if handler.response_streaming:
            streaming: Any = handler.stream_stream if handler.request_streaming else handler.unary_stream
            if getattr(streaming, "experimental_non_blocking", False):
                return handler  # a watch of our health: it has no worker that could run what is wrapped
            make: Any = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            wrapped = self._wrap_stream(method, streaming)
            if self._tracing is not None:
                wrapped = self._tracing.stream(method, wrapped)
        else:
            answering: Any = handler.stream_unary if handler.request_streaming else handler.unary_unary
            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
            wrapped = self._wrap_single(method, answering)
            if self._tracing is not None:
                wrapped = self._tracing.single(method, wrapped)
        result: grpc.RpcMethodHandler[Q, A] = make(
            wrapped, handler.request_deserializer, handler.response_serializer
        )
        return result

    def _wrap_single(self, method: str, behaviour: Callable[[Any, grpc.ServicerContext], Any]) -> Any:
        gate = None if self._limits is None else self._limits.gate(method)

        def single(request: Any, inner: grpc.ServicerContext) -> Any:
            started = self._time()
            context = self._admit(inner)
            taken = None
            patience = within(inner.time_remaining() - _ANSWER_SECONDS)
            with bound(correlation_id=context.caller.correlation_id), patience:
                try:
                    neighbour = self._authenticate(context, method)
                    if gate is not None and not neighbour:
                        taken = gate.enter(request, context, context.caller.principal)
                    return behaviour(request, context)
                except Exception as error:
                    self._refuse(context, method, error)
                finally:
                    if taken is not None:
                        taken.leave()
                    self._finish(context, method, started)

        return single

    def _wrap_stream(self, method: str, behaviour: Callable[[Any, grpc.ServicerContext], Any]) -> Any:
        # A generator shares its context variables with whoever iterates it, so nothing is bound there.
        def stream(request: Any, inner: grpc.ServicerContext) -> Iterator[Any]:
            started = self._time()
            context = self._admit(inner)
            try:
                self._authenticate(context, method)
                yield from behaviour(request, context)
            except GeneratorExit:
                context.refused_as = grpc.StatusCode.CANCELLED  # the client went away
                raise
            except Exception as error:
                self._refuse(context, method, error)
            finally:
                self._finish(context, method, started)

        return stream

    def _admit(self, inner: grpc.ServicerContext) -> CallContext:
        offered = language = None
        authorization = []
        for key, value in inner.invocation_metadata():
            if key == "authorization":
                authorization.append(str(value))
            elif key == CORRELATION_ID and isinstance(value, str):
                offered = value
            elif key == "accept-language" and isinstance(value, str):
                language = value
        caller = Caller(NOBODY, correlation_id_from(offered), language_from(language))
        context = CallContext(inner, caller, authorization)
        inner.set_trailing_metadata(context.trailer)
        return context

    def _authenticate(self, context: CallContext, method: str) -> bool:
        """Find out who calls; whether it is a neighbour, for itself or for somebody."""
        if context.time_remaining() <= 0:
            self._abort(context, grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", {})
        principal = principal_of(context.authorization, self._verifier)
        service = calling_service(context)
        if service is not None:
            self._check_neighbour(service, method)
            if not principal.signed_in:
                # A token would tell for whom the neighbour calls, and then that person's rights count.
                principal = service_principal(service)
        before = context.caller
        context.caller = Caller(principal, before.correlation_id, before.language)
        return service is not None

    def _check_neighbour(self, service: str, method: str) -> None:
        """Whether this neighbour is on the list of the gRPC service. Health and reflection have no list."""
        called = method.split("/")[1]
        if called in self._neighbours and service not in self._neighbours[called]:
            metadata = {"service": service, "called": called}
            raise DomainError(Code.PERMISSION_DENIED, "NEIGHBOUR_NOT_ALLOWED", metadata)

    def _refuse(self, context: CallContext, method: str, error: Exception) -> None:
        language = context.caller.language
        if isinstance(error, DomainError):
            context.abort_with_status(status_of(error, language, self._describe))
        if context.refused_as is grpc.StatusCode.UNIMPLEMENTED and isinstance(error, NotImplementedError):
            self._abort(context, grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNIMPLEMENTED", {})
        if context.aborted:
            raise error  # what context.abort() itself raises
        incident = new_incident()
        _log.error(
            "call failed",
            method=method,
            incident=incident,
            correlation_id=context.caller.correlation_id,
            **trace_without_text(error),
        )
        self._abort(context, grpc.StatusCode.INTERNAL, INTERNAL_REASON, {"incident": incident})

    def _abort(
        self, context: CallContext, code: grpc.StatusCode, reason: str, metadata: dict[str, str]
    ) -> None:
        context.abort_with_status(
            status_of_other(code, reason, metadata, context.caller.language, self._describe)
        )

    def _finish(self, context: CallContext, method: str, started: float) -> None:
        seconds = self._time() - started
        code = "OK" if context.refused_as is None else context.refused_as.name
        self._observe(method, code, seconds)
        _CALL.write(
            method=method,
            code=code,
            milliseconds=round(seconds * 1000, 3),
            correlation_id=context.caller.correlation_id,
        )


def principal_of(authorization: Sequence[str], verifier: TokenVerifier) -> Principal:
    """Who the `authorization` headers say calls: NOBODY when there is none.

    Raises DomainError UNAUTHENTICATED: TOKEN_INVALID when there are several or it is no bearer token, else
    what the verifier says.
    """
    if not authorization:
        return NOBODY
    scheme, _, token = authorization[0].partition(" ")
    if len(authorization) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise DomainError(Code.UNAUTHENTICATED, "TOKEN_INVALID")
    return verifier.verify(token.strip())


def new_incident() -> str:
    """What joins a person's error page to its trace in the log."""
    return secrets.token_hex(6)


def trace_without_text(error: BaseException) -> dict[str, object]:
    """Where it happened and of which type, for the log. Never the exception's text: it may quote a person."""
    causes = [type(error).__qualname__]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 10:
        causes.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)
    trace = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-20:]]
    return {"raised": causes, "trace": trace}
