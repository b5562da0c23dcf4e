"""What follow-up hears from deliberation: that a report was handed over."""

from __future__ import annotations

from borgerting.deliberation.v1.events_pb2 import ReportHandedOver
from chassis.db import Transaction
from chassis.events.envelope import Envelope, topic_of
from chassis.inbox import Subscription
from services.followup.adapters import names
from services.followup.adapters.unit_of_work import SqlUnitOfWork
from services.followup.app.note_handover import note_handover


def report_handed_over(transaction: Transaction, message: ReportHandedOver, envelope: Envelope) -> None:
    """Raises DomainError INVALID_ARGUMENT NAME_INVALID, FAILED_PRECONDITION REPORT_DIGEST_DIFFERS."""
    _, assembly = names.report(message.report)
    note_handover(SqlUnitOfWork(transaction), assembly, message.digest, clock=transaction.clock)


def reports() -> Subscription:
    return Subscription(
        consumer="followup.reports",
        topic=topic_of("deliberation"),
        handlers={ReportHandedOver.DESCRIPTOR.full_name: report_handed_over},
    )
