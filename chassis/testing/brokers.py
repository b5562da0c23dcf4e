"""A carrier of events in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

from chassis.events.envelope import Event
from chassis.events.ports import Delivery, EventSource, Publisher


class MemoryBroker:
    """Keeps everything until the process ends; positions outlive their sources."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Event]] = {}
        self.positions: dict[tuple[str, str], int] = {}
        self.grown = threading.Condition()

    def publisher(self) -> Publisher:
        return _MemoryPublisher(self)

    def source(self, consumer: str, topic: str) -> EventSource:
        return _MemorySource(self, consumer, topic)

    def check(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        with self.grown:
            self.grown.notify_all()


class _MemoryPublisher:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._pending: list[tuple[Event, Future[None]]] = []

    def send(self, event: Event) -> Future[None]:
        future: Future[None] = Future()
        self._pending.append((event, future))
        return future

    def flush(self, seconds: float) -> None:
        pending, self._pending = self._pending, []
        with self._broker.grown:
            for event, _ in pending:
                self._broker.topics.setdefault(event.envelope.topic, []).append(event)
            self._broker.grown.notify_all()
        for _, future in pending:
            future.set_result(None)

    def close(self) -> None:
        self.flush(0)


class _MemorySource:
    def __init__(self, broker: MemoryBroker, consumer: str, topic: str) -> None:
        self._broker = broker
        self._name = (consumer, topic)
        self._topic = topic
        self._next = broker.positions.get(self._name, 0)
        self._woken = False

    def poll(self, seconds: float, limit: int = 100) -> Sequence[Delivery]:
        with self._broker.grown:
            if not self._ahead() and not self._woken:
                self._broker.grown.wait_for(lambda: self._ahead() or self._woken, seconds)
            self._woken = False
            first = self._next
            found = self._ahead()[:limit]
            self._next += len(found)
        return [
            Delivery(self._topic, 0, first + number, event.envelope.key, event)
            for number, event in enumerate(found, 1)
        ]

    def commit(self, delivery: Delivery) -> None:
        with self._broker.grown:
            committed = self._broker.positions.get(self._name, 0)
            self._broker.positions[self._name] = max(committed, delivery.offset)

    def rewind(self) -> None:
        self._next = self._broker.positions.get(self._name, 0)

    def wake(self) -> None:
        with self._broker.grown:
            self._woken = True
            self._broker.grown.notify_all()

    def lag(self) -> int:
        with self._broker.grown:
            committed = self._broker.positions.get(self._name, 0)
            return len(self._broker.topics.get(self._topic, ())) - committed

    def close(self) -> None:
        self.wake()

    def _ahead(self) -> list[Event]:
        return self._broker.topics.get(self._topic, [])[self._next :]
