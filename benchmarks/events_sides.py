"""The two ends of benchmarks.events: ours (a store, its relay, its inbox) and kafka-python's own.

Each end of a carrier that joins processes is a process of its own, told what to do through a pipe. Times are
of the machine's monotonic clock, which its processes share.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, insert

from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.clock import SystemClock
from chassis.consumer import Consumer
from chassis.db import Database, Transaction, add_to
from chassis.events.envelope import Envelope, schema_of, topic_of
from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.ports import Broker
from chassis.ids import uuid7
from chassis.inbox import Subscription
from chassis.metrics import Metrics
from chassis.outbox import Relay

TOPIC = topic_of("volunteer")
TOWNS = [f"town-{number}" for number in range(10)]
TASKS = 20
"""Tasks (aggregates, whose events keep their order) of each municipality."""

METADATA = MetaData()
add_to(METADATA)
EFFECTS = Table(
    "effects",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("key", String(512), nullable=False),
    Column("sequence", Integer, nullable=False),
)

Times = dict[UUID, float]


class Sender(Protocol):
    def burst(self, count: int) -> tuple[float, list[UUID]]:
        """Let so many events go at once: since when, and which."""

    def steady(self, count: int, interval: float) -> Times:
        """Let one go every `interval` seconds; when each began."""

    def close(self) -> None: ...


class Receiver(Protocol):
    def arrivals(self, count: int, seconds: float) -> Times:
        """When each arrived, once they are `count` or so many seconds have passed; then forgotten."""

    def close(self) -> None: ...


class Arrivals:
    def __init__(self) -> None:
        self._times: Times = {}
        self._more = threading.Condition()

    def note(self, event: UUID) -> None:
        with self._more:
            self._times[event] = time.monotonic()
            self._more.notify_all()

    def take(self, count: int, seconds: float) -> Times:
        with self._more:
            self._more.wait_for(lambda: len(self._times) >= count, seconds)
            taken, self._times = self._times, {}
        return taken


def _place(number: int) -> tuple[str, str]:
    """The municipality and the task that the event of that number is about."""
    return TOWNS[number % len(TOWNS)], f"tasks/{UUID(int=number // len(TOWNS) % TASKS)}"


def _message(town: str, task: str, number: int) -> TaskChanged:
    name = f"municipalities/{town}"
    promise = f"{name}/promises/{UUID(int=number)}"
    return TaskChanged(task=f"{name}/{task}", promise=promise, open=True, places=30, free=number % 30)


class OurSender:
    """A store whose outbox its relay sends."""

    def __init__(self, url: str, broker: Broker) -> None:
        self._database = Database(url, clock=SystemClock())
        self._relay = Relay("volunteer", self._database, broker.publisher(), Metrics())
        self._relay.start()
        self._number = 0

    def burst(self, count: int) -> tuple[float, list[UUID]]:
        """They lie in the outbox before the relay may begin: the time is the way's alone."""
        events: list[UUID] = []
        with self._turn():
            numbers = range(self._number, self._number + count)
            for town in TOWNS:
                with self._database.writing(town) as transaction:
                    events += [
                        self._add(transaction, number) for number in numbers if _place(number)[0] == town
                    ]
            self._number += count
        started = time.monotonic()
        self._database.wakeups.fire(outbox=True)
        return started, events

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """While this process has the relay's place, the relay sends nothing."""
        while True:
            with self._database.exclusive("relay") as held:
                if held:
                    yield
                    return
            time.sleep(0.01)

    def steady(self, count: int, interval: float) -> Times:
        begun: Times = {}
        for started in _ticks(count, interval):
            with self._database.writing(_place(self._number)[0]) as transaction:
                begun[self._add(transaction, self._number)] = started
            self._number += 1
        return begun

    def _add(self, transaction: Transaction, number: int) -> UUID:
        town, task = _place(number)
        return transaction.outbox.add("volunteer", task, _message(town, task, number))

    def close(self) -> None:
        self._relay.stop(10)
        self._database.close()


class OurReceiver:
    """An inbox in a store of its own; each event has a row for its effect."""

    def __init__(self, url: str, broker: Broker) -> None:
        self._arrivals = Arrivals()
        self._database = Database(url, clock=SystemClock())
        subscription = Subscription(
            "followup.benchmark", TOPIC, {TaskChanged.DESCRIPTOR.full_name: self._handle}
        )
        source = broker.source(subscription.consumer, TOPIC)
        self._consumer = Consumer("followup", subscription, self._database, source, Metrics())
        self._consumer.start()
        self.arrivals = self._arrivals.take

    def _handle(self, transaction: Transaction, message: TaskChanged, envelope: Envelope) -> None:
        transaction.connection.execute(
            insert(EFFECTS),
            {
                "municipality": transaction.municipality,
                "event_id": envelope.id,
                "key": envelope.key,
                "sequence": envelope.sequence,
            },
        )
        transaction.after_commit(lambda: self._arrivals.note(envelope.id))

    def close(self) -> None:
        self._consumer.stop(10)
        self._database.close()


def _client_settings(settings: KafkaSettings) -> dict[str, Any]:
    return {**settings.connection(), "metrics_enabled": False, "allow_auto_create_topics": False}


class PlainSender:
    """kafka-python's producer with our publisher's settings, our keys, headers and values."""

    def __init__(self, settings: KafkaSettings) -> None:
        from kafka import KafkaProducer

        self._producer = KafkaProducer(**_client_settings(settings), acks="all", enable_idempotence=True)
        self._topic = f"{settings.namespace}{TOPIC}"
        self._number = 0

    def burst(self, count: int) -> tuple[float, list[UUID]]:
        records = [self._record() for _ in range(count)]
        started = time.monotonic()
        for _, record in records:
            self._producer.send(self._topic, **record)
        self._producer.flush()
        return started, [event for event, _ in records]

    def steady(self, count: int, interval: float) -> Times:
        begun: Times = {}
        for started in _ticks(count, interval):
            event, record = self._record()
            self._producer.send(self._topic, **record)
            begun[event] = started
        return begun

    def _record(self) -> tuple[UUID, dict[str, Any]]:
        number, self._number = self._number, self._number + 1
        town, task = _place(number)
        message = _message(town, task, number)
        name, clock = message.DESCRIPTOR.full_name, SystemClock()
        envelope = Envelope(
            id=uuid7(clock), source="/volunteer", type=name, time=clock.now(), topic=TOPIC,
            key=f"{town}/{task}", municipality=town, sequence=number // len(TOWNS) // TASKS + 1,
            snapshot=False, correlation_id=str(uuid4()), causation_id="", data_schema=schema_of(name),
        )  # fmt: skip
        headers = [(header, text.encode()) for header, text in envelope.headers().items()]
        value = message.SerializeToString()
        return envelope.id, {"key": envelope.key.encode(), "value": value, "headers": headers}

    def close(self) -> None:
        self._producer.close(timeout=5)


class PlainReceiver:
    """kafka-python's consumer, which commits what it polled, as ours does; it notes each record's id."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._arrivals = Arrivals()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.arrivals = self._arrivals.take

    def _run(self) -> None:
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(
            f"{self._settings.namespace}{TOPIC}",
            **_client_settings(self._settings),
            group_id="benchmark",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        while not self._stopping.is_set():
            found = consumer.poll(timeout_ms=200)
            for records in found.values():
                for record in records:
                    self._arrivals.note(UUID(dict(record.headers)["ce_id"].decode()))
            if found:
                consumer.commit()
        consumer.close()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(10)


def _ticks(count: int, interval: float) -> Iterator[float]:
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(start + number * interval - time.monotonic(), 0.0))
        yield time.monotonic()


@dataclass(frozen=True, slots=True)
class Remote:
    """An end in another process."""

    _pipe: Connection

    def _ask(self, act: str, *arguments: object) -> Any:
        self._pipe.send((act, arguments))
        return self._pipe.recv()

    def burst(self, count: int) -> tuple[float, list[UUID]]:
        found: tuple[float, list[UUID]] = self._ask("burst", count)
        return found

    def steady(self, count: int, interval: float) -> Times:
        found: Times = self._ask("steady", count, interval)
        return found

    def arrivals(self, count: int, seconds: float) -> Times:
        found: Times = self._ask("arrivals", count, seconds)
        return found

    def close(self) -> None:
        self._ask("close")


@contextmanager
def remote(make: Callable[..., Sender | Receiver], *arguments: object) -> Iterator[Remote]:
    """What `make` makes of the arguments, in a process of its own."""
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
    process.start()
    theirs.close()
    end = Remote(ours)
    try:
        yield end
        end.close()
    finally:
        process.join(15)
        if process.is_alive():
            process.kill()


def _serve(pipe: Connection, make: Callable[..., Any], arguments: Sequence[object]) -> None:
    end = make(*arguments)
    act = ""
    while act != "close":
        act, values = pipe.recv()
        pipe.send(getattr(end, act)(*values))


def our_sender(url: str, settings: KafkaSettings) -> Sender:
    return OurSender(url, KafkaBroker(settings))


def our_receiver(url: str, settings: KafkaSettings) -> Receiver:
    return OurReceiver(url, KafkaBroker(settings))
