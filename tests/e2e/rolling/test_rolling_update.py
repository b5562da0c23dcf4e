"""Two releases side by side under load, with a migration between them: no failed call, no page with an error,
no lost event. First the next release expands, then, a release later, the one after it contracts.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.e2e.rolling.fleet import running_fleet
from tests.e2e.rolling.load import CALLS, PAGES
from tests.e2e.rolling.portal import Batch
from tests.e2e.rolling.update import Update, awaited, begun, everything_heard, trees, wrong
from tests.infrastructure.kafka import KafkaBroker
from tests.infrastructure.postgres import PostgresServer

COUNTS = {"volunteer": 2, "deliberation": 1}


def test_nothing_is_lost_while_releases_are_rolled_out(
    postgres: PostgresServer, kafka: KafkaBroker, tmp_path: Path
) -> None:
    now, expanded, contracted = releases = trees(tmp_path / "releases")
    with (
        running_fleet(tmp_path, postgres, kafka.bootstrap, notice_seconds=1.0) as fleet,
        begun(fleet, releases, COUNTS, people=24, calls=12, pages=4) as update,
    ):
        with update.load.running():
            first, second = update.of("volunteer")
            update.roll_out(expanded, [first, *update.of("deliberation")])
            # In the midst of it one of the old release starts anew, on tables that the new one has changed.
            update.replace(update.replace([second], now), expanded)
            counted = update.load.batch = update.load.portal.open(2, 20, 24)
            update.roll_out(contracted, update.of("volunteer")[:1])
            asked = len(update.load.samples)
            awaited(lambda: len(update.load.samples) > asked + 20, "calls of both releases")
        awaited(lambda: everything_heard(fleet), "every event heard")
        assert [sample for sample in update.samples() if sample.error] == []
        assert wrong(update, counted) == []
        assert [migrated(said) for said in update.said] == [["deliberation", "volunteer"], ["volunteer"]]
        hold_that_a_loss_is_seen(update, counted)


def hold_that_a_loss_is_seen(update: Update, counted: Batch) -> None:
    """What this test rests on can fail."""
    with psycopg.connect(update.fleet.databases["deliberation"].superuser) as deliberation:
        query = "DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox LIMIT 1) RETURNING event_id"
        (event,) = deliberation.execute(query).fetchone() or ("",)
        deliberation.execute("UPDATE tasks SET told = told + 1 WHERE task_id = %s", (task_of(counted),))
    with psycopg.connect(update.fleet.databases["volunteer"].superuser) as volunteer:
        query = "UPDATE sign_ups SET state = 'CANCELLED' WHERE state = 'CONFIRMED' RETURNING sign_up_id"
        ended = len(volunteer.execute(query).fetchall())
    found = wrong(update, counted)
    assert any(f"event {event} of" in line and "lost" in line for line in found)
    assert any(f"{task_of(counted)} had their effect" in line for line in found)
    assert sum("must be ('CONFIRMED', '')" in line for line in found) == ended > 0
    for replica in update.replicas:
        replica.process.kill()
    load = replace(update.load, samples=[], standing={}, _over=threading.Event())
    with load.running():
        awaited(lambda: {each.kind for each in load.failures()} == {CALLS, PAGES}, "failures")


def migrated(said: str) -> list[str]:
    """The services that `borgerting migrate` took further."""
    return [line.partition(":")[0] for line in said.splitlines() if "is now at" in line]


def task_of(batch: Batch) -> str:
    return batch.tasks[0].rsplit("/", 1)[1]
