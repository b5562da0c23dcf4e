"""A refusal, with what a program needs to act on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "borgerting"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field: its path in the request, a stable reason, and words for a person."""

    field: str
    reason: str
    message: str


class BorgertingError(Exception):
    """A call that failed.

    `reason` is the stable key of the error catalogue (docs/errors.md), by which to decide what to do, and
    `metadata` its parameters; it is "" where the suite did not answer (`code` UNAVAILABLE,
    DEADLINE_EXCEEDED). `message` is for people, in the client's language, and changes. `violations` names
    every wrong field. `correlation_id` finds the call in the suite's log: put it in yours.
    `retry_delay` is the seconds that the suite asked to wait, None where it did not ask.

    `request_id` is what a change was sent under: where nobody knows whether it was done
    (DEADLINE_EXCEEDED), send the same request with it again, and it is done once.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
        retry_delay: float | None = None,
        correlation_id: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(f"{code.name} {reason}: {message}" if reason else f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_delay = retry_delay
        self.correlation_id = correlation_id
        self.request_id = request_id

    @classmethod
    def of(cls, error: grpc.RpcError, request_id: str = "") -> BorgertingError:
        """What a failed call of gRPC's says."""
        pairs: Any = error.trailing_metadata() or ()  # the stubs take its pairs for something else
        trailer = dict(pairs)
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        wait = error_details_pb2.RetryInfo()
        words = error_details_pb2.LocalizedMessage()
        for detail in _status(trailer.get("grpc-status-details-bin", b"")).details:
            # Each takes what is its own kind, and leaves the rest.
            for kind in (info, bad, wait, words):
                detail.Unpack(kind)
        ours = info.domain == DOMAIN
        return cls(
            error.code(),
            words.message or error.details() or "",
            reason=info.reason if ours else "",
            metadata=info.metadata if ours else {},
            violations=tuple(
                FieldViolation(each.field, each.reason, each.localized_message.message or each.description)
                for each in bad.field_violations
            ),
            retry_delay=wait.retry_delay.ToTimedelta().total_seconds()
            if wait.HasField("retry_delay")
            else None,
            correlation_id=str(trailer.get("x-correlation-id", "")),
            request_id=request_id,
        )


def _status(serialised: str | bytes) -> status_pb2.Status:
    try:
        return status_pb2.Status.FromString(serialised)
    except (DecodeError, TypeError):
        return status_pb2.Status()  # a proxy's, not ours
