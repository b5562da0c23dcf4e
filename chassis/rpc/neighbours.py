"""A channel to a neighbour that shows the certificate which stands on disk now.

gRPC takes a client's certificate once per channel, and a server ends each connection after five minutes: with
one that was replaced meanwhile, a channel would one day be refused for good. So a channel with the new one
takes over; calls under way end on the old, which is closed once none of them can be left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

import grpc

from chassis.rpc.certificates import CertificateFiles, Renewed
from chassis.rpc.client import tcp_channel

LOOK_SECONDS = 1.0
"""How often the files are looked at, by calls."""
LINGER_SECONDS = 120.0


def neighbour_channel(target: str, files: CertificateFiles | None, **options: Any) -> grpc.Channel:
    """`options` as in tcp_channel. Without certificates it is in the clear and its calls nobody's."""
    if files is None:
        return tcp_channel(target, **options)
    renewed = Renewed(files, f"calls to {target}")

    def connect() -> grpc.Channel:
        ca, certificate, key = renewed.current
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        return tcp_channel(target, credentials=credentials, **options)

    return RenewingChannel(connect, renewed.changed)


class RenewingChannel(grpc.Channel):
    """`connect` makes a channel as things stand, `changed` says whether they stand otherwise than before."""

    def __init__(
        self,
        connect: Callable[[], grpc.Channel],
        changed: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._changed = changed
        self._now = monotonic
        self._lock = threading.Lock()
        self._channel = connect()
        self._looked = monotonic()
        self._old: list[tuple[float, grpc.Channel]] = []

    def current(self) -> grpc.Channel:
        if self._now() - self._looked < LOOK_SECONDS:
            return self._channel
        with self._lock:
            now = self._now()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                if self._changed():
                    self._old.append((now, self._channel))
                    self._channel = self._connect()
                for since, channel in list(self._old):
                    if now - since >= LINGER_SECONDS:
                        channel.close()
                        self._old.remove((since, channel))
            return self._channel

    def unary_unary(self, method: str, *arguments: Any, **named: Any) -> Any:
        return _Renewing(self, "unary_unary", method, arguments, named)

    def unary_stream(self, method: str, *arguments: Any, **named: Any) -> Any:
        return _Renewing(self, "unary_stream", method, arguments, named)

    def stream_unary(self, method: str, *arguments: Any, **named: Any) -> NoReturn:
        raise NotImplementedError("neighbours have unary and server-streaming calls")

    def stream_stream(self, method: str, *arguments: Any, **named: Any) -> NoReturn:
        raise NotImplementedError("neighbours have unary and server-streaming calls")

    def subscribe(
        self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool | None = False
    ) -> None:
        self._channel.subscribe(callback, bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        with self._lock:
            for channel in (self._channel, *(old for _, old in self._old)):
                channel.close()

    def __enter__(self) -> RenewingChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Renewing:
    """One method: of whichever channel is current when it is called."""

    def __init__(
        self,
        owner: RenewingChannel,
        kind: str,
        method: str,
        arguments: tuple[Any, ...],
        named: dict[str, Any],
    ) -> None:
        self._owner = owner
        self._make: Callable[[grpc.Channel], Any] = lambda channel: getattr(channel, kind)(
            method, *arguments, **named
        )
        self._made: tuple[grpc.Channel, Any] | None = None

    def _callable(self) -> Any:
        channel, made = self._owner.current(), self._made
        if made is None or made[0] is not channel:
            made = self._made = channel, self._make(channel)
        return made[1]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._callable()(*arguments, **named)

    def with_call(self, *arguments: Any, **named: Any) -> Any:
        return self._callable().with_call(*arguments, **named)

    def future(self, *arguments: Any, **named: Any) -> Any:
        return self._callable().future(*arguments, **named)
