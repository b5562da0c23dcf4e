"""How fast events go from one service's outbox to their effects in another's store.

Ours: events that lie in the outbox of a PostgreSQL store, sent by its relay to Kafka, received by the inbox
of another PostgreSQL store (fsync on), each with a row for its effect. Beside it kafka-python alone on the
same broker: the same keys, headers, values, partitions and settings (acks=all, idempotent; offsets committed
after every poll), one producer, one consumer. Sender and receiver are two processes on both sides. The rate
is that of a burst, until the last effect is committed; latency is measured at a steady rate, from before the
unit of work that adds an event until its effect is committed. SQLite, with its embedded log and all in one
process, is printed beside. At the end every effect must stand once, in the order of its aggregate.

Exits 1 when the goal is missed, or an effect is missing, doubled or out of order.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from benchmarks.events_sides import (
    EFFECTS,
    METADATA,
    TOPIC,
    OurReceiver,
    OurSender,
    PlainReceiver,
    PlainSender,
    Receiver,
    Sender,
    our_receiver,
    our_sender,
    remote,
)
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.events.kafka_cluster import KafkaCluster
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.local import FILE_NAME, LocalBroker
from tests.infrastructure.kafka import running_kafka
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.stores import Stores, everything

GOAL = 0.3
PATIENCE = 90.0


@dataclass
class Side:
    name: str
    sender: Sender
    receiver: Receiver
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    sent: int = 0

    def burst(self, count: int) -> float:
        """Events a second."""
        started, events = self.sender.burst(count)
        arrived = self.receiver.arrivals(count, PATIENCE)
        self._require(set(events), set(arrived))
        return count / (max(arrived.values()) - started)

    def steady(self, count: int, a_second: float) -> list[float]:
        """Seconds from before each was added until its effect stood."""
        begun = self.sender.steady(count, 1 / a_second)
        arrived = self.receiver.arrivals(count, PATIENCE)
        self._require(set(begun), set(arrived))
        return [arrived[event] - begun[event] for event in begun]

    def _require(self, sent: set[object], arrived: set[object]) -> None:
        self.sent += len(sent)
        if sent != arrived:
            lost, strange = len(sent - arrived), len(arrived - sent)
            raise RuntimeError(f"{self.name}: {lost} events did not arrive, {strange} were never sent")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=3000, help="in a burst")
    parser.add_argument("--rounds", type=int, default=5, help="bursts of each side; the median counts")
    parser.add_argument("--rate", type=float, default=50.0, help="events a second for the latency")
    parser.add_argument("--seconds", type=float, default=6.0, help="of the steady rate, of each side")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bt-events-")))
        server = stack.enter_context(PostgresServer.running(durable=True))
        kafka = stack.enter_context(running_kafka(folder / "kafka")).bootstrap
        ours, check_ours = stack.enter_context(on_kafka(folder, server, kafka))
        plain = stack.enter_context(kafka_alone(kafka))
        embedded, check_embedded = stack.enter_context(on_sqlite(folder))
        sides = [ours, plain, embedded]
        for side in sides:  # connections, plans, the group's first division
            side.burst(300)
        for number in range(options.rounds):
            for side in sides if number % 2 == 0 else reversed(sides):
                side.rates.append(side.burst(options.events))
        for side in sides:
            side.latencies = side.steady(int(options.rate * options.seconds), options.rate)
        wrong = check_ours() + check_embedded()
    print(f"bursts of {options.events:,} events, medians of {options.rounds}; ", end="")
    print(f"latency at {options.rate:g} a second\n")
    return report(ours, plain, embedded, wrong)


def report(ours: Side, plain: Side, embedded: Side, wrong: list[str]) -> int:
    print("| | events a second | p50 | p99 |\n|---|---|---|---|")
    for side in (ours, plain, embedded):
        p50, p99 = (f"{percentile(side.latencies, share) * 1000:.1f} ms" for share in (50, 99))
        print(f"| {side.name} | {statistics.median(side.rates):,.0f} | {p50} | {p99} |")
    # Of rounds beside one another: a busy machine slows both.
    ratio = statistics.median(one / other for one, other in zip(ours.rates, plain.rates, strict=True))
    print(f"\nratio to kafka-python alone {ratio:.2f}, goal {GOAL}: {'met' if ratio >= GOAL else 'missed'}")
    for line in wrong:
        print(line)
    if not wrong:
        print(f"{ours.sent + embedded.sent:,} effects stand, each once and in its aggregate's order")
    return 1 if wrong or ratio < GOAL else 0


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


Check = Callable[[], list[str]]


@contextmanager
def on_kafka(folder: Path, server: PostgresServer, kafka: str) -> Iterator[tuple[Side, Check]]:
    settings = KafkaSettings.model_validate({"bootstrap": kafka, "namespace": "ours."})
    _make_topic(settings)
    stores = Stores("postgresql", folder, server)
    from_url, database = _stores(stores)
    to_url = database.url.render_as_string(hide_password=False)
    with (
        remote(our_receiver, to_url, settings) as receiver,
        remote(our_sender, from_url, settings) as sender,
    ):
        side = Side("outbox → inbox, PostgreSQL and Kafka", sender, receiver)
        yield side, lambda: wrong_effects(database, side)
    database.close()


@contextmanager
def kafka_alone(kafka: str) -> Iterator[Side]:
    settings = KafkaSettings.model_validate({"bootstrap": kafka, "namespace": "plain."})
    _make_topic(settings)
    with remote(PlainReceiver, settings) as receiver, remote(PlainSender, settings) as sender:
        yield Side("kafka-python alone", sender, receiver)


@contextmanager
def on_sqlite(folder: Path) -> Iterator[tuple[Side, Check]]:
    from_url, database = _stores(Stores("sqlite", folder, None))
    broker = LocalBroker(folder / FILE_NAME)
    receiver = OurReceiver(database.url.render_as_string(), broker)
    sender = OurSender(from_url, broker)
    try:
        side = Side("outbox → inbox, SQLite and the embedded log", sender, receiver)
        yield side, lambda: wrong_effects(database, side)
    finally:
        sender.close()
        receiver.close()
        broker.close()
        database.close()


def _stores(stores: Stores) -> tuple[str, Database]:
    """The sending service's store, and the receiving one's."""
    clock = SystemClock()
    sending = stores.new(METADATA, "volunteer", "services.volunteer.migrations", clock=clock)
    receiving = stores.new(METADATA, "followup", "services.followup.migrations", clock=clock)
    sending.close()
    return sending.url.render_as_string(hide_password=False), receiving


def _make_topic(settings: KafkaSettings) -> None:
    cluster = KafkaCluster(settings)
    cluster.ensure_topic(TOPIC)
    cluster.close()


def wrong_effects(database: Database, side: Side) -> list[str]:
    """What is not as it must be in the receiver's store, in words."""
    with everything(database) as whole:
        rows = whole.connection.execute(select(EFFECTS).order_by(EFFECTS.c.seq)).all()
    reached: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.sequence != reached[row.key] + 1:
            return [f"{side.name}: {row.key} has {row.sequence} after {reached[row.key]}"]
        reached[row.key] = row.sequence
    events = {row.event_id for row in rows}
    if not len(rows) == len(events) == side.sent:
        return [f"{side.name}: {side.sent} events sent, {len(rows)} effects of {len(events)} events"]
    return []


if __name__ == "__main__":
    sys.exit(main())
