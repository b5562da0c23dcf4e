"""Rows of assemblies and reports, and what they stand for, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.deliberation.domain.assembly import AnswerUnit, Assembly, AssemblyState
from services.deliberation.domain.checkpoint import Checkpoint, CheckpointKind, WorkingDayRule
from services.deliberation.domain.followed_up import Promise, Task
from services.deliberation.domain.report import Handover, Initiative, Recommendation, Report
from services.deliberation.domain.support import Base, Support

Row = Any  # a row of SQLAlchemy: its columns are attributes


def assembly_row(assembly: Assembly) -> dict[str, Any]:
    return {
        "municipality_id": assembly.municipality,
        "assembly_id": assembly.id,
        "title": assembly.title,
        "task": assembly.task,
        "outside": assembly.outside,
        "selection_id": assembly.selection,
        "checkpoints": [_checkpoint_json(each) for each in assembly.checkpoints],
        "answer_unit": assembly.answer_unit.value,
        "state": assembly.state.value,
        "members": assembly.members,
        "draw_id": assembly.draw,
        "create_time": assembly.create_time,
        "update_time": assembly.update_time,
        "version": assembly.version,
    }


def assembly_of(row: Row) -> Assembly:
    return Assembly(
        municipality=row.municipality_id,
        id=row.assembly_id,
        title=row.title,
        task=row.task,
        outside=row.outside,
        selection=row.selection_id,
        checkpoints=_checkpoints(row.checkpoints),
        answer_unit=AnswerUnit(row.answer_unit),
        state=AssemblyState(row.state),
        members=row.members,
        draw=row.draw_id,
        create_time=row.create_time,
        update_time=row.update_time,
        version=row.version,
    )


def report_row(report: Report) -> dict[str, Any]:
    row: dict[str, Any] = {
        "municipality_id": report.municipality,
        "assembly_id": report.assembly,
        "title": report.title,
        "preface": report.preface,
        "version": report.version,
        "update_time": report.update_time,
    }
    handover = report.handover
    if handover is not None:
        row |= {
            "handover_time": handover.time,
            "handover_date": handover.day,
            "checkpoints": [_checkpoint_json(each) for each in handover.checkpoints],
            "answer_unit": handover.answer_unit.value,
            "content": handover.content,
            "digest": handover.digest,
        }
    return row


def report_of(row: Row) -> Report:
    handover = None
    if row.handover_time is not None:
        handover = Handover(
            time=row.handover_time,
            day=row.handover_date,
            checkpoints=_checkpoints(row.checkpoints),
            answer_unit=AnswerUnit(row.answer_unit),
            content=bytes(row.content),
            digest=row.digest,
        )
    return Report(
        row.municipality_id, row.assembly_id, row.title, row.preface, row.version, row.update_time, handover
    )


def recommendation_of(row: Row, initiatives: Sequence[Initiative]) -> Recommendation:
    return Recommendation(
        row.recommendation_id, row.title, row.vision, row.position, tuple(initiatives), row.version
    )


def initiative_of(row: Row) -> Initiative:
    return Initiative(
        row.initiative_id,
        row.recommendation_id,
        row.title,
        row.text,
        None if row.support is None else _support(row.support),
        row.position,
        row.version,
    )


def support_json(support: Support) -> dict[str, Any]:
    return {
        "for": support.in_favour,
        "against": support.against,
        "abstain": support.abstain,
        "entitled": support.entitled,
        "present": support.present,
        "base": support.base.value if support.base else "",
    }


def promise_of(row: Row) -> Promise:
    return Promise(
        row.promise_id,
        row.assembly_id,
        row.subject,
        tuple(map(date.fromisoformat, row.due_dates)),
        frozenset(row.answered),
        frozenset(row.overdue),
        row.wanted,
    )


def promise_values(promise: Promise) -> dict[str, Any]:
    return {
        "assembly_id": promise.assembly,
        "subject": promise.subject,
        "due_dates": [day.isoformat() for day in promise.due_dates],
        "answered": sorted(promise.answered),
        "overdue": sorted(promise.overdue),
        "wanted": promise.wanted,
    }


def task_of(row: Row) -> Task:
    return Task(row.task_id, row.promise_id, row.open, row.places, row.free)


def _support(stored: dict[str, Any]) -> Support:
    return Support(
        stored["for"],
        stored["against"],
        stored["abstain"],
        stored["entitled"],
        stored["present"],
        Base(stored["base"]),
    )


def _checkpoint_json(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "months": checkpoint.months,
        "kind": checkpoint.kind.value,
        "working_day_rule": checkpoint.working_day_rule.value,
    }


def _checkpoints(stored: Sequence[dict[str, Any]]) -> tuple[Checkpoint, ...]:
    return tuple(
        Checkpoint(each["months"], CheckpointKind(each["kind"]), WorkingDayRule(each["working_day_rule"]))
        for each in stored
    )
