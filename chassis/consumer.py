"""The loop that brings one subscription's events from the carrier to the inbox."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.dead_letters import held_state
from chassis.events.ports import EventSource, Mark, mark_of
from chassis.inbox import Inbox, Outcome, RetryPolicy, StoreAway, Subscription
from chassis.log import get_logger, trace
from chassis.log_marks import marks_in, put_marks
from chassis.trace_context import WorkTracing

if TYPE_CHECKING:
    from chassis.db import Database
    from chassis.metrics import Metrics

_log = get_logger("chassis.consumer")


class Consumer:
    """One thread per subscription."""

    # Longest wait for events; a replay asked for by another process is found so soon.
    POLL_SECONDS = 1.0
    # How often the store is told how far it has come: what lies beyond is heard twice after a crash.
    MARK_SECONDS = 5.0

    def __init__(
        self,
        service: str,
        subscription: Subscription,
        database: Database,
        source: EventSource,
        metrics: Metrics,
        policy: RetryPolicy | None = None,
        *,
        tracing: WorkTracing | None = None,
    ) -> None:
        self.subscription = subscription
        self.source = source
        self._service = service
        self._database = database
        self._metrics = metrics
        self._delays = metrics.event_delays.labels(service, subscription.consumer)
        self._inbox = Inbox(database, subscription, policy, service=service, tracing=tracing)
        self._reached: dict[int, Mark] = {}  # since the store was told
        self._told: set[int] = set()  # partitions of which the store has been told
        self._marked = time.monotonic()
        self._anew = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"consumer-{subscription.consumer}", daemon=True
        )
        database.wakeups.listen("inbox", source.wake)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, seconds: float) -> bool:
        """Finish the event at hand; whether it did within the time. What was not handled comes again."""
        self._stopping.set()
        self.source.wake()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        ended = not self._thread.is_alive()
        if ended:
            try:
                self.mark()
            except Exception as error:  # the store is away: some events come twice
                _log.warning("not marked", consumer=self.subscription.consumer, trace=trace(error))
            self.source.close()
        return ended

    def gauges(self) -> dict[str, float]:
        """For the metrics: events ahead (missing while the carrier is away), keys parked, events queued
        behind them, waiting, oldest waiting.
        """
        state = held_state(self._database, self.subscription.consumer)
        try:
            lag = {"lag": float(self.source.lag())}
        except Exception as error:  # the carrier's trouble must not hide the store's
            _log.warning("lag unknown", consumer=self.subscription.consumer, trace=trace(error))
            lag = {}
        return {
            **lag,
            "parked": state.parked,
            "queued": state.queued,
            "waiting": state.waiting,
            "oldest_waiting_seconds": state.oldest_waiting_seconds,
        }

    def run_once(self, seconds: float = 0.0) -> int:
        """Take what there is (waiting at most so long for it); how many deliveries that was."""
        if self._anew:
            # The store may be another than before the trouble: one of an earlier moment, put in its place.
            self._reached = {}
            self.source.again()
            self._anew = False
        due = self._inbox.next_due()
        if due is not None and due <= self._database.machine_clock.now():
            for outcome in self._inbox.retry_due():
                self._count(outcome)
            due = self._inbox.next_due()
        deliveries = self.source.poll(self._patience(seconds, due))
        for delivery, outcome in zip(deliveries, self._inbox.receive_all(deliveries), strict=True):
            self._count(outcome)
            if outcome is Outcome.HANDLED and delivery.event is not None:
                late = self._database.clock.now() - delivery.event.envelope.time
                self._delays.observe(max(late.total_seconds(), 0.0))
        if deliveries:
            # Once a batch: repeated deliveries cost little, each commit is a write.
            self.source.commit(deliveries[-1])
            for one in deliveries:
                known = self._reached.get(one.partition)
                if known is None or one.offset > known.offset:
                    self._reached[one.partition] = mark_of(one)
        if time.monotonic() - self._marked >= self.MARK_SECONDS:
            self.mark()
        return len(deliveries)

    def mark(self) -> None:
        """Tell the store how far this consumer has come. Where somebody took the marks away, it is to hear
        everything again, and does.
        """
        self._marked = time.monotonic()
        if not self._reached and not self._told:
            return
        name, topic = self.subscription.consumer, self.subscription.topic
        with self._database.writing_across() as transaction:
            taken_away = self._told - marks_in(transaction, name, topic).keys()
            if not taken_away:
                put_marks(transaction, name, topic, self._reached)
        if taken_away:
            _log.info("hears everything again", consumer=name)
            self._told = set()
            self.source.again()
        else:
            self._told |= self._reached.keys()
        self._reached = {}

    def _patience(self, seconds: float, due: datetime | None) -> float:
        if due is None:
            return seconds
        return min(seconds, max((due - self._database.machine_clock.now()).total_seconds(), 0.0))

    def _count(self, outcome: str) -> None:
        self._metrics.events_received.labels(self._service, self.subscription.consumer, outcome).inc()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self.run_once(self.POLL_SECONDS)
                failures = 0
            except Exception as error:  # store or carrier away: the loop must outlive it
                failures += 1
                if not isinstance(error, StoreAway) or failures == 1:
                    _log.error("consumer failed", consumer=self.subscription.consumer, trace=trace(error))
                self._stopping.wait(min(0.1 * 2**failures, 10.0))
                self.source.rewind()
                self._anew = True
