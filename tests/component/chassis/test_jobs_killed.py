"""Jobs of one store, worked off by several processes: two at once, one killed, one that slept too long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.jobs import JobState
from chassis.tables import jobs, metadata
from tests.component.chassis.toyservice.service import work
from tests.infrastructure.stores import Stores, everything

ROOT = Path(__file__).parents[3]
LEASE = 1.5


class Workers:
    def __init__(self, stores: Stores, folder: Path) -> None:
        self.folder = folder
        self.database: Database = stores.new(metadata, clock=SystemClock())
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *, lease: float = LEASE, heartbeat: float = 0.2) -> subprocess.Popen[bytes]:
        url = self.database.url.render_as_string(hide_password=False)
        command = [
            sys.executable,
            str(Path(__file__).with_name("job_worker.py")),
            url,
            str(LEASE),
            str(heartbeat),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen([*command, str(self.folder)], env=environment, stdout=subprocess.DEVNULL)
        self._processes.append(process)
        return process

    def enqueue(self, key: str, municipality: str = "hjemby", **payload: str) -> None:
        with self.database.writing(municipality) as transaction:
            transaction.jobs.enqueue("count", payload, key=key)

    def rows(self) -> list[tuple[int, str]]:
        with everything(self.database) as whole:
            query = select(work.c.pid, work.c.what).order_by(work.c.seq)
            return [(row.pid, row.what) for row in whole.connection.execute(query)]

    def job(self, key: str) -> Any:
        with everything(self.database) as whole:
            return whole.connection.execute(select(jobs).where(jobs.c.key == key)).one()

    def wait(self, condition: Callable[[], Any], seconds: float = 40.0) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"it did not happen in time: {self.rows()}")

    def wait_for(self, *lines: str) -> list[tuple[int, str]]:
        def there() -> list[tuple[int, str]]:
            rows = self.rows()
            return rows if set(lines) <= {what for _, what in rows} else []

        return self.wait(there)

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)


@pytest.fixture
def workers(stores: Stores, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(stores, tmp_path)
    yield made
    made.close()


def test_two_processes_share_the_work_and_do_each_job_once(workers: Workers) -> None:
    keys, firsts = [str(number) for number in range(20)], ["first hjemby", "first udby"]
    both = [workers.start(lease=30), workers.start(lease=30)]
    for first in firsts:  # so that both are there before there is work
        workers.enqueue(first, first.removeprefix("first "), wait="both")
    workers.wait_for(*(f"begun {first}" for first in firsts))
    for number, key in enumerate(keys):
        workers.enqueue(key, ("hjemby", "udby")[number % 2])
    (workers.folder / "both").touch()
    rows = workers.wait_for(*(f"done {key}" for key in [*keys, *firsts]))
    done = Counter(what for _, what in rows if what.startswith("done"))
    assert set(done.values()) == {1}
    assert len(done) == 22
    assert {pid for pid, _ in rows} == {process.pid for process in both}
    for key in keys:
        assert workers.job(key).state == JobState.SUCCEEDED


def test_a_job_whose_worker_is_killed_is_done_by_another_once(workers: Workers) -> None:
    workers.enqueue("1", wait="go")
    first = workers.start()
    workers.wait_for("begun 1")
    first.kill()
    first.wait(10)
    second = workers.start()
    rows = workers.wait(lambda: workers.rows() if len(workers.rows()) == 2 else [])
    assert rows == [(first.pid, "begun 1"), (second.pid, "begun 1")]  # taken up when the lease ran out
    (workers.folder / "go").touch()
    rows = workers.wait_for("done 1")
    assert [row for row in rows if row[1] == "done 1"] == [(second.pid, "done 1")]
    job = workers.wait(lambda: (found := workers.job("1")).state == JobState.SUCCEEDED and found)
    assert (job.attempts, job.fence) == (2, 2)


def test_a_worker_that_slept_past_its_lease_counts_no_more(workers: Workers) -> None:
    """As a machine that is suspended: it wakes and believes that it holds the job."""
    workers.enqueue("1", wait="go")
    first = workers.start(heartbeat=60)  # so that it is stopped in no transaction
    workers.wait_for("begun 1")
    first.send_signal(signal.SIGSTOP)
    second = workers.start(heartbeat=60)
    workers.wait(lambda: (second.pid, "begun 1") in workers.rows())
    second.send_signal(signal.SIGSTOP)
    (workers.folder / "go").touch()
    first.send_signal(signal.SIGCONT)  # both now find what they waited for
    second.send_signal(signal.SIGCONT)
    workers.wait_for("done 1")
    job = workers.wait(lambda: (found := workers.job("1")).state == JobState.SUCCEEDED and found)
    assert job.fence >= 2
    for process in (first, second):
        process.terminate()
        process.wait(10)
    assert [what for _, what in workers.rows()].count("done 1") == 1
