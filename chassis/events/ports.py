"""What carries events: something to publish to and something to read from, whatever is behind it.

`chassis.testing.broker_suite` holds what every adapter must do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Mark:
    """The last delivery of a partition that a reader has dealt with, as its own store says: where it lay, and
    which event that was ("": none of ours). Another event in that place means another log.
    """

    offset: int
    event_id: str


Marks = Mapping[int, Mark]
"""By partition."""


def mark_of(delivery: Delivery) -> Mark:
    return Mark(delivery.offset, str(delivery.event.envelope.id) if delivery.event is not None else "")


class EventSource(Protocol):
    """One consumer's way through one topic. Used by one thread, except `wake` and `lag`."""

    def poll(self, seconds: float, limit: int = 500) -> Sequence[Delivery]:
        """The next deliveries, in order per key; waits at most so long for the first."""

    def commit(self, delivery: Delivery) -> None:
        """Everything up to this delivery is done: after a restart the one after it comes first."""

    def rewind(self) -> None:
        """Go back to the delivery after the last committed one."""

    def again(self) -> None:
        """Begin anew, where the marks say now."""

    def wake(self) -> None:
        """Make a waiting poll return at once (from another thread)."""

    def lag(self) -> int:
        """How many deliveries lie ahead of the last committed one."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one partition: where the oldest delivery lies, and where the next one will."""

    first: int
    end: int


class EventLog(Protocol):
    """What a carrier keeps of one topic, for reading it as a whole and beside its consumers.

    Its methods raise CarrierAwayError when the carrier cannot be reached.
    """

    def kept(self) -> Mapping[int, Kept]:
        """By partition; empty where there is no such topic."""

    def read(self, starts: Mapping[int, int]) -> Iterator[Delivery]:
        """Every delivery from these offsets on (of a partition that is not named: from the oldest kept), in
        order within each partition, up to where the log ends now.
        """

    def passed(self, consumer: str) -> Mapping[int, int]:
        """By partition, the first offset that the consumer has not committed; of one in which it has
        committed nothing, nothing.
        """

    def close(self) -> None: ...


class Broker(Protocol):
    """Makes publishers and sources."""

    def publisher(self) -> Publisher: ...

    def source(self, consumer: str, topic: str, marks: Callable[[], Marks] | None = None) -> EventSource:
        """Consumers of different names each get every event; a new one begins at the oldest kept.

        `marks` tells what the consumer's own store says that it has dealt with. Where the carrier's position
        is further, the mark counts; where the log has not that event in that place, or there is no mark, it
        begins at the oldest kept. So a store that was put back hears again what it has forgotten.
        """

    def log(self, topic: str) -> EventLog: ...

    def check(self) -> None:
        """Raises an exception, whose class name says why, when events cannot be carried now."""

    def close(self) -> None: ...
