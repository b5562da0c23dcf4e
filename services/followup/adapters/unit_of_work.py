"""Follow-up's unit of work on a transaction of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from google.type.date_pb2 import Date

from borgerting.followup.v1 import events_pb2 as pb
from borgerting.followup.v1.promise_service_pb2 import Answer as AnswerMessage
from chassis.audit import AuditTrail
from chassis.db import Transaction
from chassis.lazily import lazily
from chassis.tenant_copy import SqlMunicipalities
from services.followup.adapters.repository import SqlHandovers, SqlPromises
from services.followup.app.ports import READ_REPORT_JOB, Meter, Overdue
from services.followup.domain.checkpoint import Answer, Checkpoint, Decision, Extension
from services.followup.domain.promise import Promise
from services.followup.domain.report import Handover

SERVICE = "followup"
# A neighbour may be away for long: the pauses between tries end at a minute, so this is for years.
READING_ATTEMPTS = 10_000_000


def promise_aggregate(promise_id: UUID) -> str:
    """What a promise is called in the keys of its events."""
    return f"promises/{promise_id}"


def date_message(day: date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)


def promise_made(promise: Promise) -> pb.PromiseMade:
    dates: Sequence[Date] = [date_message(checkpoint.effective_due) for checkpoint in promise.checkpoints]
    return pb.PromiseMade(
        promise=promise.name, assembly=promise.assembly_name, subject=promise.subject, due_dates=dates
    )


class OutboxEvents:
    def __init__(self, transaction: Transaction) -> None:
        self._outbox = transaction.outbox
        self._municipality = transaction.municipality

    def promise_made(self, promise: Promise) -> None:
        self._outbox.add(SERVICE, promise_aggregate(promise.id), promise_made(promise))

    def promise_answered(self, promise: Promise, checkpoint: Checkpoint, answer: Answer) -> None:
        message = pb.PromiseAnswered(
            promise=promise.name,
            checkpoint=promise.checkpoint_name(checkpoint),
            decision=AnswerMessage.Decision.Value(f"DECISION_{answer.decision.value}"),
        )
        self._outbox.add(SERVICE, promise_aggregate(promise.id), message)

    def promise_overdue(self, overdue: Overdue) -> None:
        promise = f"municipalities/{self._municipality}/promises/{overdue.promise}"
        message = pb.PromiseOverdue(
            promise=promise,
            checkpoint=f"{promise}/checkpoints/{overdue.checkpoint}",
            due_date=date_message(overdue.due),
        )
        self._outbox.add(SERVICE, promise_aggregate(overdue.promise), message)

    def promise_extended(
        self, promise: Promise, checkpoint: Checkpoint, extension: Extension, before: date
    ) -> None:
        message = pb.PromiseExtended(
            promise=promise.name,
            checkpoint=promise.checkpoint_name(checkpoint),
            due_date=date_message(extension.due),
            previous_due_date=date_message(before),
        )
        self._outbox.add(SERVICE, promise_aggregate(promise.id), message)

    def volunteers_sought(self, promise: Promise) -> None:
        message = pb.VolunteersSought(promise=promise.name, wanted=promise.volunteers_wanted)
        self._outbox.add(SERVICE, promise_aggregate(promise.id), message)


class FollowupJobs:
    def __init__(self, transaction: Transaction) -> None:
        self._jobs = transaction.jobs

    def read_report(self, handover: Handover) -> None:
        payload = {"assembly": str(handover.assembly), "digest": handover.digest}
        self._jobs.enqueue(
            READ_REPORT_JOB, payload, key=str(handover.assembly), max_attempts=READING_ATTEMPTS
        )


class NoMeter:
    """Counts nothing."""

    def answered(self, decision: Decision) -> None:
        return

    def told_overdue(self, count: int) -> None:
        return


_NO_METER = NoMeter()


class SqlUnitOfWork:
    """All repositories of one municipality over one transaction; whoever opened it commits."""

    municipalities = lazily(SqlMunicipalities)
    handovers = lazily(SqlHandovers)
    promises = lazily(SqlPromises)
    events = lazily(OutboxEvents)
    audit = lazily(AuditTrail)
    jobs = lazily(FollowupJobs)

    def __init__(self, transaction: Transaction, meter: Meter = _NO_METER) -> None:
        self.transaction = transaction
        self.municipality = transaction.municipality
        self.meter = meter
