"""Work that outlives a request: a row that workers claim with a lease, a heartbeat and a fencing number.

A row is unique on (kind, municipality, key): asking twice gives the same job. Its payload fixes everything
that the work depends on before work begins, so that another worker, after a crash, does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select, true, update

from chassis.context import new_correlation_id
from chassis.ids import uuid7
from chassis.tables import jobs
from chassis.trace_context import trace_parent

if TYPE_CHECKING:
    from chassis.db import Database, Transaction
    from chassis.turns import Turns

Json = Any  # a JSON value: str, int, float, bool, None, list, dict
Progress = Callable[[str, Mapping[str, str]], None]
Cancelled = Callable[[], bool]

DEFAULT_ATTEMPTS = 5


class JobState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def over(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """A job's row. `fence` rises with each claim: a worker whose number is old has lost the job.

    `trace_parent` is the trace context of what asked for it, "" where nobody traced that.
    """

    id: UUID
    kind: str
    municipality: str
    key: str
    payload: Mapping[str, Json]
    state: JobState
    attempts: int
    max_attempts: int
    fence: int
    cancel_requested: bool
    stage: str
    progress: Mapping[str, str]
    reason: str
    reason_metadata: Mapping[str, str]
    correlation_id: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    trace_parent: str = ""


class JobHandler(Protocol):
    """Does the jobs of one kind. It may be run again after a crash, so it must come to the same end twice.

    `progress(stage, details)` shows how far it is and renews the lease (outside any unit of work: it opens
    one); `cancelled()` says that it should stop, which it does by raising JobCancelled. A DomainError fails
    the job for good (UNAVAILABLE: it is tried again); any other exception is tried again up to the job's
    attempts.
    """

    kind: str

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None: ...


@runtime_checkable
class GivesUp(Protocol):
    """A handler that wants to know when its job will not be tried again, to say so on its own resource.

    Called, at least once, before the job's row says FAILED or CANCELLED; `reason` is an error's reason.
    """

    def give_up(self, job: Job, state: JobState, reason: str, metadata: Mapping[str, str]) -> None: ...


class JobCancelled(Exception):  # noqa: N818 - how a handler says that it stopped
    """The job was cancelled, and its handler has stopped."""


class LeaseLost(Exception):  # noqa: N818 - nobody is at fault
    """Another worker has claimed the job: nothing that this one still does may count."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker has just made its own, found across municipalities: whose it is, no content."""

    id: UUID
    municipality: str
    fence: int


class JobQueue:
    """The jobs of one unit of work's municipality; one across municipalities finds and claims them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.changed = False

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Json],
        *,
        key: str,
        max_attempts: int = DEFAULT_ATTEMPTS,
    ) -> UUID:
        """Add a job, or find the one that this kind and key already have in this municipality: its id."""
        from chassis.db import upsert  # db knows this module

        transaction = self._transaction
        transaction.require_writing()
        now = transaction.machine_clock.now()
        statement = (
            upsert(transaction.connection, jobs)
            .values(
                id=uuid7(transaction.clock),
                kind=kind,
                municipality=transaction.municipality,
                key=key,
                payload=dict(payload),
                state=JobState.QUEUED,
                attempts=0,
                max_attempts=max_attempts,
                fence=0,
                available=now,
                cancel_requested=False,
                stage="",
                progress={},
                reason="",
                reason_metadata={},
                # Work that nobody asked for, a sweep's, begins a correlation of its own.
                correlation_id=transaction.correlation_id or new_correlation_id(),
                trace_parent=trace_parent(),
                created=now,
            )
            .on_conflict_do_nothing(index_elements=["kind", "municipality", "key"])
            .returning(jobs.c.id)
        )
        added = transaction.connection.execute(statement).scalar_one_or_none()
        if added is None:
            found = self.find(kind, key)
            assert found is not None  # noqa: S101 - the conflict was with exactly this row
            return found.id
        self.changed = True
        return UUID(str(added))

    def get(self, job_id: UUID) -> Job | None:
        return self._one(jobs.c.id == job_id)

    def find(self, kind: str, key: str) -> Job | None:
        return self._one(and_(jobs.c.kind == kind, jobs.c.key == key))

    def cancel(self, job_id: UUID) -> bool:
        """Ask that the job stop. False when it is over (or unknown). A waiting job's handler is told as well:
        a worker picks it up and, instead of running it, gives it up as CANCELLED."""
        self._transaction.require_writing()
        result = self._transaction.connection.execute(
            update(jobs)
            .where(self._tenant(), jobs.c.id == job_id, jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]))
            .values(cancel_requested=True)
        )
        self.changed = True
        return result.rowcount == 1

    def require_lease(self, job: Job) -> None:
        """Call first in every unit of work in which a handler writes. Raises LeaseLost."""
        self._transaction.require_writing()
        self._fenced_update(job, {"fence": job.fence})

    def complete(self, job: Job) -> None:
        """Mark the job done in the same transaction as its result. Raises LeaseLost."""
        self._finish(job, JobState.SUCCEEDED, "", {})

    def fail(self, job: Job, reason: str, metadata: Mapping[str, str] | None = None) -> None:
        """Mark the job failed for good in the same transaction as what shows it. Raises LeaseLost."""
        self._finish(job, JobState.FAILED, reason, metadata or {})

    def cancelled(self, job: Job) -> None:
        """Mark the job as stopped on request. Raises LeaseLost."""
        self._finish(job, JobState.CANCELLED, "", {})

    def show(self, job: Job, stage: str, details: Mapping[str, str], lease: timedelta) -> bool:
        """Renew the lease and show progress; True when the job should stop. Raises LeaseLost."""
        values = {"stage": stage, "progress": dict(details)}
        return self._fenced_update(
            job, {**values, "lease_until": self._transaction.machine_clock.now() + lease}
        )

    def renew(self, job: Job, lease: timedelta) -> bool:
        """Renew the lease; True when the job should stop. Raises LeaseLost."""
        return self._fenced_update(job, {"lease_until": self._transaction.machine_clock.now() + lease})

    def release(self, job: Job, *, after: timedelta, spent: bool) -> None:
        """Put the job back to be tried again after a while; an attempt that was not `spent` is given back."""
        self._fenced_update(
            job,
            {
                "state": JobState.QUEUED,
                "lease_until": None,
                "worker": None,
                "available": self._transaction.machine_clock.now() + after,
                "attempts": jobs.c.attempts if spent else jobs.c.attempts - 1,
            },
        )
        self.changed = True

    def claim(
        self, kinds: list[str], worker: str, lease: timedelta, turns: Turns | None = None
    ) -> Claim | None:
        """A job of these kinds that waits, or whose worker let its lease run out; now this worker's:
        the oldest of the municipality whose turn it is, or the oldest of all. `claim_job` reads it too.
        """
        self._transaction.require_writing()
        now = self._transaction.machine_clock.now()
        connection = self._transaction.connection
        free = or_(
            and_(jobs.c.state == JobState.QUEUED, or_(jobs.c.available <= now, jobs.c.cancel_requested)),
            and_(jobs.c.state == JobState.RUNNING, jobs.c.lease_until < now),
        )
        free = and_(self._tenant(), jobs.c.kind.in_(kinds), free)
        if turns is not None and (full := turns.full()):
            # What was cancelled takes no time, and somebody waits to see it end.
            free = and_(free, or_(jobs.c.municipality.not_in(full), jobs.c.cancel_requested))
        oldest = func.min(jobs.c.available)
        rows = connection.execute(
            select(jobs.c.municipality, oldest).where(free).group_by(jobs.c.municipality).order_by(oldest)
        )
        waiting = {row.municipality: row[1] for row in rows}
        for municipality in waiting if turns is None else turns.order(waiting):
            job_id = connection.execute(
                select(jobs.c.id)
                .where(free, jobs.c.municipality == municipality)
                .order_by(jobs.c.available, jobs.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).scalar_one_or_none()
            if job_id is not None:  # else another process is just claiming it
                break
        else:
            return None
        row = connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id)
            .values(
                state=JobState.RUNNING,
                attempts=jobs.c.attempts + 1,
                fence=jobs.c.fence + 1,
                worker=worker,
                lease_until=now + lease,
                started=now,
            )
            .returning(jobs.c.id, jobs.c.municipality, jobs.c.fence)
        ).one()
        return Claim(row.id, row.municipality, row.fence)

    def expire_leases(self, kinds: list[str]) -> int:
        """Free every running job of these kinds at once. Only for a process that knows itself alone."""
        self._transaction.require_writing()
        long_ago = self._transaction.machine_clock.now() - timedelta(seconds=1)
        result = self._transaction.connection.execute(
            update(jobs)
            .where(self._tenant(), jobs.c.kind.in_(kinds), jobs.c.state == JobState.RUNNING)
            .values(lease_until=long_ago)
        )
        return int(result.rowcount)

    def _finish(self, job: Job, state: JobState, reason: str, metadata: Mapping[str, str]) -> None:
        self._fenced_update(
            job,
            {
                "state": state,
                "reason": reason,
                "reason_metadata": dict(metadata),
                "lease_until": None,
                "finished": self._transaction.machine_clock.now(),
            },
        )

    def _fenced_update(self, job: Job, values: Mapping[str, Any]) -> bool:
        self._transaction.require_writing()
        cancel_requested = self._transaction.connection.execute(
            update(jobs)
            .where(jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.state == JobState.RUNNING)
            .values(**values)
            .returning(jobs.c.cancel_requested)
        ).scalar_one_or_none()
        if cancel_requested is None:
            raise LeaseLost
        return bool(cancel_requested)

    def _tenant(self) -> Any:
        transaction = self._transaction
        return true() if transaction.across else jobs.c.municipality == transaction.municipality

    def _one(self, condition: Any) -> Job | None:
        row = self._transaction.connection.execute(
            select(jobs).where(self._tenant(), condition)
        ).one_or_none()
        return None if row is None else _job(row)


def _job(row: Any) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        municipality=row.municipality,
        key=row.key,
        payload=row.payload,
        state=JobState(row.state),
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        fence=row.fence,
        cancel_requested=row.cancel_requested,
        stage=row.stage,
        progress=row.progress,
        reason=row.reason,
        reason_metadata=row.reason_metadata,
        correlation_id=row.correlation_id,
        created=row.created,
        started=row.started,
        finished=row.finished,
        trace_parent=row.trace_parent,
    )


def claim_job(
    database: Database, kinds: list[str], worker: str, lease: timedelta, turns: Turns | None = None
) -> Job | None:
    """Claim a job of any municipality, and read it as that municipality's."""
    with database.writing_across() as transaction:
        claim = transaction.jobs.claim(kinds, worker, lease, turns)
    if claim is None:
        return None
    with database.reading(claim.municipality) as transaction:
        job = transaction.jobs.get(claim.id)
    if job is None or job.fence != claim.fence:
        return None  # it took so long that the lease ran out, and another has the job
    return job


@dataclass(frozen=True, slots=True)
class JobTally:
    """Jobs of one kind in one state: how many, how many of them ended within the last day, and for how many
    seconds the oldest is there."""

    kind: str
    state: JobState
    count: int
    ended_today: int
    oldest_seconds: float


def job_tallies(database: Database) -> list[JobTally]:
    """Every job in the store, of all municipalities, by kind and state."""
    now = database.machine_clock.now()
    recent = func.sum(case((jobs.c.finished > now - timedelta(days=1), 1), else_=0))
    with database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(jobs.c.kind, jobs.c.state, func.count(), recent, func.min(jobs.c.created))
            .group_by(jobs.c.kind, jobs.c.state)
            .order_by(jobs.c.kind, jobs.c.state)
        ).all()
    return [
        JobTally(kind, JobState(state), int(count), int(ended), max((now - oldest).total_seconds(), 0.0))
        for kind, state, count, ended, oldest in rows
    ]
