"""One service at work: its relay, consumers and job workers, what they measure, and whether they live."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chassis.app import CheckResult, Descriptor, Service
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.errors import DomainError
from chassis.events.ports import Broker
from chassis.housekeeping import Housekeeper
from chassis.jobs import job_tallies
from chassis.jobs_runner import JobRunner
from chassis.metrics import Metrics, Sample
from chassis.ops import Check
from chassis.outbox import Relay, outbox_state
from chassis.stores import check_version

Gauges = Iterable[tuple[str, str, Iterable[Sample]]]


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a stop did not finish in its time; all of it is resumed at the next start."""

    jobs: int
    consumers: int
    events: int


class RunningService:
    def __init__(
        self, service: Service, descriptor: Descriptor, database: Database, broker: Broker, metrics: Metrics
    ) -> None:
        self.service = service
        self.name = service.name
        self._migrations = descriptor.migrations
        self.database = database
        self.relay = Relay(self.name, database, broker.publisher(), metrics)
        self.jobs = JobRunner(
            self.name, database, service.job_handlers, metrics, exclusive=not database.shared
        )
        self.consumers = [
            Consumer(self.name, one, database, broker.source(one.consumer, one.topic), metrics)
            for one in service.subscriptions
        ]
        self.housekeeper = Housekeeper(self.name, database)

    def start(self) -> None:
        self.relay.start()
        for consumer in self.consumers:
            consumer.start()
        self.jobs.start()
        self.housekeeper.start()
        for action in self.service.on_start:
            action()

    def stop(self, left: Callable[[float], float]) -> Leftover:
        """Jobs end first (what cannot is put back), then consumers, then the relay sends what they added.

        `left` gives a share of the seconds that are left.
        """
        self.housekeeper.stop(left(0.1))
        jobs = self.jobs.stop(left(0.5))
        consumers = sum(not consumer.stop(left(0.5)) for consumer in self.consumers)
        events = self.relay.stop(left(0.8))
        for action in self.service.on_stop:
            action()
        return Leftover(jobs, consumers, events)

    def checks(self) -> Sequence[Check]:
        checks = [
            _version_check(f"{self.name}.migrations", self._check_version),
            named_check(f"{self.name}.store", self._writable, "the store cannot be written"),
            named_check(f"{self.name}.relay", lambda: self.relay.alive, "the relay has ended"),
            named_check(f"{self.name}.jobs", lambda: self.jobs.alive, "a worker has ended"),
        ]
        for consumer in self.consumers:
            name = f"{self.name}.subscription.{consumer.subscription.consumer}"
            checks.append(named_check(name, _alive(consumer), "the consumer has ended"))
        return [*checks, *self.service.ready_checks]

    def _check_version(self) -> None:
        check_version(self.database, self.name, self._migrations)

    def _writable(self) -> bool:
        self.database.check_writable()
        return True


def named_check(name: str, holds: Callable[[], bool], problem: str) -> Check:
    def check() -> CheckResult:
        ok = holds()
        return CheckResult(name, ok, "" if ok else problem)

    check.check_name = name  # type: ignore[attr-defined]
    return check


def _version_check(name: str, verify: Callable[[], object]) -> Check:
    """A store is migrated before the processes are replaced: those of the release before stay ready, unless
    the new release made it such that they must not serve it.
    """

    def check() -> CheckResult:
        try:
            verify()
        except DomainError as error:
            needed = error.metadata.get("release")
            detail = f"{error.reason}: release {needed} is needed" if needed else error.reason
            return CheckResult(name, False, detail)
        return CheckResult(name, True, "")

    check.check_name = name  # type: ignore[attr-defined]
    return check


def _alive(consumer: Consumer) -> Callable[[], bool]:
    return lambda: consumer.alive


def gauges(running: Sequence[RunningService]) -> Gauges:
    """What is read from the stores when Prometheus asks."""
    states = {one.name: outbox_state(one.database) for one in running}
    yield _gauge(
        "borgerting_outbox_unpublished",
        "Events that wait to be sent",
        [({"service": name}, state.unpublished) for name, state in states.items()],
    )
    yield _gauge(
        "borgerting_outbox_oldest_seconds",
        "Age of the oldest unsent event",
        [({"service": name}, state.oldest_seconds) for name, state in states.items()],
    )
    yield _gauge(
        "borgerting_outbox_attempts",
        "Most attempts, all in vain, to send an unsent event",
        [({"service": name}, state.most_attempts) for name, state in states.items()],
    )
    consumers = [
        ({"service": one.name, "consumer": consumer.subscription.consumer}, consumer.gauges())
        for one in running
        for consumer in one.consumers
    ]
    for gauge, documentation in (
        ("lag", "Events ahead of a consumer"),
        ("parked", "Aggregates parked behind an event that cannot be handled"),
        ("queued", "Events that queue behind a parked one"),
        ("waiting", "Events behind a gap or between two tries"),
        ("oldest_waiting_seconds", "How long the oldest waiting event waits"),
    ):
        yield _gauge(
            f"borgerting_inbox_{gauge}",
            documentation,
            [(labels, values[gauge]) for labels, values in consumers if gauge in values],
        )
    yield _gauge(
        "borgerting_jobs",
        "Jobs by state",
        [
            ({"service": one.name, "kind": tally.kind, "state": tally.state}, tally.count)
            for one in running
            for tally in job_tallies(one.database)
        ],
    )


def _gauge(
    name: str, documentation: str, samples: Sequence[tuple[dict[str, str], float]]
) -> tuple[str, str, Iterable[Sample]]:
    return name, documentation, [(name, labels, value) for labels, value in samples]


def at_once(actions: Sequence[Callable[[], Leftover]]) -> list[Leftover]:
    """Run the actions beside one another, and wait for them all."""
    results: list[Leftover] = []
    threads = [threading.Thread(target=lambda run=run: results.append(run())) for run in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
