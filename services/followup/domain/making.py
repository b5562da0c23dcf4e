"""From a report that was handed over to what the council owes: a promise for each initiative."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from uuid import UUID

from chassis.errors import Code, DomainError
from services.followup.deadlines import types as engine
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.deadlines.dates import deadlines
from services.followup.deadlines.errors import DeadlineError
from services.followup.deadlines.types import Deadline
from services.followup.domain.checkpoint import Checkpoint
from services.followup.domain.promise import Promise
from services.followup.domain.report import AnswerUnit, Report

Subject = tuple[str, str, str, str]  # its name, title and text, and its recommendation's title


def make_promises(
    report: Report,
    municipality: str,
    *,
    calendar: WorkingCalendar,
    zone: tzinfo,
    now: datetime,
    new_id: Callable[[], UUID],
) -> tuple[Promise, ...]:
    """In the report's order, each with the same dates. Raises DomainError FAILED_PRECONDITION REPORT_UNUSABLE
    for a report that promises nothing, or dates that cannot be counted.
    """
    subjects = list(_subjects(report))
    if not subjects:
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_UNUSABLE", {"fault": "NOTHING_TO_ANSWER"})
    wanted = [
        engine.Checkpoint(str(number), each.kind, each.months, each.rule)
        for number, each in enumerate(report.answers, 1)
    ]
    try:
        dated = deadlines(report.handover_date, wanted, calendar, zone)
    except DeadlineError as error:
        faults = ", ".join(sorted({reason.code for reason in error.reasons}))
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_UNUSABLE", {"fault": faults}) from None
    ordered = sorted(dated, key=lambda deadline: (deadline.due, deadline.checkpoint.months))
    return tuple(
        Promise(
            municipality=municipality,
            id=new_id(),
            assembly=report.assembly,
            position=position,
            unit=report.unit,
            subject=name,
            title=title,
            text=text,
            recommendation_title=recommendation,
            handover_date=report.handover_date,
            checkpoints=tuple(_checkpoint(deadline, new_id()) for deadline in ordered),
            create_time=now,
            update_time=now,
        )
        for position, (name, title, text, recommendation) in enumerate(subjects, 1)
    )


def _subjects(report: Report) -> Iterator[Subject]:
    for recommendation in report.recommendations:
        if report.unit is AnswerUnit.RECOMMENDATION:
            yield recommendation.name, recommendation.title, recommendation.vision, recommendation.title
            continue
        for initiative in recommendation.initiatives:
            yield initiative.name, initiative.title, initiative.text, recommendation.title


def _checkpoint(deadline: Deadline, identity: UUID) -> Checkpoint:
    promised = deadline.checkpoint
    return Checkpoint(
        id=identity,
        months=promised.months,
        kind=promised.kind,
        rule=promised.rule,
        handover=deadline.handover,
        nominal=deadline.nominal,
        due=deadline.due,
        opens=deadline.opens,
        reasons=deadline.reasons,
    )
