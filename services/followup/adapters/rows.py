"""Rows and what they stand for, there and back, by explicit functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.followup.deadlines.errors import Parameter, Reason
from services.followup.deadlines.types import Kind, WorkingDayRule
from services.followup.domain.checkpoint import Answer, Checkpoint, Decision, Extension
from services.followup.domain.promise import Promise
from services.followup.domain.report import AnswerUnit, Handover, HandoverState

Row = Any  # a row of SQLAlchemy: its columns are attributes


def reasons_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Codes and parameters; a date is told from a text by its key."""
    return [
        {"code": reason.code, "params": {name: _parameter(value) for name, value in reason.params.items()}}
        for reason in reasons
    ]


def reasons_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    return tuple(
        Reason(each["code"], {name: _parameter_of(value) for name, value in each["params"].items()})
        for each in stored
    )


def _parameter(value: Parameter) -> str | int | dict[str, str]:
    return {"date": value.isoformat()} if isinstance(value, date) else value


def _parameter_of(stored: Any) -> Parameter:
    if isinstance(stored, Mapping):
        return date.fromisoformat(stored["date"])
    return stored if isinstance(stored, int) else str(stored)


def handover_row(handover: Handover) -> dict[str, Any]:
    return {
        "municipality_id": handover.municipality,
        "assembly_id": handover.assembly,
        "digest": handover.digest,
        "received_time": handover.received_time,
        "state": handover.state.value,
        "trouble": handover.trouble,
        "title": handover.title,
        "handover_date": handover.handover_date,
    }


def handover_of(row: Row) -> Handover:
    return Handover(
        municipality=row.municipality_id,
        assembly=row.assembly_id,
        digest=row.digest,
        received_time=row.received_time,
        state=HandoverState(row.state),
        trouble=row.trouble,
        title=row.title,
        handover_date=row.handover_date,
    )


def promise_row(promise: Promise) -> dict[str, Any]:
    """Of the promise alone, without its checkpoints."""
    return {
        "municipality_id": promise.municipality,
        "promise_id": promise.id,
        "assembly_id": promise.assembly,
        "position": promise.position,
        "unit": promise.unit.value,
        "subject": promise.subject,
        "title": promise.title,
        "text": promise.text,
        "recommendation_title": promise.recommendation_title,
        "handover_date": promise.handover_date,
        "volunteers_wanted": promise.volunteers_wanted,
        "volunteers_task": promise.volunteers_task,
        "create_time": promise.create_time,
        "update_time": promise.update_time,
        "version": promise.version,
    }


def promise_of(row: Row, checkpoints: Sequence[Checkpoint]) -> Promise:
    return Promise(
        municipality=row.municipality_id,
        id=row.promise_id,
        assembly=row.assembly_id,
        position=row.position,
        unit=AnswerUnit(row.unit),
        subject=row.subject,
        title=row.title,
        text=row.text,
        recommendation_title=row.recommendation_title,
        handover_date=row.handover_date,
        checkpoints=tuple(checkpoints),
        create_time=row.create_time,
        update_time=row.update_time,
        volunteers_wanted=row.volunteers_wanted,
        volunteers_task=row.volunteers_task,
        version=row.version,
    )


def checkpoint_row(promise: Promise, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "municipality_id": promise.municipality,
        "promise_id": promise.id,
        "checkpoint_id": checkpoint.id,
        "months": checkpoint.months,
        "kind": checkpoint.kind.value,
        "rule": checkpoint.rule.value,
        "handover_date": checkpoint.handover,
        "nominal_date": checkpoint.nominal,
        "due_date": checkpoint.due,
        "opens_date": checkpoint.opens,
        "reasons": reasons_json(checkpoint.reasons),
        "effective_due": checkpoint.effective_due,
        "answered_on": checkpoint.answered_on,
        "told_due": checkpoint.told_due,
    }


def checkpoint_of(row: Row, extensions: Sequence[Extension], answers: Sequence[Answer]) -> Checkpoint:
    return Checkpoint(
        id=row.checkpoint_id,
        months=row.months,
        kind=Kind(row.kind),
        rule=WorkingDayRule(row.rule),
        handover=row.handover_date,
        nominal=row.nominal_date,
        due=row.due_date,
        opens=row.opens_date,
        reasons=reasons_of(row.reasons),
        extensions=tuple(extensions),
        answers=tuple(answers),
        told_due=row.told_due,
    )


def answer_row(promise: Promise, checkpoint: Checkpoint, answer: Answer) -> dict[str, Any]:
    return {
        "municipality_id": promise.municipality,
        "promise_id": promise.id,
        "checkpoint_id": checkpoint.id,
        "answer_id": answer.id,
        "number": answer.number,
        "decision": answer.decision.value,
        "reason": answer.reason,
        "committee": answer.committee,
        "office": answer.office,
        "actions": answer.actions,
        "evidence_uris": list(answer.evidence_uris),
        "answer_date": answer.answer_date,
        "create_time": answer.create_time,
    }


def answer_of(row: Row) -> Answer:
    return Answer(
        id=row.answer_id,
        number=row.number,
        decision=Decision(row.decision),
        reason=row.reason,
        committee=row.committee,
        office=row.office,
        actions=row.actions,
        evidence_uris=tuple(row.evidence_uris),
        answer_date=row.answer_date,
        create_time=row.create_time,
    )


def extension_row(promise: Promise, checkpoint: Checkpoint, extension: Extension) -> dict[str, Any]:
    return {
        "municipality_id": promise.municipality,
        "promise_id": promise.id,
        "checkpoint_id": checkpoint.id,
        "extension_id": extension.id,
        "number": extension.number,
        "until_date": extension.until,
        "due_date": extension.due,
        "granted_on": extension.granted_on,
        "office": extension.office,
        "reason": extension.reason,
        "reasons": reasons_json(extension.reasons),
        "create_time": extension.create_time,
    }


def extension_of(row: Row) -> Extension:
    return Extension(
        id=row.extension_id,
        number=row.number,
        until=row.until_date,
        due=row.due_date,
        granted_on=row.granted_on,
        office=row.office,
        reason=row.reason,
        reasons=reasons_of(row.reasons),
        create_time=row.create_time,
    )
