"""The unit of work of assemblies and reports on a transaction of the store."""

from __future__ import annotations

from uuid import UUID

from borgerting.deliberation.v1.events_pb2 import ReportHandedOver
from chassis.audit import AuditTrail
from chassis.db import Transaction
from chassis.lazily import lazily
from services.deliberation.adapters.assembly_repository import (
    RegistryEntries,
    SqlAssemblies,
    SqlFollowedUp,
    SqlMembers,
    SqlPanels,
)
from services.deliberation.adapters.report_repository import SqlReports
from services.deliberation.domain.report import Report

SERVICE = "deliberation"


def assembly_aggregate(assembly_id: UUID) -> str:
    """What an assembly is called in the keys of its events."""
    return f"assemblies/{assembly_id}"


def report_handed_over(report: Report) -> ReportHandedOver:
    """Of a report that was handed over."""
    return ReportHandedOver(report=report.name, digest=report.handover.digest if report.handover else "")


class OutboxEvents:
    def __init__(self, transaction: Transaction) -> None:
        self._outbox = transaction.outbox

    def report_handed_over(self, report: Report) -> None:
        self._outbox.add(SERVICE, assembly_aggregate(report.assembly), report_handed_over(report))


class SqlAssemblyUnitOfWork:
    """All repositories of one municipality over one transaction; whoever opened it commits."""

    municipalities = lazily(RegistryEntries)
    assemblies = lazily(SqlAssemblies)
    panels = lazily(SqlPanels)
    members = lazily(SqlMembers)
    reports = lazily(SqlReports)
    followed_up = lazily(SqlFollowedUp)
    events = lazily(OutboxEvents)
    audit = lazily(AuditTrail)

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.municipality = transaction.municipality
