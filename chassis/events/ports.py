"""What carries events: something to publish to and something to read from, whatever is behind it.

`chassis.testing.broker_suite` holds what every adapter must do.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from chassis.events.envelope import Event


class CarrierAwayError(Exception):
    """What carries events cannot be reached: nothing is wrong with the event, and others fare no better."""


class Publisher(Protocol):
    """Sends events. Used by one thread at a time."""

    def send(self, event: Event) -> Future[None]:
        """Hand over an event; the future is done once it is durable, and fails when it cannot be.

        Raises, or fails with, CarrierAwayError when the carrier cannot be reached.
        """

    def flush(self, seconds: float) -> None:
        """Push out what was handed over; afterwards every future is done or has failed."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in: an event, or what cannot be read as one (`event` None, `error` says why).

    `partition` and `offset` say where it lies; `key` is its key even when it is no event of ours.
    """

    topic: str
    partition: int
    offset: int
    key: str
    event: Event | None
    error: str = ""


class EventSource(Protocol):
    """One consumer's way through one topic. Used by one thread, except `wake` and `lag`."""

    def poll(self, seconds: float, limit: int = 500) -> Sequence[Delivery]:
        """The next deliveries, in order per key; waits at most so long for the first."""

    def commit(self, delivery: Delivery) -> None:
        """Everything up to this delivery is done: after a restart the one after it comes first."""

    def rewind(self) -> None:
        """Go back to the delivery after the last committed one."""

    def wake(self) -> None:
        """Make a waiting poll return at once (from another thread)."""

    def lag(self) -> int:
        """How many deliveries lie ahead of the last committed one."""

    def close(self) -> None: ...


class Broker(Protocol):
    """Makes publishers and sources."""

    def publisher(self) -> Publisher: ...

    def source(self, consumer: str, topic: str) -> EventSource:
        """Consumers of different names each get every event; a new one begins at the oldest kept."""

    def check(self) -> None:
        """Raises an exception, whose class name says why, when events cannot be carried now."""

    def close(self) -> None: ...
