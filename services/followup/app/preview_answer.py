"""An answer as it would be published, without publishing it: what the last page before shows."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.followup.app.create_answer import CreateAnswer
from services.followup.app.gate import ANSWERING, admit, zone_of
from services.followup.app.ports import UnitOfWork
from services.followup.app.views import AnswerMade


def preview_answer(uow: UnitOfWork, caller: Caller, command: CreateAnswer, *, clock: Clock) -> AnswerMade:
    """Refuses what `create_answer` would refuse, and changes nothing."""
    municipality = admit(uow, caller, *ANSWERING)
    promise = uow.promises.get(command.promise)
    changed, answer = promise.answered(
        command.checkpoint,
        command.fields,
        answer_id=uuid7(clock),
        now=clock.now(),
        zone=zone_of(municipality),
    )
    return AnswerMade(changed, changed.checkpoint(command.checkpoint), answer)
