"""Make what the council owes out of the report that was read: all of it at once, and once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from uuid import UUID

from chassis.clock import Clock
from chassis.context import system
from chassis.errors import Code, DomainError
from chassis.ids import derived_uuid7
from chassis.tenants import entered
from services.followup.app.gate import zone_of
from services.followup.app.ports import UnitOfWork
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.domain import making
from services.followup.domain.report import HandoverState, Report


def make_promises(
    uow: UnitOfWork, report: Report, *, clock: Clock, calendar: WorkingCalendar, correlation_id: str = ""
) -> int:
    """How many were made; 0 when they stand already.

    Raises DomainError FAILED_PRECONDITION REPORT_DIGEST_DIFFERS for another report than was handed over,
    REPORT_UNUSABLE; NOT_FOUND MUNICIPALITY_UNKNOWN before the registry's event came.
    """
    handover = uow.handovers.get(report.assembly)
    if handover is None:
        raise DomainError(Code.NOT_FOUND, "HANDOVER_UNKNOWN")
    if handover.digest != report.digest:
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_DIGEST_DIFFERS")
    if handover.state is HandoverState.PROMISED:
        return 0
    promises = making.make_promises(
        report,
        uow.municipality,
        calendar=calendar,
        zone=zone_of(entered(uow)),
        now=clock.now(),
        new_id=_ids(uow.municipality, report),
    )
    promised = replace(
        handover,
        state=HandoverState.PROMISED,
        trouble="",
        title=report.title,
        handover_date=report.handover_date,
    )
    uow.handovers.put(promised)
    uow.promises.add(promises)
    for promise in promises:
        uow.events.promise_made(promise)
    uow.audit.record(
        system("followup", correlation_id),
        "promises.make",
        handover.assembly_name,
        {"promises": str(len(promises))},
    )
    return len(promises)


def _ids(municipality: str, report: Report) -> Callable[[], UUID]:
    """The same for the same report: where the promises were lost with a store, and the report is read again,
    they are the promises that others know.
    """
    handed_over = datetime.combine(report.handover_date, time.min, UTC)
    numbers = itertools.count(1)
    of_report = f"promises {municipality} {report.assembly} {report.digest}"
    return lambda: derived_uuid7(handed_over, f"{of_report} {next(numbers)}")


def note_trouble(uow: UnitOfWork, assembly: UUID, reason: str) -> None:
    """Why the report could not be read so far, for the metric and the page."""
    handover = uow.handovers.get(assembly)
    if handover is not None and handover.state is HandoverState.WAITING and handover.trouble != reason:
        uow.handovers.put(replace(handover, trouble=reason))
