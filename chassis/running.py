"""One service at work: its relay, consumers and job workers, and whether they live."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.app import CheckResult, Descriptor, Service
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.errors import DomainError
from chassis.events.envelope import topic_of
from chassis.events.ports import Broker
from chassis.housekeeping import Housekeeper
from chassis.jobs_runner import JobRunner
from chassis.log_check import LogCheck
from chassis.log_marks import read_marks
from chassis.log_mend import LogMender
from chassis.metrics import Metrics
from chassis.ops import Check
from chassis.outbox import Relay
from chassis.patience import within
from chassis.stores import check_version
from chassis.trace_context import WorkTracing

if TYPE_CHECKING:
    from chassis.holdings.erase import Eraser
    from chassis.holdings.sizes import StoredBytes


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a stop did not finish in its time; all of it is resumed at the next start. `events` is None where
    the store could not be asked.
    """

    jobs: int
    consumers: int
    events: int | None


class RunningService:
    def __init__(
        self,
        service: Service,
        descriptor: Descriptor,
        database: Database,
        broker: Broker,
        metrics: Metrics,
        tracing: WorkTracing | None = None,
        *,
        stores: Sequence[Database] = (),
        limited_log: bool = False,
    ) -> None:
        """`stores` are those of all services in this process; `limited_log` as in LogCheck."""
        self.service = service
        self.name = service.name
        self._migrations = descriptor.migrations
        self.database = database
        check = LogCheck(
            self.name, database, broker.log(topic_of(self.name)), others=stores, limited=limited_log
        )
        self.relay = Relay(
            self.name,
            database,
            broker.publisher(),
            metrics,
            tracing=tracing,
            check=LogMender(check, descriptor.reemitters or tuple).run,
        )
        self.jobs = JobRunner(
            self.name,
            database,
            service.job_handlers,
            metrics,
            exclusive=not database.shared,
            tracing=tracing,
        )
        self.consumers = [
            Consumer(
                self.name,
                one,
                database,
                broker.source(
                    one.consumer,
                    one.topic,
                    functools.partial(read_marks, database, one.consumer, one.topic),
                ),
                metrics,
                tracing=tracing,
            )
            for one in service.subscriptions
        ]
        self.housekeeper = Housekeeper(self.name, database)
        self.holdings = None if descriptor.holdings is None else descriptor.holdings()
        self._eraser: Eraser | None = None
        self.stored: StoredBytes | None = None
        if self.holdings is not None:
            from chassis.holdings.erase import Eraser
            from chassis.holdings.sizes import StoredBytes

            self._eraser = Eraser(self.name, database, self.holdings)
            self.stored = StoredBytes(self.name, database, self.holdings)

    def start(self) -> None:
        self.relay.start()
        for consumer in self.consumers:
            consumer.start()
        self.jobs.start()
        self.housekeeper.start()
        if self._eraser is not None:
            self._eraser.start()
        for action in self.service.on_start:
            action()

    def stop(self, left: Callable[[float], float]) -> Leftover:
        """Jobs end first (what cannot is put back), then consumers, then the relay sends what they added.

        `left` gives a share of the seconds that are left.
        """
        with within(left(1.0)):
            self.housekeeper.stop(left(0.1))
            if self._eraser is not None:
                self._eraser.stop()
            if self.stored is not None:
                self.stored.stop()
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


def at_once(actions: Sequence[Callable[[], Leftover]]) -> list[Leftover]:
    """Run the actions beside one another, and wait for them all."""
    results: list[Leftover] = []
    threads = [threading.Thread(target=lambda run=run: results.append(run())) for run in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
