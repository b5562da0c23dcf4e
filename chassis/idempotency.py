"""A request sent twice under one request id is done once: its response is stored in its own transaction."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chassis.errors import Code, DomainError, FieldViolation
from chassis.statements import Statement, upserting
from chassis.tables import idempotency

if TYPE_CHECKING:
    from chassis.db import Transaction

MAX_REQUEST_ID = 128

_STORED = Statement(
    select(idempotency.c.fingerprint, idempotency.c.response).where(
        idempotency.c.municipality == bindparam("municipality"),
        idempotency.c.subject == bindparam("subject"),
        idempotency.c.request_id == bindparam("request_id"),
    )
)
_STORE = upserting(idempotency, lambda row: row.on_conflict_do_nothing())


class Raced(Exception):  # noqa: N818 - a signal between two functions
    """The same request came in twice at once and the other won: run again to find its response."""


def check_request_id(request_id: str) -> None:
    """Raises DomainError INVALID_ARGUMENT (REQUEST_ID_TOO_LONG) on the field request_id."""
    if len(request_id) > MAX_REQUEST_ID:
        raise DomainError(
            Code.INVALID_ARGUMENT,
            "REQUEST_ID_TOO_LONG",
            {"limit": str(MAX_REQUEST_ID)},
            (FieldViolation("request_id", "REQUEST_ID_TOO_LONG", {"limit": str(MAX_REQUEST_ID)}),),
        )


def stored_response(
    transaction: Transaction, subject: str, request_id: str, fingerprint: bytes
) -> bytes | None:
    """What this subject's request of that id was answered, None for a new one.

    Raises DomainError ALREADY_EXISTS (REQUEST_ID_REUSED) when that id was another request's.
    """
    asked = {"municipality": transaction.municipality, "subject": subject, "request_id": request_id}
    rows = _STORED.ask(transaction.connection, asked)
    if not rows:
        return None
    (row,) = rows
    if not hmac.compare_digest(bytes(row.fingerprint), fingerprint):
        raise DomainError(
            Code.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
            {"request_id": request_id},
            (FieldViolation("request_id", "REQUEST_ID_REUSED"),),
        )
    return bytes(row.response)


def store_response(
    transaction: Transaction, subject: str, request_id: str, fingerprint: bytes, response: bytes
) -> None:
    """Raises Raced when another transaction stored one meanwhile."""
    inserted = _STORE.run(
        transaction.connection,
        {
            "municipality": transaction.municipality,
            "subject": subject,
            "request_id": request_id,
            "fingerprint": fingerprint,
            "response": response,
            "created": transaction.machine_clock.now(),
        },
    )
    if inserted == 0:
        raise Raced
