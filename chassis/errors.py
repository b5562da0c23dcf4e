"""Errors that a caller can act on. Rules and use cases raise them; one place per surface renders them.

Never put a person's data in `metadata` or a violation: both reach clients and logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Code(Enum):
    """The canonical gRPC codes that a rule may raise, with their HTTP status (google.rpc.Code)."""

    INVALID_ARGUMENT = 400
    UNAUTHENTICATED = 401
    PERMISSION_DENIED = 403
    NOT_FOUND = 404
    ALREADY_EXISTS = 409
    ABORTED = 4091
    FAILED_PRECONDITION = 4001
    RESOURCE_EXHAUSTED = 429
    UNAVAILABLE = 503

    @property
    def http_status(self) -> int:
        return {4001: 400, 4091: 409}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field of a request; `field` is its path, `reason` a stable UPPER_SNAKE key."""

    field: str
    reason: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class DomainError(Exception):
    """A refusal with a stable `reason` (UPPER_SNAKE), parameters for its words, and field violations.

    The words, Danish and English, come from the catalogue under the reason, never from this exception.
    """

    def __init__(
        self,
        code: Code,
        reason: str,
        metadata: Mapping[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations
