"""Two releases side by side under load, a migration between them: what fails, and how slow the slowest are.

Volunteer portal and deliberation run twice each, as processes of their own on a real PostgreSQL (fsync on)
and a real Kafka. People sign up, cancel and look by gRPC over all replicas, by the channel with which
services call one another (it tries UNAVAILABLE again, under the same request id); others read pages through
an ingress that repeats nothing; each sign-up is told to deliberation by an event. Callers keep their pace
whether answers come or not, and wait from when they were due. Meanwhile the next release, a copy of this
one changed as a developer would (tests/e2e/rolling/releases.py), migrates (it gives a column a better name)
and replaces every process, one by one; and then the release after it, which drops the old column.

An event's time is from when it was written down with its cause until its effect was begun. At the end each
sign-up must stand as it was answered, and every event have had its effect once.

Exits 1 when a call, a page or an event failed, or anything stands otherwise than it must.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.rolling.fleet import running_fleet
from tests.e2e.rolling.portal import Batch
from tests.e2e.rolling.update import Update, awaited, begun, everything_heard, table, trees, wrong
from tests.infrastructure.kafka import running_kafka
from tests.infrastructure.postgres import PostgresServer

NOTICE_SECONDS = 5.0
PEOPLE = 60


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=float, default=30, help="gRPC calls a second")
    parser.add_argument("--pages", type=float, default=10, help="pages a second")
    parser.add_argument("--seconds", type=float, default=30, help="before, between and after the updates")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bt-rolling-") as name:
        folder = Path(name)
        releases = trees(folder / "releases")
        with (
            PostgresServer.running(durable=True) as postgres,
            running_kafka(folder / "kafka") as kafka,
            running_fleet(folder, postgres, kafka.bootstrap, NOTICE_SECONDS) as fleet,
            begun(
                fleet,
                releases,
                {"volunteer": 2, "deliberation": 2},
                people=PEOPLE,
                calls=options.calls,
                pages=options.pages,
            ) as update,
        ):
            counted = roll(update, options.seconds)
            awaited(lambda: everything_heard(fleet), "every event heard", 120)
            print(table(update))
            return report(update, wrong(update, counted))


def roll(update: Update, seconds: float) -> Batch:
    _, expanded, contracted = update.releases
    with update.load.running():
        with update.phase("before"):
            time.sleep(seconds)
        with update.phase("expanding"):
            update.roll_out(expanded, *([each] for each in update.replicas))
        counted = update.load.batch = update.load.portal.open(2, 40, PEOPLE)
        with update.phase("between"):
            time.sleep(seconds)
        with update.phase("contracting"):
            update.roll_out(contracted, *([each] for each in update.replicas))
        with update.phase("after"):
            time.sleep(seconds)
    return counted


def report(update: Update, problems: list[str]) -> int:
    failed = [sample for sample in update.samples() if sample.error]
    for sample in failed[:20]:
        print(f"failed: {sample.kind}: {sample.error}")
    for problem in problems[:20]:
        print(problem)
    if not failed and not problems:
        print(
            f"\n0 failures; {len(update.load.standing):,} sign-ups stand as they were answered,"
            " and every event had its effect once"
        )
    return 1 if failed or problems else 0


if __name__ == "__main__":
    sys.exit(main())
