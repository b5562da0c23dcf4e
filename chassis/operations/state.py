"""Is anything stuck, late or failing? One service's state as its operator reads it, and what it amounts to.

Ids, counts and reasons only: whoever operates the platform sees no person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chassis.app import CheckResult
from chassis.dead_letters import DeadLetter, parked
from chassis.jobs import JobState, JobTally, job_tallies
from chassis.ops import run_check
from chassis.outbox import OutboxState, outbox_state
from chassis.running import RunningService

LATE_EVENT_SECONDS = 60.0
"""An event that was not sent, or not handled, after so long is late: usually it takes well under a second."""
LATE_JOB_SECONDS = 600.0
"""Work that nobody began after so long is late."""


class Urgency(StrEnum):
    """FAILING: it does not work. STUCK: it waits for somebody. LATE: it may still get through by itself."""

    FAILING = "failing"
    STUCK = "stuck"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `subject` names what it is about, `count` how many, `seconds`
    for how long."""

    urgency: Urgency
    what: str
    subject: str
    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Inbox:
    """One consumer: events ahead of it, and for how many seconds the oldest waits behind a gap or a retry."""

    consumer: str
    lag: int
    waiting: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class ServiceState:
    name: str
    checks: Sequence[CheckResult]
    outbox: OutboxState
    inboxes: Sequence[Inbox]
    parked: Sequence[DeadLetter]
    jobs: Sequence[JobTally]


def state_of(service: RunningService) -> ServiceState:
    """Read now. A store that is away shows as a failed check, and the rest as empty."""
    checks = [run_check(check) for check in service.checks()]
    if not _store_answers(service):
        return ServiceState(service.name, checks, OutboxState(0, 0.0, 0), (), (), ())
    gauges = [(consumer.subscription.consumer, consumer.gauges()) for consumer in service.consumers]
    return ServiceState(
        name=service.name,
        checks=checks,
        outbox=outbox_state(service.database),
        inboxes=[
            Inbox(name, int(of.get("lag", 0)), int(of["waiting"]), of["oldest_waiting_seconds"])
            for name, of in gauges
        ],
        parked=parked(service.database),
        jobs=job_tallies(service.database),
    )


def findings(state: ServiceState) -> list[Finding]:
    """What is not as it should be, the most urgent first."""
    found = [Finding(Urgency.FAILING, "check", one.name) for one in state.checks if not one.ok]
    found += [
        Finding(Urgency.STUCK, "parked", letter.key, count=letter.waiting + 1) for letter in state.parked
    ]
    found += [
        Finding(Urgency.FAILING, "jobs", tally.kind, count=tally.ended_today)
        for tally in state.jobs
        if tally.state is JobState.FAILED and tally.ended_today
    ]
    if state.outbox.oldest_seconds > LATE_EVENT_SECONDS:
        unsent = state.outbox
        found.append(Finding(Urgency.LATE, "outbox", state.name, unsent.unpublished, unsent.oldest_seconds))
    found += [
        Finding(Urgency.LATE, "inbox", inbox.consumer, inbox.waiting, inbox.oldest_seconds)
        for inbox in state.inboxes
        if inbox.oldest_seconds > LATE_EVENT_SECONDS
    ]
    found += [
        Finding(Urgency.LATE, "queue", tally.kind, tally.count, tally.oldest_seconds)
        for tally in state.jobs
        if tally.state is JobState.QUEUED and tally.oldest_seconds > LATE_JOB_SECONDS
    ]
    return sorted(found, key=lambda finding: list(Urgency).index(finding.urgency))


def _store_answers(service: RunningService) -> bool:
    return run_check(_reading(service)).ok


def _reading(service: RunningService) -> Callable[[], CheckResult]:
    def check() -> CheckResult:
        service.database.check_readable()
        return CheckResult(f"{service.name}.store", True)

    return check
