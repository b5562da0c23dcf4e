"""Follow-up's jobs: reading a report until it is read, and telling of dates that passed unanswered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from chassis.clock import Clock
from chassis.db import Database, Transaction
from chassis.errors import Code, DomainError
from chassis.jobs import Cancelled, Job, Progress
from chassis.log import get_logger
from chassis.tenant_copy import municipalities
from services.followup.adapters import tables
from services.followup.adapters.repository import untold
from services.followup.app.make_promises import make_promises, note_trouble
from services.followup.app.ports import READ_REPORT_JOB, TELL_OVERDUE_JOB, Reports, UnitOfWork
from services.followup.app.tell_overdue import tell_overdue
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.deadlines.dates import local_date

_log = get_logger("services.followup")
_DAY = timedelta(days=1)

MakeUow = Callable[[Transaction], UnitOfWork]


class ReadReportHandler:
    """Reads the report from deliberation, outside any unit of work, and makes its promises in one.

    Whatever is wrong, it is tried again, with pauses up to a minute: a neighbour that is away comes back, and
    a fault there is put right there. What it waits for stands in the metric and on the page.
    """

    kind = READ_REPORT_JOB

    def __init__(
        self,
        database: Database,
        clock: Clock,
        reports: Reports,
        calendar: WorkingCalendar,
        make_uow: MakeUow,
    ) -> None:
        self._database = database
        self._clock = clock
        self._reports = reports
        self._calendar = calendar
        self._make_uow = make_uow

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        assembly = UUID(job.payload["assembly"])
        try:
            report = self._reports.read(job.municipality, assembly, job.correlation_id)
            with self._database.writing(job.municipality, correlation_id=job.correlation_id) as transaction:
                transaction.jobs.require_lease(job)
                made = make_promises(
                    self._make_uow(transaction),
                    report,
                    clock=self._clock,
                    calendar=self._calendar,
                    correlation_id=job.correlation_id,
                )
                transaction.jobs.complete(job)
        except DomainError as error:
            details = dict(error.metadata)
            _log.warning("report not read", reason=error.reason, attempt=job.attempts, details=details)
            with self._database.writing(job.municipality, correlation_id=job.correlation_id) as transaction:
                transaction.jobs.require_lease(job)
                note_trouble(self._make_uow(transaction), assembly, error.reason)
            raise DomainError(Code.UNAVAILABLE, error.reason, error.metadata) from None
        _log.info("promises made", assembly=str(assembly), promises=made)


class TellOverdueHandler:
    """One municipality's dates that have passed unanswered, told in one unit of work."""

    kind = TELL_OVERDUE_JOB

    def __init__(self, database: Database, clock: Clock, make_uow: MakeUow) -> None:
        self._database = database
        self._clock = clock
        self._make_uow = make_uow

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        with self._database.writing(job.municipality, correlation_id=job.correlation_id) as transaction:
            transaction.jobs.require_lease(job)
            told = tell_overdue(self._make_uow(transaction), clock=self._clock)
            transaction.jobs.complete(job)
        _log.info("overdue told", municipality=job.municipality, checkpoints=told)


class Sweep:
    """Queues the telling where a date has passed: a job unique on municipality and day, whoever looks.

    A municipality where nothing has passed gets no row.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self) -> int:
        """How many municipalities have something to tell today."""
        now = self._clock.now()
        waiting = [
            (municipality, today)
            for municipality, zone, earliest in self._untold(now.date() + 2 * _DAY)
            if earliest < (today := local_date(now, ZoneInfo(zone)))
        ]
        for municipality, today in waiting:
            with self._database.writing(municipality) as transaction:
                transaction.jobs.enqueue(TELL_OVERDUE_JOB, {"day": today.isoformat()}, key=today.isoformat())
        return len(waiting)

    def _untold(self, before: date) -> list[tuple[str, str, date]]:
        """Municipality, its zone, and its earliest untold date; `before` is past today everywhere."""
        dated = tables.checkpoints.c
        query = (
            select(dated.municipality_id, municipalities.c.time_zone, func.min(dated.effective_due))
            .join_from(
                tables.checkpoints,
                municipalities,
                dated.municipality_id == municipalities.c.municipality_id,
            )
            .where(*untold(before))
            .group_by(dated.municipality_id, municipalities.c.time_zone)
        )
        with self._database.reading_across() as transaction:
            return [(row[0], row[1], row[2]) for row in transaction.connection.execute(query)]
