"""A municipality whose work takes long, or is much, leaves the others theirs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.db import Database
from chassis.jobs import Cancelled, Job, JobState, Progress, claim_job
from chassis.jobs_runner import JobRunner
from chassis.metrics import Metrics
from chassis.tables import metadata
from chassis.turns import Turns
from tests.infrastructure.stores import Stores

LEASE = timedelta(seconds=30)
LONG = 60.0


class Lotteries:
    """The work of `storby` goes on until it is told; all else is done at once."""

    kind = "draw"

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.began: list[str] = []
        self.done = {town: threading.Event() for town in ("lilleby", "landsby")}
        self._lock = threading.Lock()
        self._large = self.most = 0

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        with self._lock:
            self.began.append(job.municipality)
        if job.municipality != "storby":
            self.done[job.municipality].set()
            return
        with self._lock:
            self._large += 1
            self.most = max(self.most, self._large)
        self.go_on.wait(LONG)
        with self._lock:
            self._large -= 1


@pytest.fixture
def database(stores: Stores) -> Iterator[Database]:
    made: Database = stores.new(metadata)
    yield made
    made.close()


def enqueue(database: Database, municipality: str, key: str) -> Job:
    with database.writing(municipality) as transaction:
        found = transaction.jobs.get(transaction.jobs.enqueue("draw", {}, key=key))
    assert found is not None
    return found


def state(database: Database, job: Job) -> JobState:
    with database.reading(job.municipality) as transaction:
        found = transaction.jobs.get(job.id)
    assert found is not None
    return found.state


def test_huge_draws_of_one_municipality_do_not_block_another_s(database: Database) -> None:
    handler = Lotteries()
    large = [enqueue(database, "storby", str(number)) for number in range(4)]
    small = [enqueue(database, town, "1") for town in handler.done]
    runner = JobRunner("toy", database, [handler], Metrics(), workers=2)
    runner.IDLE_SECONDS = 0.05
    runner.start()
    try:
        assert all(done.wait(LONG) for done in handler.done.values())
        assert handler.began.count("storby") == 1
        # Somebody who gives up need not wait either.
        with database.writing("storby") as transaction:
            assert transaction.jobs.cancel(large[-1].id)
        until(lambda: state(database, large[-1]) is JobState.CANCELLED)
        handler.go_on.set()
        for job in (*large[:-1], *small):
            until(lambda job=job: state(database, job) is JobState.SUCCEEDED)
        assert handler.most == 1
    finally:
        handler.go_on.set()
        runner.stop(10)


def test_a_hundred_pieces_of_work_of_one_municipality_are_not_before_another_s_first(
    database: Database,
) -> None:
    for number in range(100):
        enqueue(database, "storby", str(number))
    for town in ("lilleby", "landsby"):
        enqueue(database, town, "1")
    turns, order = Turns(2), []
    for _ in range(6):
        job = claim_job(database, ["draw"], "one", LEASE, turns)
        assert job is not None
        turns.begin(job.municipality)
        turns.end(job.municipality)
        order.append(job.municipality)
    assert order == ["storby", "lilleby", "landsby", "storby", "storby", "storby"]


def until(holds: object, seconds: float = LONG) -> None:
    waited = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():  # type: ignore[operator]
            return
        waited.wait(0.02)
    raise AssertionError("it did not happen in time")
