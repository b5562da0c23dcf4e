"""Follow-up's messages, out of what use cases answer and into what they are asked."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from borgerting.followup.v1 import promise_service_pb2 as pb
from services.followup.adapters.unit_of_work import date_message
from services.followup.app.views import AnswerMade, ExtensionMade, PromisePage, PromiseView
from services.followup.deadlines.types import Status
from services.followup.domain.checkpoint import Answer, Checkpoint, Decision, Extension
from services.followup.domain.fields import AnswerFields, ExtensionFields
from services.followup.domain.promise import Promise
from services.followup.words import DateWords

_DECISIONS = {pb.Answer.Decision.Value(f"DECISION_{decision}"): decision for decision in Decision}


def timestamp(instant: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def promise_to_proto(view: PromiseView, words: DateWords) -> pb.Promise:
    promise = view.promise
    return pb.Promise(
        name=promise.name,
        assembly=promise.assembly_name,
        subject=promise.subject,
        title=promise.title,
        text=promise.text,
        recommendation_title=promise.recommendation_title,
        handover_date=date_message(promise.handover_date),
        checkpoints=[
            _checkpoint_to_proto(promise, checkpoint, view.statuses[checkpoint.id], words)
            for checkpoint in promise.checkpoints
        ],
        volunteers_wanted=promise.volunteers_wanted,
        volunteers_task=promise.volunteers_task,
        update_time=timestamp(promise.update_time),
        etag=view.etag,
    )


def page_to_proto(page: PromisePage, words: DateWords) -> pb.ListPromisesResponse:
    promises = [promise_to_proto(view, words) for view in page.items]
    return pb.ListPromisesResponse(promises=promises, next_page_token=page.next_page_token)


def answer_made_to_proto(made: AnswerMade) -> pb.Answer:
    return _answer_to_proto(made.promise.checkpoint_name(made.checkpoint), made.answer)


def extension_made_to_proto(made: ExtensionMade) -> pb.Extension:
    return _extension_to_proto(made.promise.checkpoint_name(made.checkpoint), made.extension)


def answer_fields_of(message: pb.Answer) -> AnswerFields:
    return AnswerFields(
        decision=_DECISIONS.get(message.decision),
        reason=message.reason,
        committee=message.committee,
        office=message.office,
        actions=message.actions,
        evidence_uris=tuple(message.evidence_uris),
    )


def extension_fields_of(message: pb.Extension) -> ExtensionFields:
    until = iso_date(message.until_date) if message.HasField("until_date") else ""
    return ExtensionFields(until, message.office, message.reason)


def iso_date(message: Date) -> str:
    """As it was sent, whether there is such a day or not."""
    return f"{message.year:04}-{message.month:02}-{message.day:02}"


def _checkpoint_to_proto(
    promise: Promise, checkpoint: Checkpoint, status: Status, words: DateWords
) -> pb.Checkpoint:
    name = promise.checkpoint_name(checkpoint)
    return pb.Checkpoint(
        name=name,
        months=checkpoint.months,
        kind=pb.Checkpoint.Kind.Value(f"KIND_{checkpoint.kind}"),
        working_day_rule=pb.Checkpoint.WorkingDayRule.Value(f"WORKING_DAY_RULE_{checkpoint.rule}"),
        nominal_date=date_message(checkpoint.nominal),
        due_date=date_message(checkpoint.due),
        effective_due_date=date_message(checkpoint.effective_due),
        state=pb.Checkpoint.State.Value(f"STATE_{status.state}"),
        days=status.days,
        explanation=words.explanation(checkpoint, status),
        extensions=[_extension_to_proto(name, extension) for extension in checkpoint.extensions],
        answers=[_answer_to_proto(name, answer) for answer in checkpoint.answers],
    )


def _answer_to_proto(checkpoint: str, answer: Answer) -> pb.Answer:
    return pb.Answer(
        name=f"{checkpoint}/answers/{answer.id}",
        decision=pb.Answer.Decision.Value(f"DECISION_{answer.decision}"),
        reason=answer.reason,
        committee=answer.committee,
        office=answer.office,
        actions=answer.actions,
        evidence_uris=answer.evidence_uris,
        create_time=timestamp(answer.create_time),
        answer_date=date_message(answer.answer_date),
    )


def _extension_to_proto(checkpoint: str, extension: Extension) -> pb.Extension:
    return pb.Extension(
        name=f"{checkpoint}/extensions/{extension.id}",
        until_date=date_message(extension.until),
        office=extension.office,
        reason=extension.reason,
        due_date=date_message(extension.due),
        create_time=timestamp(extension.create_time),
    )
