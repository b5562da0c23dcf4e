"""A DomainError as google.rpc.Status, and back:

what a client of any language reads, and what ours raises again.
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from chassis.errors import Code, DomainError, FieldViolation
from chassis.words import Describe

DOMAIN = "borgerting"
INTERNAL_REASON = "INTERNAL"
_DETAILS_KEY = "grpc-status-details-bin"


def status_of(error: DomainError, language: str, describe: Describe) -> grpc.Status:
    """What the client gets: the code, ErrorInfo, BadRequest when fields are wrong, RetryInfo where waiting
    helps, LocalizedMessage.

    The status's own message is for developers, so it is English whatever `language` is.
    """
    return _status(
        grpc.StatusCode[error.code.name],
        error.reason,
        error.metadata,
        error.violations,
        language,
        describe,
        error.retry_after,
    )


def status_of_other(
    code: grpc.StatusCode, reason: str, metadata: Mapping[str, str], language: str, describe: Describe
) -> grpc.Status:
    """The same for what no rule raises: INTERNAL with an incident id, DEADLINE_EXCEEDED, UNIMPLEMENTED."""
    return _status(code, reason, metadata, (), language, describe)


def _status(
    code: grpc.StatusCode,
    reason: str,
    metadata: Mapping[str, str],
    violations: tuple[FieldViolation, ...],
    language: str,
    describe: Describe,
    retry_after: float | None = None,
) -> grpc.Status:
    number: int = code.value[0]
    status = status_pb2.Status(code=number, message=describe(reason, metadata, "en"))
    _attach(status, error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata))
    if violations:
        bad = error_details_pb2.BadRequest()
        for violation in violations:
            words = describe(violation.reason, violation.metadata, language)
            bad.field_violations.add(
                field=violation.field,
                reason=violation.reason,
                description=describe(violation.reason, violation.metadata, "en"),
                localized_message=error_details_pb2.LocalizedMessage(locale=language, message=words),
            )
        _attach(status, bad)
    if retry_after is not None:
        wait = error_details_pb2.RetryInfo()
        wait.retry_delay.FromMilliseconds(round(retry_after * 1000))
        _attach(status, wait)
    words = describe(reason, metadata, language)
    _attach(status, error_details_pb2.LocalizedMessage(locale=language, message=words))
    return rpc_status.to_status(status)


def _attach(status: status_pb2.Status, detail: Message) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


def domain_error_from(error: grpc.RpcError) -> DomainError:
    """The neighbour's refusal as our own, so that it reaches our caller with its reason and its fields.

    A status without our ErrorInfo (a proxy's, a lost connection's, a bug's) becomes UNAVAILABLE
    NEIGHBOUR_UNAVAILABLE: its text is not passed on.
    """
    status = _details(error)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    for detail in status.details:
        if not detail.Unpack(info):
            detail.Unpack(bad)
    code = _CODES.get(status.code)
    if code is None or info.domain != DOMAIN:
        return DomainError(Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")
    violations = tuple(FieldViolation(v.field, v.reason) for v in bad.field_violations)
    return DomainError(code, info.reason, dict(info.metadata), violations)


def _details(error: grpc.RpcError) -> status_pb2.Status:
    trailing = getattr(error, "trailing_metadata", None)  # every failed call has it, RpcError itself has not
    for key, value in (trailing() if trailing else None) or ():
        if key == _DETAILS_KEY:
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()


_CODES = {grpc.StatusCode[code.name].value[0]: code for code in Code}
