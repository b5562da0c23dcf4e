"""A carrier of events in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future

from chassis.events.envelope import Event
from chassis.events.ports import Delivery, EventLog, EventSource, Kept, Marks, Publisher, mark_of


class MemoryBroker:
    """Keeps everything until the process ends; positions outlive their sources."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Event]] = {}
        self.positions: dict[tuple[str, str], int] = {}
        self.grown = threading.Condition()

    def publisher(self) -> Publisher:
        return _MemoryPublisher(self)

    def source(self, consumer: str, topic: str, marks: Callable[[], Marks] | None = None) -> EventSource:
        return _MemorySource(self, consumer, topic, marks)

    def log(self, topic: str) -> EventLog:
        return _MemoryLog(self, topic)

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
    def __init__(
        self, broker: MemoryBroker, consumer: str, topic: str, marks: Callable[[], Marks] | None
    ) -> None:
        self._broker = broker
        self._name = (consumer, topic)
        self._topic = topic
        self._marks = marks
        self._woken = False
        self.again()

    def poll(self, seconds: float, limit: int = 100) -> Sequence[Delivery]:
        with self._broker.grown:
            if not self._ahead() and not self._woken:
                self._broker.grown.wait_for(lambda: self._ahead() or self._woken, seconds)
            self._woken = False
            first = self._next
            found = self._ahead()[:limit]
            self._next += len(found)
        return _deliveries(self._topic, found, first)

    def commit(self, delivery: Delivery) -> None:
        with self._broker.grown:
            committed = self._broker.positions.get(self._name, 0)
            self._broker.positions[self._name] = max(committed, delivery.offset)

    def rewind(self) -> None:
        self._next = self._broker.positions.get(self._name, 0)

    def again(self) -> None:
        with self._broker.grown:
            self._next = self._broker.positions.get(self._name, 0)
            if self._marks is None:
                return
            mark, events = self._marks().get(0), self._broker.topics.get(self._topic, [])
            known = mark is not None and mark in map(mark_of, _deliveries(self._topic, events, 0))
            self._next = min(self._next, mark.offset) if mark is not None and known else 0
            self._broker.positions[self._name] = self._next

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


class _MemoryLog:
    def __init__(self, broker: MemoryBroker, topic: str) -> None:
        self._broker = broker
        self._topic = topic

    def kept(self) -> Mapping[int, Kept]:
        with self._broker.grown:
            count = len(self._broker.topics.get(self._topic, ()))
        return {0: Kept(1, count + 1)} if count else {}

    def read(self, starts: Mapping[int, int]) -> Iterator[Delivery]:
        with self._broker.grown:
            events = list(self._broker.topics.get(self._topic, ()))
        yield from _deliveries(self._topic, events, 0)[max(starts.get(0, 1), 1) - 1 :]

    def passed(self, consumer: str) -> Mapping[int, int]:
        position = self._broker.positions.get((consumer, self._topic), 0)
        return {0: position + 1} if position else {}

    def close(self) -> None:
        """It holds nothing."""


def _deliveries(topic: str, events: Sequence[Event], after: int) -> list[Delivery]:
    return [
        Delivery(topic, 0, after + number, event.envelope.key, event)
        for number, event in enumerate(events, 1)
    ]
