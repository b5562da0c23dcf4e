"""`python job_worker.py URL LEASE_SECONDS HEARTBEAT_SECONDS FOLDER`: a process that works off jobs.

It shares its store with others.
A job says on the store that it was begun and that it is done. One whose payload says `wait` waits in between
until the file of that name is in FOLDER, keeping its lease the while.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.jobs import Cancelled, Job, JobCancelled, Progress
from chassis.jobs_runner import JobRunner
from chassis.metrics import Metrics
from tests.component.chassis.toyservice.service import work


class Working:
    kind = "count"

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        self._note(job, "begun")
        wanted = job.payload.get("wait")
        while wanted and not (self._folder / wanted).exists():
            if cancelled():
                raise JobCancelled
            time.sleep(0.02)
        self._note(job, "done", complete=True)

    def _note(self, job: Job, what: str, *, complete: bool = False) -> None:
        with self._database.writing(job.municipality) as transaction:
            transaction.jobs.require_lease(job)
            line = {"municipality": job.municipality, "pid": os.getpid(), "what": f"{what} {job.key}"}
            transaction.connection.execute(insert(work).values(line))
            if complete:
                transaction.jobs.complete(job)


def main(url: str, lease: str, heartbeat: str, folder: str) -> None:
    database = Database(url, clock=SystemClock())
    runner = JobRunner(
        "toy",
        database,
        [Working(database, Path(folder))],
        Metrics(),
        workers=1,
        lease=timedelta(seconds=float(lease)),
        exclusive=False,
    )
    runner.IDLE_SECONDS = 0.05
    runner.HEARTBEAT_SECONDS = float(heartbeat)
    runner.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
