"""A carrier of events with steps before and after it speaks to the real one, that on request delivers what it
fetched in another order and some of it twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from chassis.events.envelope import Event
from chassis.events.ports import Broker, Delivery, EventLog, EventSource, Marks, Publisher
from tests.faults.steps import Step, Steps


class StepBroker:
    """`shuffle` is the seed of the disorder, "" for none."""

    def __init__(self, inner: Broker, steps: Steps, shuffle: str) -> None:
        self._inner = inner
        self._steps = steps
        self._shuffle = shuffle

    def publisher(self) -> Publisher:
        return _StepPublisher(self._inner.publisher(), self._steps)

    def source(self, consumer: str, topic: str, marks: Callable[[], Marks] | None = None) -> EventSource:
        source: EventSource = _StepSource(self._inner.source(consumer, topic, marks), self._steps)
        return Disorder(source, f"{self._shuffle} {consumer}") if self._shuffle else source

    def log(self, topic: str) -> EventLog:
        return self._inner.log(topic)

    def check(self) -> None:
        self._inner.check()

    def close(self) -> None:
        self._inner.close()


class _StepPublisher:
    def __init__(self, inner: Publisher, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps
        self._handed_over = False

    def send(self, event: Event) -> Future[None]:
        self._steps.reach(Step.EVENT_COMMITTED)
        future = self._inner.send(event)
        self._handed_over = True
        return future

    def flush(self, seconds: float) -> None:
        if self._handed_over:
            self._steps.reach(Step.EVENT_HANDED_OVER)
        self._inner.flush(seconds)
        if self._handed_over:
            self._steps.reach(Step.EVENT_ACKNOWLEDGED)
        self._handed_over = False

    def close(self) -> None:
        self._inner.close()


class _Passing:
    """Hands on to another source what it does not do otherwise."""

    def __init__(self, inner: EventSource) -> None:
        self._inner = inner

    def rewind(self) -> None:
        self._inner.rewind()

    def again(self) -> None:
        self._inner.again()

    def wake(self) -> None:
        self._inner.wake()

    def lag(self) -> int:
        return self._inner.lag()

    def close(self) -> None:
        self._inner.close()


class _StepSource(_Passing):
    def __init__(self, inner: EventSource, steps: Steps) -> None:
        super().__init__(inner)
        self._steps = steps

    def poll(self, seconds: float, limit: int = 500) -> Sequence[Delivery]:
        found = self._inner.poll(seconds, limit)
        if found:
            self._steps.reach(Step.DELIVERY_FETCHED)
        return found

    def commit(self, delivery: Delivery) -> None:
        self._steps.reach(Step.EFFECT_COMMITTED)
        self._inner.commit(delivery)
        self._steps.reach(Step.OFFSET_COMMITTED)


class Disorder(_Passing):
    """Delivers each fetched batch shuffled, with some of it twice, and at times all of the one before again.

    A commit is passed on once all of the batch was delivered, as the last of it in the carrier's own order.
    """

    def __init__(self, inner: EventSource, seed: str) -> None:
        super().__init__(inner)
        self._chance = random.Random(seed)
        self._before: list[Delivery] = []
        self._last: Delivery | None = None

    def poll(self, seconds: float, limit: int = 500) -> Sequence[Delivery]:
        found = list(self._inner.poll(seconds, limit))
        if not found:
            return found
        self._last = found[-1]
        chance = self._chance
        again = [one for one in found if chance.random() < 0.3]
        older = self._before if chance.random() < 0.3 else []
        self._before = found
        mixed = [*found, *again, *older]
        chance.shuffle(mixed)
        return mixed

    def commit(self, delivery: Delivery) -> None:
        if self._last is not None:
            self._inner.commit(self._last)
