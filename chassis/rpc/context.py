"""What a servicer learns about one call beside the request: the caller, and how long there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

import grpc

from chassis.context import Caller


class CallContext(grpc.ServicerContext):
    """The call's own context with the caller beside it, and the `authorization` headers that tell who it is;
    all else is passed on.
    """

    def __init__(
        self, inner: grpc.ServicerContext, caller: Caller, authorization: Sequence[str] = ()
    ) -> None:
        self.inner = inner
        self.caller = caller
        self.authorization = authorization
        self.refused_as: grpc.StatusCode | None = None
        self.aborted = False

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self.refused_as, self.aborted = code, True
        self.inner.abort(code, details)

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """Refuse; the correlation id goes with the refusal."""
        self.refused_as, self.aborted = status.code, True
        self.inner.abort_with_status(
            _Status(status.code, status.details, (*status.trailing_metadata, *self.trailer))
        )

    @property
    def trailer(self) -> tuple[tuple[str, str], ...]:
        return ((CORRELATION_ID, self.caller.correlation_id),)

    def set_trailing_metadata(self, trailing_metadata: grpc.Metadata) -> None:
        self.inner.set_trailing_metadata((*trailing_metadata, *self.trailer))

    def set_code(self, code: grpc.StatusCode) -> None:
        self.refused_as = code
        self.inner.set_code(code)

    def set_details(self, details: str) -> None:
        self.inner.set_details(details)

    def invocation_metadata(self) -> grpc.Metadata:
        return self.inner.invocation_metadata()

    def trailing_metadata(self) -> grpc.Metadata:
        return self.inner.trailing_metadata()

    def send_initial_metadata(self, initial_metadata: grpc.Metadata) -> None:
        self.inner.send_initial_metadata(initial_metadata)

    def peer(self) -> str:
        return self.inner.peer()

    def peer_identities(self) -> Iterable[bytes] | None:
        return self.inner.peer_identities()

    def peer_identity_key(self) -> str | None:
        return self.inner.peer_identity_key()

    def auth_context(self) -> Mapping[str, bytes]:
        return self.inner.auth_context()

    def set_compression(self, compression: grpc.Compression) -> None:
        self.inner.set_compression(compression)

    def disable_next_message_compression(self) -> None:
        self.inner.disable_next_message_compression()

    def is_active(self) -> bool:
        return self.inner.is_active()

    def time_remaining(self) -> float:
        """Seconds until the client gives up; infinite when it set no deadline."""
        return self.inner.time_remaining()

    def cancel(self) -> None:
        self.inner.cancel()  # type: ignore[no-untyped-call]

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return bool(self.inner.add_callback(callback))


CORRELATION_ID = "x-correlation-id"


class _Status(grpc.Status):
    def __init__(self, code: grpc.StatusCode, details: str, trailing_metadata: grpc.Metadata) -> None:
        self.code = code
        self.details = details
        self.trailing_metadata = trailing_metadata


def caller(context: grpc.ServicerContext) -> Caller:
    """Who calls.

    Raises TypeError on a server without the chassis's interceptor: that would ask nobody's rights.
    """
    if isinstance(context, CallContext):
        return context.caller
    raise TypeError("this call did not pass the chassis's interceptor")
