"""What interceptors of a client are made of: grpcio has interfaces without contents for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

if TYPE_CHECKING:
    UnaryInterceptor = grpc.UnaryUnaryClientInterceptor[Any, Any]
    StreamInterceptor = grpc.UnaryStreamClientInterceptor[Any, Any]
else:  # which have parameters in the stubs only
    UnaryInterceptor = grpc.UnaryUnaryClientInterceptor
    StreamInterceptor = grpc.UnaryStreamClientInterceptor


class CallDetails(NamedTuple):
    """A grpc.ClientCallDetails."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


def changed(details: Any, metadata: Any, timeout: float | None) -> CallDetails:
    """`details` with other metadata and another timeout in seconds. A local channel's lack the newest."""
    return CallDetails(
        details.method,
        timeout,
        metadata,
        details.credentials,
        getattr(details, "wait_for_ready", None),
        getattr(details, "compression", None),
    )
