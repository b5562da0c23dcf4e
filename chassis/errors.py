"""Errors that a caller can act on. Rules and use cases raise them; one place per surface renders them.

Never put a person's data in `metadata` or a violation: both reach clients and logs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Code(Enum):
    """The canonical gRPC codes that a rule may raise; each member's value is its name in google.rpc.Code."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ABORTED = "ABORTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"

    @property
    def http_status(self) -> int:
        """The HTTP status of google.rpc.Code's own mapping."""
        return _HTTP_STATUS[self]


_HTTP_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.ABORTED: 409,
    Code.FAILED_PRECONDITION: 400,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field of a request; `field` is its path, `reason` a stable UPPER_SNAKE key."""

    field: str
    reason: str
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)


class DomainError(Exception):
    """A refusal with a stable `reason` (UPPER_SNAKE), parameters for its words, and field violations.

    The words, Danish and English, come from the catalogue under the reason, never from this exception.
    `retry_after`: in how many seconds the same request may do; None where waiting does not help.
    """

    def __init__(
        self,
        code: Code,
        reason: str,
        metadata: Mapping[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_after = retry_after
