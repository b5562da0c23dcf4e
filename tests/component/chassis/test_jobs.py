"""Jobs: claimed by one worker at a time, resumed, retried, cancelled, given up, each with its outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest

from chassis.context import Caller, system
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.jobs import Cancelled, Job, JobCancelled, JobState, LeaseLost, Progress, claim_job, job_tallies
from chassis.jobs_runner import JobRunner
from chassis.metrics import Metrics
from chassis.tables import metadata
from chassis.testing.stores import noon
from tests.infrastructure.stores import Stores

LEASE = timedelta(seconds=30)
Run = Callable[[Job, Progress, Cancelled], None]


class Counting:
    """A handler whose doing is given, and that notes how it was told to give up."""

    kind = "count"

    def __init__(self, run: Run) -> None:
        self._run = run
        self.runs = 0
        self.given_up: list[tuple[JobState, str, Mapping[str, str]]] = []

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        self.runs += 1
        self._run(job, progress, cancelled)

    def give_up(self, job: Job, state: JobState, reason: str, metadata: Mapping[str, str]) -> None:
        self.given_up.append((state, reason, metadata))


def nothing(job: Job, progress: Progress, cancelled: Cancelled) -> None:
    return None


def until_cancelled(job: Job, progress: Progress, cancelled: Cancelled) -> None:
    progress("waiting", {})
    for _ in range(1000):
        if cancelled():
            raise JobCancelled
        time.sleep(0.01)


class Works:
    def __init__(self, stores: Stores) -> None:
        self.database: Database = stores.new(metadata)
        self.metrics = Metrics()
        self.runners: list[JobRunner] = []

    def runner(self, handler: Counting, **options: object) -> JobRunner:
        given: dict[str, object] = {
            "workers": 1,
            "retry_first": timedelta(milliseconds=1),
            **options,
        }
        made = JobRunner("toy", self.database, [handler], self.metrics, **given)  # type: ignore[arg-type]
        made.IDLE_SECONDS = 0.05
        made.HEARTBEAT_SECONDS = 0.1
        self.runners.append(made)
        made.start()
        return made

    def enqueue(self, key: str = "1", **options: int) -> Job:
        with self.database.writing("hjemby") as transaction:
            job_id = transaction.jobs.enqueue("count", {"to": 3}, key=key, **options)
            job = transaction.jobs.get(job_id)
        assert job is not None
        return job

    def get(self, job: Job) -> Job:
        with self.database.reading("hjemby") as transaction:
            found = transaction.jobs.get(job.id)
        assert found is not None
        return found

    def wait(self, job: Job, *states: JobState, seconds: float = 10.0) -> Job:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.get(job)
            if found.state in states:
                return found
            time.sleep(0.01)
        raise AssertionError(f"still {self.get(job)}")


@pytest.fixture
def works(stores: Stores) -> Iterator[Works]:
    made = Works(stores)
    yield made
    for runner in made.runners:
        runner.stop(5)
    made.database.close()


def test_a_job_is_done_once_and_says_so(works: Works) -> None:
    handler = Counting(nothing)
    works.runner(handler, workers=4)
    job = works.enqueue()
    done = works.wait(job, JobState.SUCCEEDED)
    assert (handler.runs, done.attempts) == (1, 1)
    assert done.started is not None
    assert done.finished is not None
    assert len(job.correlation_id) == 32  # also where nobody asked for it
    [tally] = job_tallies(works.database)
    assert (tally.kind, tally.state, tally.count) == ("count", JobState.SUCCEEDED, 1)
    assert works.enqueue().id == job.id  # asked for again: the same, and not run again
    time.sleep(0.2)
    assert handler.runs == 1


def test_an_enqueued_job_starts_at_once(works: Works) -> None:
    begun = threading.Event()
    runner = works.runner(Counting(lambda job, progress, cancelled: begun.set()))
    runner.IDLE_SECONDS = 60
    time.sleep(0.1)  # so that the worker is waiting
    works.enqueue()
    assert begun.wait(5)


def test_every_job_is_claimed_by_one_worker(works: Works) -> None:
    handler = Counting(nothing)
    jobs = [works.enqueue(str(number)) for number in range(20)]
    works.runner(handler, workers=3)
    works.runner(handler, workers=3, exclusive=False)
    for job in jobs:
        works.wait(job, JobState.SUCCEEDED)
    assert handler.runs == 20


def test_progress_is_shown(works: Works) -> None:
    seen = threading.Event()
    go_on = threading.Event()

    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        progress("leximin", {"iteration": "7"})
        seen.set()
        go_on.wait(10)

    works.runner(Counting(run))
    job = works.enqueue()
    assert seen.wait(5)
    assert (works.get(job).stage, works.get(job).progress) == ("leximin", {"iteration": "7"})
    go_on.set()
    works.wait(job, JobState.SUCCEEDED)


def test_a_refusal_fails_the_job_for_good(works: Works) -> None:
    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        raise DomainError(Code.FAILED_PRECONDITION, "TARGETS_INFEASIBLE", {"size": "36"})

    handler = Counting(run)
    works.runner(handler)
    failed = works.wait(works.enqueue(), JobState.FAILED)
    assert (failed.reason, failed.reason_metadata) == ("TARGETS_INFEASIBLE", {"size": "36"})
    assert handler.runs == 1
    assert handler.given_up == [(JobState.FAILED, "TARGETS_INFEASIBLE", {"size": "36"})]


def test_an_unavailable_neighbour_and_a_bug_are_tried_again(works: Works) -> None:
    errors: list[Exception] = [DomainError(Code.UNAVAILABLE, "NEIGHBOUR_AWAY"), KeyError("Anna")]

    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        if errors:
            raise errors.pop()

    handler = Counting(run)
    works.runner(handler)
    done = works.wait(works.enqueue(), JobState.SUCCEEDED)
    assert (handler.runs, done.attempts) == (3, 3)
    assert handler.given_up == []


def test_attempts_are_bounded(works: Works) -> None:
    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        raise KeyError("Anna Andersen")

    handler = Counting(run)
    works.runner(handler)
    failed = works.wait(works.enqueue(max_attempts=2), JobState.FAILED)
    assert handler.runs == 2
    assert failed.reason == "INTERNAL"
    assert set(failed.reason_metadata) == {"incident"}
    assert "Anna" not in str(failed)


def test_a_job_that_kills_its_workers_is_given_up(works: Works) -> None:
    """Each claim that never came back counts, or a poison job would kill workers for ever."""
    job = works.enqueue(max_attempts=2)
    for _ in range(2):
        assert claim_job(works.database, ["count"], "gone", timedelta(seconds=-1)) is not None
    handler = Counting(nothing)
    works.runner(handler)
    failed = works.wait(job, JobState.FAILED)
    assert failed.reason == "JOB_ATTEMPTS_EXHAUSTED"
    assert handler.runs == 0
    assert handler.given_up[0][1] == "JOB_ATTEMPTS_EXHAUSTED"


def test_a_running_job_is_cancelled(works: Works) -> None:
    handler = Counting(until_cancelled)
    works.runner(handler).HEARTBEAT_SECONDS = 60  # the commit itself must wake it
    job = works.enqueue()
    works.wait(job, JobState.RUNNING)
    with works.database.writing("hjemby") as transaction:
        assert transaction.jobs.cancel(job.id)
    works.wait(job, JobState.CANCELLED, seconds=5)
    assert handler.given_up == [(JobState.CANCELLED, "JOB_CANCELLED", {})]


def test_a_waiting_job_is_cancelled_without_running(works: Works) -> None:
    job = works.enqueue()
    with works.database.writing("hjemby") as transaction:
        transaction.jobs.cancel(job.id)
    handler = Counting(nothing)
    works.runner(handler)
    works.wait(job, JobState.CANCELLED)
    assert handler.runs == 0
    with works.database.writing("hjemby") as transaction:
        assert not transaction.jobs.cancel(job.id)  # it is over


def test_a_stop_puts_back_what_cannot_end_and_costs_no_attempt(works: Works) -> None:
    job = works.enqueue()
    runner = works.runner(Counting(until_cancelled))
    works.wait(job, JobState.RUNNING)
    assert runner.stop(0.5) == 0
    put_back = works.get(job)
    assert (put_back.state, put_back.attempts) == (JobState.QUEUED, 0)
    handler = Counting(nothing)
    works.runner(handler)
    assert works.wait(job, JobState.SUCCEEDED).attempts == 1


def test_a_stop_lets_short_work_end(works: Works) -> None:
    begun = threading.Event()

    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        begun.set()
        time.sleep(0.3)

    job = works.enqueue()
    runner = works.runner(Counting(run))
    begun.wait(5)
    assert runner.stop(10) == 0
    assert works.get(job).state is JobState.SUCCEEDED


def test_a_lease_that_ran_out_is_another_s_and_the_first_s_work_counts_no_more(stores: Stores) -> None:
    time_ = noon()
    database = stores.new(metadata, machine_clock=time_)
    with database.writing("hjemby") as transaction:
        transaction.jobs.enqueue("count", {}, key="1")
    first = claim_job(database, ["count"], "one", LEASE)
    assert first is not None
    assert claim_job(database, ["count"], "two", LEASE) is None
    time_.instant += timedelta(seconds=29)
    with database.writing("hjemby") as transaction:
        transaction.jobs.renew(first, LEASE)
    time_.instant += timedelta(seconds=29)
    assert claim_job(database, ["count"], "two", LEASE) is None
    time_.instant += timedelta(seconds=2)
    second = claim_job(database, ["count"], "two", LEASE)
    assert second is not None
    assert second.fence > first.fence
    for act in ("require_lease", "complete", "cancelled"):
        with database.writing("hjemby") as transaction, pytest.raises(LeaseLost):
            getattr(transaction.jobs, act)(first)
    with database.writing("hjemby") as transaction:
        transaction.jobs.require_lease(second)
        transaction.jobs.complete(second)


def test_a_worker_that_lost_its_lease_changes_nothing(works: Works) -> None:
    begun = threading.Event()
    noticed = threading.Event()

    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        begun.set()
        until = time.monotonic() + 30
        while not cancelled():  # until the heartbeat has noticed
            assert time.monotonic() < until
            time.sleep(0.02)
        noticed.set()

    job = works.enqueue()
    works.runner(Counting(run))
    assert begun.wait(30)
    with works.database.writing_across() as transaction:
        transaction.jobs.expire_leases(["count"])
    thief = claim_job(works.database, ["count"], "thief", LEASE)
    assert thief is not None
    assert noticed.wait(30)
    time.sleep(0.2)
    assert works.get(job).state is JobState.RUNNING
    with works.database.writing("hjemby") as transaction:
        transaction.jobs.complete(thief)


def test_the_heartbeat_keeps_a_lease_longer_than_it_lasts(works: Works) -> None:
    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        time.sleep(3)

    handler = Counting(run)
    job = works.enqueue()
    works.runner(handler, lease=timedelta(seconds=2), workers=2)
    works.wait(job, JobState.SUCCEEDED)
    assert handler.runs == 1


def test_a_handler_may_complete_together_with_its_result(works: Works) -> None:
    def run(job: Job, progress: Progress, cancelled: Cancelled) -> None:
        with works.database.writing(job.municipality) as transaction:
            transaction.jobs.require_lease(job)
            transaction.audit.record(_worker(), "count.done", job.key)
            transaction.jobs.complete(job)

    works.runner(Counting(run))
    works.wait(works.enqueue(), JobState.SUCCEEDED)
    with works.database.reading("hjemby") as transaction:
        ((_, entry),) = transaction.audit.entries()
    assert entry.subject == "system:worker"


def _worker() -> Caller:
    return system("worker")
