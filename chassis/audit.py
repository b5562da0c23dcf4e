"""The audit trail: who did what to which resource, when. Written in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from chassis.context import Caller
from chassis.ids import uuid7
from chassis.statements import inserting
from chassis.tables import audit_log

if TYPE_CHECKING:
    from chassis.db import Transaction

_ADD = inserting(audit_log, "seq")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: UUID
    time: datetime
    municipality: str
    subject: str
    roles: str
    action: str
    resource: str
    details: Mapping[str, str]
    correlation_id: str


class AuditTrail:
    """Append-only: the store itself refuses to change or delete an entry (a trigger)."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None:
        """`action` as `selection.create`, `resource` a resource name, `details` ids and numbers only.

        Never a name, an address or a person's own words: nothing here can be changed. Of a municipality it is
        erased with all of its rows. (An operator's reason for what they do to a municipality is kept here.)
        """
        transaction = self._transaction
        transaction.require_writing()
        _ADD.run(
            transaction.connection,
            {
                "id": uuid7(transaction.clock),
                "time": transaction.clock.now(),
                "municipality": transaction.municipality,
                "subject": caller.principal.subject,
                "roles": " ".join(sorted(caller.principal.roles)),
                "action": action,
                "resource": resource,
                "details": dict(details or {}),
                "correlation_id": caller.correlation_id,
            },
        )

    def last(self, action: str) -> datetime | None:
        """When that was last done in this municipality; None: never."""
        query = select(func.max(audit_log.c.time)).where(
            audit_log.c.municipality == self._transaction.municipality, audit_log.c.action == action
        )
        found: datetime | None = self._transaction.connection.execute(query).scalar_one()
        return found

    def entries(
        self, *, resource: str | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, AuditEntry]]:
        """This municipality's entries, newest first, each with its number; `before` a number pages on."""
        query = select(audit_log).where(audit_log.c.municipality == self._transaction.municipality)
        if resource is not None:
            query = query.where(audit_log.c.resource == resource)
        if before is not None:
            query = query.where(audit_log.c.seq < before)
        rows = self._transaction.connection.execute(query.order_by(audit_log.c.seq.desc()).limit(limit))
        return [
            (
                row.seq,
                AuditEntry(
                    row.id,
                    row.time,
                    row.municipality,
                    row.subject,
                    row.roles,
                    row.action,
                    row.resource,
                    row.details,
                    row.correlation_id,
                ),
            )
            for row in rows
        ]
