"""The volunteer portal's unit of work on a transaction of the store."""

from __future__ import annotations

from uuid import UUID

from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.audit import AuditTrail
from chassis.db import Transaction
from chassis.lazily import lazily
from chassis.tenant_copy import SqlMunicipalities
from services.volunteer.adapters.sign_up_repository import SqlPeople, SqlSignUps, SqlSought
from services.volunteer.adapters.task_repository import SqlSlots, SqlTasks
from services.volunteer.app.ports import Meter, Places
from services.volunteer.app.quotas import Quotas
from services.volunteer.domain.task import Task, TaskState

SERVICE = "volunteer"


def task_aggregate(task_id: UUID) -> str:
    """What a task is called in the keys of its events."""
    return f"tasks/{task_id}"


def task_changed(task: Task, places: Places) -> TaskChanged:
    return TaskChanged(
        task=task.name,
        promise=task.promise,
        open=task.state is TaskState.OPEN,
        places=places.places,
        free=places.free,
    )


class OutboxEvents:
    def __init__(self, transaction: Transaction) -> None:
        self._outbox = transaction.outbox

    def task_changed(self, task: Task, places: Places) -> None:
        self._outbox.add(SERVICE, task_aggregate(task.id), task_changed(task, places))


class NoMeter:
    """Counts nothing."""

    def signed_up(self, outcome: str) -> None:
        return


class MeterAfterCommit:
    """Counts what stands, not what was rolled back."""

    def __init__(self, transaction: Transaction, meter: Meter) -> None:
        self._transaction = transaction
        self._meter = meter

    def signed_up(self, outcome: str) -> None:
        self._transaction.after_commit(lambda: self._meter.signed_up(outcome))


_NO_METER = NoMeter()
_USUAL = Quotas()


class SqlUnitOfWork:
    """All repositories of one municipality over one transaction; whoever opened it commits."""

    municipalities = lazily(SqlMunicipalities)
    tasks = lazily(SqlTasks)
    slots = lazily(SqlSlots)
    sign_ups = lazily(SqlSignUps)
    people = lazily(SqlPeople)
    sought = lazily(SqlSought)
    events = lazily(OutboxEvents)
    audit = lazily(AuditTrail)

    def __init__(self, transaction: Transaction, meter: Meter = _NO_METER, quotas: Quotas = _USUAL) -> None:
        self.quotas = quotas
        self.transaction = transaction
        self.municipality = transaction.municipality
        self.meter: Meter = MeterAfterCommit(transaction, meter)
