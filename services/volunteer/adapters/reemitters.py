"""How the volunteer portal's aggregates tell their state again."""

from __future__ import annotations

from collections.abc import Mapping

from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.db import Transaction
from chassis.errors import Code, DomainError
from chassis.reemission import AggregateState, Reemitter
from services.volunteer.adapters import names
from services.volunteer.adapters.task_repository import SqlSlots, SqlTasks
from services.volunteer.adapters.unit_of_work import task_aggregate, task_changed


def task_state(transaction: Transaction, ids: Mapping[str, str]) -> AggregateState:
    """Raises DomainError NOT_FOUND TASK_UNKNOWN, FAILED_PRECONDITION TASK_NOT_PUBLISHED: a task tells nothing
    before it is published.
    """
    _, task_id = names.task(names.TASK.format(**ids))
    task = SqlTasks(transaction).lock(task_id)
    if not task.public:
        raise DomainError(Code.FAILED_PRECONDITION, "TASK_NOT_PUBLISHED")
    places = SqlSlots(transaction).places_of(task.id, transaction.clock.now())
    return AggregateState(task_aggregate(task.id), task_changed(task, places))


def task_gone(ids: Mapping[str, str]) -> AggregateState:
    """That there is nothing to sign up for, so that no page goes on offering its places."""
    _, task_id = names.task(names.TASK.format(**ids))
    return AggregateState(task_aggregate(task_id), TaskChanged(task=names.TASK.format(**ids)))


REEMITTERS = (Reemitter(names.TASK, task_state, task_gone),)
