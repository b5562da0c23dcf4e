"""What deliberation hears: confirmed panels from sortition, promises from followup, tasks from volunteer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from borgerting.followup.v1.events_pb2 import (
    PromiseAnswered,
    PromiseExtended,
    PromiseMade,
    PromiseOverdue,
    VolunteersSought,
)
from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.clock import Clock
from chassis.context import system
from chassis.db import Transaction
from chassis.events.envelope import Envelope, topic_of
from chassis.inbox import Handler, Subscription
from services.deliberation.adapters import names
from services.deliberation.adapters.assembly_unit_of_work import SqlAssemblyUnitOfWork
from services.deliberation.adapters.assembly_wire import date_of
from services.deliberation.app import follow_along
from services.deliberation.app.assembly_ports import Panel
from services.deliberation.app.seat_assembly import panel_confirmed
from services.deliberation.domain.followed_up import Task


def subscriptions(clock: Clock) -> list[Subscription]:
    return [
        Subscription(
            consumer="deliberation.panels",
            topic=topic_of("sortition"),
            handlers={PanelConfirmed.DESCRIPTOR.full_name: _panel_handler(clock)},
        ),
        Subscription(
            consumer="deliberation.promises",
            topic=topic_of("followup"),
            handlers={
                PromiseMade.DESCRIPTOR.full_name: _promise_made,
                PromiseAnswered.DESCRIPTOR.full_name: _promise_answered,
                PromiseOverdue.DESCRIPTOR.full_name: _promise_overdue,
                PromiseExtended.DESCRIPTOR.full_name: _promise_extended,
                VolunteersSought.DESCRIPTOR.full_name: _volunteers_sought,
            },
        ),
        Subscription(
            consumer="deliberation.tasks",
            topic=topic_of("volunteer"),
            handlers={TaskChanged.DESCRIPTOR.full_name: _task_changed},
        ),
    ]


def _panel_handler(clock: Clock) -> Handler:
    def handle(transaction: Transaction, message: PanelConfirmed, envelope: Envelope) -> None:
        selection = names.SELECTION.parse(message.selection, field="selection")["selection"]
        draw = UUID(message.draw.rsplit("/", 1)[1]) if message.draw else None
        panel = Panel(UUID(selection), tuple(sorted(map(UUID, message.seats))), draw)
        by = system("deliberation.panels", envelope.correlation_id)
        panel_confirmed(SqlAssemblyUnitOfWork(transaction), panel, by=by, clock=clock)

    return handle


def _promise_made(transaction: Transaction, message: PromiseMade, envelope: Envelope) -> None:
    follow_along.promise_made(
        SqlAssemblyUnitOfWork(transaction),
        _promise(message),
        names.assembly(message.assembly, "assembly")[1],
        message.subject,
        [date_of(day) for day in message.due_dates],
    )


def _promise_answered(transaction: Transaction, message: PromiseAnswered, envelope: Envelope) -> None:
    uow = SqlAssemblyUnitOfWork(transaction)
    follow_along.promise_answered(uow, _promise(message), _checkpoint(message))


def _promise_overdue(transaction: Transaction, message: PromiseOverdue, envelope: Envelope) -> None:
    uow = SqlAssemblyUnitOfWork(transaction)
    follow_along.promise_overdue(uow, _promise(message), _checkpoint(message))


def _promise_extended(transaction: Transaction, message: PromiseExtended, envelope: Envelope) -> None:
    follow_along.promise_extended(
        SqlAssemblyUnitOfWork(transaction),
        _promise(message),
        _checkpoint(message),
        date_of(message.previous_due_date),
        date_of(message.due_date),
    )


def _volunteers_sought(transaction: Transaction, message: VolunteersSought, envelope: Envelope) -> None:
    uow = SqlAssemblyUnitOfWork(transaction)
    follow_along.volunteers_sought(uow, _promise(message), message.wanted)


def _task_changed(transaction: Transaction, message: TaskChanged, envelope: Envelope) -> None:
    task = UUID(names.TASK.parse(message.task, field="task")["task"])
    promise = _promise(message) if message.promise else None
    follow_along.task_changed(
        SqlAssemblyUnitOfWork(transaction), Task(task, promise, message.open, message.places, message.free)
    )


def _promise(message: Any) -> UUID:
    return UUID(names.PROMISE.parse(message.promise, field="promise")["promise"])


def _checkpoint(message: Any) -> str:
    return names.CHECKPOINT.parse(message.checkpoint, field="checkpoint")["checkpoint"]
