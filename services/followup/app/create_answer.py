"""Publish an answer to a checkpoint. It cannot be taken back; a later one stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.followup.app.gate import ANSWERING, admit, zone_of
from services.followup.app.ports import UnitOfWork
from services.followup.app.views import AnswerMade
from services.followup.domain.fields import AnswerFields


@dataclass(frozen=True, slots=True)
class CreateAnswer:
    promise: UUID
    checkpoint: UUID
    fields: AnswerFields


def create_answer(uow: UnitOfWork, caller: Caller, command: CreateAnswer, *, clock: Clock) -> AnswerMade:
    """Raises DomainError NOT_FOUND PROMISE_UNKNOWN or CHECKPOINT_UNKNOWN, INVALID_ARGUMENT ANSWER_INVALID
    with every wrong field, FAILED_PRECONDITION CHECKPOINT_NOT_OPEN.
    """
    municipality = admit(uow, caller, *ANSWERING)
    promise = uow.promises.get_to_change(command.promise)
    changed, answer = promise.answered(
        command.checkpoint,
        command.fields,
        answer_id=uuid7(clock),
        now=clock.now(),
        zone=zone_of(municipality),
    )
    checkpoint = changed.checkpoint(command.checkpoint)
    uow.promises.save(changed)
    uow.promises.add_answer(changed, checkpoint, answer)
    uow.events.promise_answered(changed, checkpoint, answer)
    uow.audit.record(
        caller,
        "answer.create",
        f"{changed.checkpoint_name(checkpoint)}/answers/{answer.id}",
        {"decision": answer.decision.value},
    )
    uow.meter.answered(answer.decision)
    return AnswerMade(changed, checkpoint, answer)
