"""The gRPC server: synchronous, with health, reflection and the interceptors that every call passes."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis.rpc.health import Health
from chassis.rpc.threads import CallThreads

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of one message, both ways: a pool of a million rows is about 50 MB."""

EMBEDDED_CALLS = 3
"""Threads that answer quick calls where every store is in the process: one runs, one waits for the rest of
its request, one for the disk. A fourth mostly took the interpreter from them."""

MAXIMUM_CONNECTION_AGE_MS = 5 * 60 * 1000
"""After which a client has to connect anew and so finds replicas that came since."""


class MethodHandlers(Protocol):
    """What generated `add_…Servicer_to_server` functions ask of a server."""

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Any) -> None: ...
    def add_registered_method_handlers(self, service_name: str, method_handlers: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class GrpcServiceRegistration:
    """One gRPC service: the generated function that adds it, its servicer, its full name in proto.

    `neighbours` names the services that may call it as themselves (`Role.SERVICE`), in the process or by
    certificate; others are refused before the use case. People and integrators come by token, whatever it
    says.
    """

    add_to_server: Callable[[Any, Any], None]
    servicer: object
    full_name: str
    neighbours: frozenset[str] = frozenset()


class RpcServer:
    """Carries all of a process's gRPC services.

    `max_workers` calls run at a time, others queue; `few` of them while calls are quick, all when it is left
    out (chassis.rpc.threads). Health is SERVING for each service and overall from `start` on.
    """

    def __init__(
        self,
        registrations: Sequence[GrpcServiceRegistration],
        interceptors: Sequence[grpc.ServerInterceptor[Any, Any]],
        *,
        max_workers: int = 16,
        few: int | None = None,
        message_limit: int = MESSAGE_LIMIT,
    ) -> None:
        self._pool = CallThreads(few or max_workers, max_workers)
        self._server = grpc.server(
            self._pool,  # type: ignore[arg-type]  # it asks any executor for no more than this
            interceptors=list(interceptors),
            options=[
                ("grpc.max_receive_message_length", message_limit),
                ("grpc.max_send_message_length", message_limit),
                ("grpc.max_connection_age_ms", MAXIMUM_CONNECTION_AGE_MS),
                ("grpc.max_connection_age_grace_ms", 30_000),
                # Two processes on one port would share its calls at random.
                ("grpc.so_reuseport", 0),
                # Clients may ask every 20 s whether we live, calls or none (chassis.rpc.client does).
                ("grpc.http2.min_ping_interval_without_data_ms", 15_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        self._health = Health()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._names = [registration.full_name for registration in registrations]
        for registration in registrations:
            registration.add_to_server(registration.servicer, self._server)
        reflection.enable_server_reflection(
            [*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server
        )

    def aside(self) -> AbstractContextManager[bool]:
        """As CallThreads.aside."""
        return self._pool.aside()

    def bind(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Take a port (`127.0.0.1:0` takes a free one) and say which; more than one may be taken.

        Raises OSError when it is another's.
        """
        try:
            if credentials is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, credentials)
        except RuntimeError:
            port = 0
        if not port:
            words = f"cannot listen on {address}: another program uses it, or it is not this machine's"
            raise OSError(errno.EADDRINUSE, words)
        return port

    def start(self) -> None:
        """Serve."""
        self._server.start()
        for name in ("", *self._names):
            self.set_serving(name, True)

    def set_serving(self, full_name: str, serving: bool) -> None:
        """What health answers for a service; "" is the whole."""
        states = health_pb2.HealthCheckResponse
        self._health.set(full_name, states.SERVING if serving else states.NOT_SERVING)

    def leave(self) -> None:
        """Say NOT_SERVING, and go on serving: who watches our health and knows others asks those."""
        self._health.enter_graceful_shutdown()

    def stop(self, grace_seconds: float) -> None:
        """Say NOT_SERVING, take no more calls, let those that run finish within the time, then end them."""
        self.leave()
        self._health.end_watches()
        self._server.stop(grace_seconds).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)
