"""What a service's state amounts to for its operator."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from chassis.app import CheckResult
from chassis.dead_letters import DeadLetter
from chassis.jobs import JobState, JobTally
from chassis.operations.state import Finding, Inbox, ServiceState, Urgency, findings
from chassis.outbox import OutboxState

WELL = OutboxState(unpublished=3, oldest_seconds=2.0, most_attempts=0)


def state(
    *,
    checks: tuple[CheckResult, ...] = (CheckResult("toy.store", True),),
    outbox: OutboxState = WELL,
    inboxes: tuple[Inbox, ...] = (Inbox("toy.heard", lag=4, waiting=1, oldest_seconds=59.0),),
    parked: tuple[DeadLetter, ...] = (),
    jobs: tuple[JobTally, ...] = (),
) -> ServiceState:
    return ServiceState("toy", checks, outbox, inboxes, parked, jobs)


def letter(waiting: int) -> DeadLetter:
    return DeadLetter(
        id=uuid4(),
        consumer="toy.heard",
        topic="borgerting.toy.v1",
        key="hjemby/things/1",
        municipality="hjemby",
        event_id=uuid4(),
        sequence=4,
        type="google.protobuf.StringValue",
        error="ValueError",
        attempts=3,
        parked=datetime(2027, 3, 1, tzinfo=UTC),
        waiting=waiting,
    )


def test_nothing_is_wrong_while_work_is_under_way() -> None:
    busy = (
        JobTally("draw", JobState.RUNNING, count=1, ended_today=0, oldest_seconds=9000.0),
        JobTally("draw", JobState.QUEUED, count=2, ended_today=0, oldest_seconds=600.0),
        JobTally("draw", JobState.FAILED, count=7, ended_today=0, oldest_seconds=200_000.0),
    )
    assert findings(state(jobs=busy)) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            state(checks=(CheckResult("toy.store", False, "away"),)),
            Finding(Urgency.FAILING, "check", "toy.store"),
        ),
        (state(parked=(letter(2),)), Finding(Urgency.STUCK, "parked", "hjemby/things/1", count=3)),
        (
            state(jobs=(JobTally("draw", JobState.FAILED, 7, 2, 5.0),)),
            Finding(Urgency.FAILING, "jobs", "draw", count=2),
        ),
        (
            state(outbox=OutboxState(5, 61.0, 3)),
            Finding(Urgency.LATE, "outbox", "toy", count=5, seconds=61.0),
        ),
        (
            state(inboxes=(Inbox("toy.heard", 9, 2, 61.0),)),
            Finding(Urgency.LATE, "inbox", "toy.heard", count=2, seconds=61.0),
        ),
        (
            state(jobs=(JobTally("draw", JobState.QUEUED, 2, 0, 601.0),)),
            Finding(Urgency.LATE, "queue", "draw", count=2, seconds=601.0),
        ),
    ],
)
def test_each_kind_of_trouble_is_found(given: ServiceState, expected: Finding) -> None:
    assert findings(given) == [expected]


def test_what_fails_comes_before_what_waits_and_what_is_late() -> None:
    given = state(
        checks=(CheckResult("toy.store", False, "away"),),
        parked=(letter(0),),
        outbox=OutboxState(5, 61.0, 3),
    )
    assert [one.urgency for one in findings(given)] == [Urgency.FAILING, Urgency.STUCK, Urgency.LATE]
