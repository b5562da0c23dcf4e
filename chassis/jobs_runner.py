"""The workers of one service: they claim jobs, keep their leases, and say how each ended."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

from chassis.errors import Code, DomainError
from chassis.jobs import GivesUp, Job, JobCancelled, JobHandler, JobState, LeaseLost, claim_job
from chassis.jobs_process import ChildCancelled, ChildFailed
from chassis.log import bound, get_logger, trace
from chassis.trace_context import WorkTracing
from chassis.turns import Turns

if TYPE_CHECKING:
    from chassis.db import Database, Transaction
    from chassis.metrics import Metrics

_log = get_logger("chassis.jobs")


def _tell_nobody(outcome: str) -> None:
    """Who is told the outcome of work that nobody traces."""


class _Running:
    """A job that a worker has at hand; the heartbeat and the worker share it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.cancel_requested = job.cancel_requested
        self.lost = False
        self.shown: tuple[str, float] = ("", 0.0)


class JobRunner:
    """`workers` threads, the last of which no municipality has but where it is the only one (chassis.turns).
    `exclusive` says that no other process works on this store: what a killed one left is resumed at once,
    not only when its lease runs out."""

    HEARTBEAT_SECONDS = 2.0
    # Jobs that another process added are found so soon.
    IDLE_SECONDS = 1.0
    PROGRESS_SECONDS = 0.2

    def __init__(
        self,
        service: str,
        database: Database,
        handlers: Sequence[JobHandler],
        metrics: Metrics,
        *,
        workers: int = 2,
        lease: timedelta = timedelta(seconds=30),
        exclusive: bool = True,
        retry_first: timedelta = timedelta(seconds=1),
        tracing: WorkTracing | None = None,
    ) -> None:
        self._tracing = tracing
        self._service = service
        self._database = database
        self._handlers = {handler.kind: handler for handler in handlers}
        self._metrics = metrics
        self._lease = lease
        self._exclusive = exclusive
        self._retry_first = retry_first
        self._name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._turns = Turns(workers)
        self._claiming = threading.Lock()
        self._changed = threading.Condition()
        self._generation = 0
        self._running: dict[threading.Thread, _Running] = {}
        self._draining = False  # claim no more
        self._stopping = False  # and stop what runs
        self._threads = [
            threading.Thread(target=self._work, name=f"jobs-{service}-{number}", daemon=True)
            for number in range(1, workers + 1)
        ]
        self._heart = threading.Thread(target=self._beat, name=f"jobs-{service}-heartbeat", daemon=True)
        database.wakeups.listen("jobs", self._wake)

    def start(self) -> None:
        if not self._handlers:
            return
        if self._exclusive:
            with self._database.writing_across() as transaction:
                resumed = transaction.jobs.expire_leases(list(self._handlers))
            if resumed:
                _log.info("jobs to resume", service=self._service, jobs=resumed)
        for thread in (*self._threads, self._heart):
            thread.start()

    @property
    def alive(self) -> bool:
        return not self._handlers or all(thread.is_alive() for thread in (*self._threads, self._heart))

    def stop(self, grace_seconds: float) -> int:
        """Claim no more; give what runs this long to end, then tell it to stop and put it back, to be
        resumed after the next start. How many jobs did not even stop (their lease will run out).
        """
        self._draining = True
        self._wake()
        if not self._handlers or self._heart.ident is None:
            return 0
        until = time.monotonic() + grace_seconds
        reserve = min(2.0, grace_seconds / 2)
        for thread in self._threads:
            thread.join(max(0.0, until - reserve - time.monotonic()))
        self._stopping = True
        for thread in self._threads:
            thread.join(max(0.1, until - time.monotonic()))
        self._wake()
        self._heart.join(1.0)
        return sum(thread.is_alive() for thread in self._threads)

    def _wake(self) -> None:
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    def _wait(self, generation: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._generation != generation or self._draining, seconds)

    def _wait_for_change(self, generation: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._generation != generation, seconds)

    def _work(self) -> None:
        kinds = list(self._handlers)
        while not self._draining:
            generation = self._generation
            try:
                job = self._claim(kinds)
                if job is not None:
                    try:
                        self._run(job)
                    finally:
                        with self._claiming:
                            self._turns.end(job.municipality)
                    continue
            except Exception as error:  # the store may be away: the worker must outlive it
                _log.error("worker failed", service=self._service, trace=trace(error))
            self._wait(generation, self.IDLE_SECONDS)

    def _claim(self, kinds: list[str]) -> Job | None:
        with self._claiming:
            job = claim_job(self._database, kinds, self._name, self._lease, self._turns)
            if job is not None:
                self._turns.begin(job.municipality)
            return job

    def _run(self, job: Job) -> None:
        running = _Running(job)
        with self._changed:
            self._running[threading.current_thread()] = running
        tracing = self._tracing
        span = nullcontext(_tell_nobody) if tracing is None else tracing.working(self._service, job)
        with bound(correlation_id=job.correlation_id, job_id=str(job.id)), span as tell:
            try:
                outcome = self._attempt(job, running)
            except LeaseLost:
                outcome = "LOST"
            finally:
                with self._changed:
                    del self._running[threading.current_thread()]
            tell(outcome)
            _log.info("job", kind=job.kind, attempt=job.attempts, outcome=outcome)
        self._metrics.jobs_run.labels(self._service, job.kind, outcome).inc()

    def _attempt(self, job: Job, running: _Running) -> str:
        handler = self._handlers[job.kind]
        if job.cancel_requested:
            return self._give_up(handler, job, JobState.CANCELLED, "JOB_CANCELLED", {})
        if job.attempts > job.max_attempts:
            tries = {"attempts": str(job.max_attempts)}
            return self._give_up(handler, job, JobState.FAILED, "JOB_ATTEMPTS_EXHAUSTED", tries)

        def progress(stage: str, details: Mapping[str, str]) -> None:
            now = time.monotonic()
            shown_stage, shown_at = running.shown
            if stage == shown_stage and now - shown_at < self.PROGRESS_SECONDS:
                return
            running.shown = (stage, now)
            with self._row_of(job) as transaction:
                if transaction.jobs.show(job, stage, details, self._lease):
                    running.cancel_requested = True

        def cancelled() -> bool:
            return running.cancel_requested or running.lost or self._stopping

        try:
            handler.run(job, progress, cancelled)
        except (JobCancelled, ChildCancelled):
            if running.lost:
                raise LeaseLost from None
            if running.cancel_requested:
                return self._give_up(handler, job, JobState.CANCELLED, "JOB_CANCELLED", {})
            return self._put_back(job, timedelta(0), spent=False)
        except LeaseLost:
            raise
        except DomainError as error:
            if error.code is Code.UNAVAILABLE:
                return self._retry(handler, job, error.reason, error.metadata)
            return self._give_up(handler, job, JobState.FAILED, error.reason, error.metadata)
        except Exception as error:  # whatever it is, the job goes on or says why not
            incident = secrets.token_hex(6)
            inner = error.trace if isinstance(error, ChildFailed) else []
            _log.error("job failed", kind=job.kind, incident=incident, trace=trace(error), engine=inner)
            return self._retry(handler, job, "INTERNAL", {"incident": incident})
        return self._done(job)

    def _row_of(self, job: Job) -> AbstractContextManager[Transaction]:
        # Nothing is touched but the job's own row, by its number: no need to queue behind an import.
        return self._database.writing(job.municipality, concurrent=True)

    def _done(self, job: Job) -> str:
        with self._row_of(job) as transaction:
            stored = transaction.jobs.get(job.id)
            if stored is None or stored.fence != job.fence:
                raise LeaseLost
            if not stored.state.over:  # else the handler said so together with its result
                transaction.jobs.complete(job)
                return JobState.SUCCEEDED
            return stored.state

    def _retry(self, handler: JobHandler, job: Job, reason: str, metadata: Mapping[str, str]) -> str:
        if job.attempts >= job.max_attempts:
            return self._give_up(handler, job, JobState.FAILED, reason, metadata)
        pause = min(self._retry_first * 2 ** min(job.attempts - 1, 10), timedelta(minutes=1))
        return self._put_back(job, pause, spent=True)

    def _put_back(self, job: Job, after: timedelta, *, spent: bool) -> str:
        with self._row_of(job) as transaction:
            transaction.jobs.release(job, after=after, spent=spent)
        return "RETRIED"

    def _give_up(
        self,
        handler: JobHandler,
        job: Job,
        state: JobState,
        reason: str,
        metadata: Mapping[str, str],
    ) -> str:
        if isinstance(handler, GivesUp):
            handler.give_up(job, state, reason, metadata)
        with self._row_of(job) as transaction:
            stored = transaction.jobs.get(job.id)
            if stored is not None and stored.fence == job.fence and stored.state.over:
                return stored.state  # the handler said so together with what shows it
            if state is JobState.CANCELLED:
                transaction.jobs.cancelled(job)
            else:
                transaction.jobs.fail(job, reason, metadata)
        return state

    def _beat(self) -> None:
        """Renew the leases of what runs, and see who asked it to stop."""
        while any(thread.is_alive() for thread in self._threads):
            generation = self._generation
            with self._changed:
                at_hand = list(self._running.values())
            for running in at_hand:
                try:
                    with self._row_of(running.job) as transaction:
                        if transaction.jobs.renew(running.job, self._lease):
                            running.cancel_requested = True
                except LeaseLost:
                    running.lost = True
                except Exception as error:  # the store may be away; the lease lasts longer than that
                    _log.error("heartbeat failed", service=self._service, trace=trace(error))
            self._wait_for_change(generation, self.HEARTBEAT_SECONDS)
