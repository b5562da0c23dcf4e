"""Calling a neighbour: the same options, retries and metadata wherever it runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import grpc

from chassis.context import Caller
from chassis.rpc.context import CORRELATION_ID
from chassis.rpc.interception import StreamInterceptor, UnaryInterceptor, changed
from chassis.rpc.server import MESSAGE_LIMIT

DEFAULT_TIMEOUT = 10.0
"""Seconds. No call goes out without a deadline."""


def tcp_channel(
    target: str,
    *,
    credentials: grpc.ChannelCredentials | None = None,
    retry_attempts: int = 5,
    message_limit: int = MESSAGE_LIMIT,
) -> grpc.Channel:
    """A channel to `host:port` (all addresses of the name, in turn) or to any gRPC target (`unix:…`).

    UNAVAILABLE is tried again, `retry_attempts` in all, after 0.1 s, 0.2 s, …: gRPC does so only while no
    answer has begun, and every mutation bears a request id, so that a repetition does nothing twice. So is
    CANCELLED, which gRPC's servers say to a call that meets them in the moment in which they stop.

    It does not watch the servers' health: told by its only replica that this one will stop, it would refuse
    calls at once, and look the name up for the successor no sooner than the replica has gone.
    """
    policy: dict[str, object] = {"loadBalancingConfig": [{"round_robin": {}}]}
    if retry_attempts > 1:
        retry = {
            "maxAttempts": retry_attempts,
            "initialBackoff": "0.1s",
            "maxBackoff": "2s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
        }
        policy["methodConfig"] = [{"name": [{}], "retryPolicy": retry}]
    options = [
        ("grpc.max_receive_message_length", message_limit),
        ("grpc.max_send_message_length", message_limit),
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.service_config", json.dumps(policy)),
        ("grpc.dns_min_time_between_resolutions_ms", 2_000),
        # A proxy from the environment is for the outside world, not for neighbours.
        ("grpc.enable_http_proxy", 0),
    ]
    address = target if "://" in target or target.startswith(("unix:", "ipv4:")) else f"dns:///{target}"
    if credentials is None:
        return grpc.insecure_channel(address, options=options)
    return grpc.secure_channel(address, credentials, options=options)


def with_service_token(channel: grpc.Channel, token: Callable[[], str]) -> grpc.Channel:
    """The channel with `authorization: Bearer …` on every call that has none; `token` is asked each time."""
    return grpc.intercept_channel(channel, _ServiceToken(token))


def call_metadata(caller: Caller, token: str | None = None) -> grpc.Metadata:
    """What goes with a call made for `caller`:

    the correlation id, the language, and a bearer token if there is one.
    """
    metadata: list[tuple[str, str]] = [
        (CORRELATION_ID, caller.correlation_id),
        ("accept-language", caller.language),
    ]
    if token:
        metadata.append(("authorization", f"Bearer {token}"))
    return tuple(metadata)


class _ServiceToken(UnaryInterceptor, StreamInterceptor):
    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def _with_token(self, details: Any) -> Any:
        metadata = list(details.metadata or ())
        if not any(key == "authorization" for key, _ in metadata):
            metadata.append(("authorization", f"Bearer {self._token()}"))
        timeout = details.timeout if details.timeout is not None else DEFAULT_TIMEOUT
        return changed(details, metadata, timeout)

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._with_token(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._with_token(client_call_details), request)
