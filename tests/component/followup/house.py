"""Follow-up's desk, consumer, jobs and sweep in one process, on a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from borgerting.deliberation.v1.events_pb2 import ReportHandedOver
from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis.auth.principal import Role
from chassis.clock import FixedClock
from chassis.context import Caller
from chassis.db import Database
from chassis.entry import Entry
from chassis.events.envelope import Envelope, Event, schema_of, topic_of
from chassis.events.ports import Delivery
from chassis.inbox import Inbox, Outcome
from chassis.jobs import Job, claim_job
from chassis.metrics import Metrics
from chassis.tables import jobs, outbox
from chassis.tenant_copy import SqlMunicipalities
from chassis.tenants import Municipality
from services.followup.adapters import consumers, tables
from services.followup.adapters.measures import PrometheusMeter, promise_gauges
from services.followup.adapters.promise_desk import PromiseDesk
from services.followup.adapters.unit_of_work import SqlUnitOfWork
from services.followup.adapters.worker import ReadReportHandler, Sweep, TellOverdueHandler
from services.followup.app.ports import READ_REPORT_JOB, TELL_OVERDUE_JOB, UnitOfWork
from services.followup.deadlines.calendar import DanishCalendar
from services.followup.domain.report import Report
from tests.contract.followup.memory import MemoryReports
from tests.infrastructure.stores import Stores, everything
from tests.unit.followup.house import ASSEMBLY, HERE, THERE, a_report, at, who

OFFICER = who(Role.OFFICER)
LEASE = timedelta(seconds=30)
ZONES = {HERE: "Europe/Copenhagen", THERE: "Pacific/Auckland"}


class House:
    def __init__(self, stores: Stores, now: str = "2025-08-28") -> None:
        self.clock = FixedClock(at(now))
        self.database = stores.new(
            tables.metadata, "followup", "services.followup.migrations", clock=self.clock
        )
        self.metrics = Metrics()
        meter = PrometheusMeter(self.metrics)
        self.metrics.at_scrape(promise_gauges(self.database, self.clock))
        self.make_uow = lambda transaction: SqlUnitOfWork(transaction, meter)
        self.entry: Entry[UnitOfWork] = Entry(self.database, self.make_uow)
        self.calendar = DanishCalendar()
        self.desk = PromiseDesk(self.entry, self.clock, self.calendar)
        self.reports = MemoryReports()
        self.inbox = Inbox(self.database, consumers.reports())
        for slug, zone in ZONES.items():
            with self.database.writing(slug) as transaction:
                entry = Municipality(slug, slug.title(), zone, ("da", "en"), "ACTIVE")
                SqlMunicipalities(transaction).put(entry)

    def go(self, now: str) -> None:
        self.clock.instant = at(now)

    def deliver(
        self,
        report: Report,
        *,
        at: str = HERE,
        event_id: UUID | None = None,
        sequence: int = 1,
        snapshot: bool = False,
    ) -> Outcome:
        """Deliberation's event, as the carrier brings it."""
        name = f"municipalities/{at}/assemblies/{report.assembly}/report"
        message = ReportHandedOver(report=name, digest=report.digest)
        kind = message.DESCRIPTOR.full_name
        envelope = Envelope(
            id=event_id or uuid4(),
            source="/deliberation",
            type=kind,
            time=datetime(2025, 8, 28, tzinfo=UTC),
            topic=topic_of("deliberation"),
            key=f"{at}/assemblies/{report.assembly}",
            municipality=at,
            sequence=sequence,
            snapshot=snapshot,
            correlation_id="c-1",
            causation_id="",
            data_schema=schema_of(kind),
        )
        event = Event(envelope, message.SerializeToString())
        return self.inbox.receive(Delivery(envelope.topic, 0, sequence, envelope.key, event))

    def claim(self, kind: str, worker: str = "w1", database: Database | None = None) -> Job | None:
        return claim_job(database or self.database, [kind], worker, LEASE)

    def reader(self, reports: Any = None, database: Database | None = None) -> ReadReportHandler:
        return ReadReportHandler(
            database or self.database, self.clock, reports or self.reports, self.calendar, self.make_uow
        )

    def teller(self, database: Database | None = None) -> TellOverdueHandler:
        return TellOverdueHandler(database or self.database, self.clock, self.make_uow)

    def sweep(self, database: Database | None = None) -> Sweep:
        return Sweep(database or self.database, self.clock)

    def hand_over(self, report: Report | None = None, *, at: str = HERE) -> None:
        """From the event to the promises."""
        told = report or a_report(at)
        self.reports.reports[at, told.assembly] = told
        assert self.deliver(told, at=at) is Outcome.HANDLED
        job = self.claim(READ_REPORT_JOB)
        assert job is not None
        self.reader().run(job, quiet, never)

    def tell(self) -> int:
        """Look, and do what was queued; how many jobs that were."""
        self.sweep().look()
        done = 0
        while (job := self.claim(TELL_OVERDUE_JOB)) is not None:
            self.teller().run(job, quiet, never)
            done += 1
        return done

    def promises(self, by: Caller = OFFICER, at: str = HERE, **fields: Any) -> list[pb.Promise]:
        request = pb.ListPromisesRequest(parent=f"municipalities/{at}", page_size=1000, **fields)
        return list(self.desk.list_promises(by, request).promises)

    def answer(self, checkpoint: pb.Checkpoint, request_id: str = "", **fields: Any) -> pb.Answer:
        wanted = pb.Answer(**{"decision": pb.Answer.DECISION_FOLLOWED, "reason": "Fordi", **fields})
        request = pb.CreateAnswerRequest(parent=checkpoint.name, answer=wanted, request_id=request_id)
        return self.desk.create_answer(OFFICER, request)

    def events(self, kind: str = "") -> list[str]:
        """The types of events in the outbox, or the keys of those of one type."""
        with everything(self.database) as whole:
            rows = whole.connection.execute(select(outbox.c.type, outbox.c.key).order_by(outbox.c.seq)).all()
        types = [(row.type.rsplit(".", 1)[1], row.key) for row in rows]
        return [key for name, key in types if name == kind] if kind else [name for name, _ in types]

    def messages(self, kind: Any) -> list[Any]:
        """The events of one type in the outbox."""
        with everything(self.database) as whole:
            query = select(outbox.c.payload).where(outbox.c.type == kind.DESCRIPTOR.full_name)
            rows = whole.connection.execute(query.order_by(outbox.c.seq)).all()
        return [kind.FromString(bytes(row.payload)) for row in rows]

    def job_rows(self, kind: str) -> list[tuple[str, str, str]]:
        with everything(self.database) as whole:
            rows = whole.connection.execute(select(jobs).where(jobs.c.kind == kind)).all()
        return sorted((row.municipality, row.key, row.state) for row in rows)

    def total(self, name: str, **labels: str) -> float:
        """A gauge's sum over the municipalities."""
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        lines = [
            line for line in self.metrics.exposition().decode().splitlines() if line.startswith(f"{name}{{")
        ]
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if wanted <= set(line.partition("{")[2].partition("}")[0].split(","))
        )

    def gauge(self, line: str) -> float:
        """A sample of `/metrics`, by its name with labels."""
        for found in self.metrics.exposition().decode().splitlines():
            if found.startswith(f"{line} "):
                return float(found.rsplit(" ", 1)[1])
        raise AssertionError(f"no sample {line}")


def quiet(stage: str, details: Any) -> None:
    pass


def never() -> bool:
    return False


__all__ = ["ASSEMBLY", "HERE", "OFFICER", "THERE", "House", "a_report", "never", "quiet"]
