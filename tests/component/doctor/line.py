"""A teller, two listeners and the log between them, each of which can be put back to an earlier moment.

Stores are SQLite files that are copied, or PostgreSQL databases that are cloned; the log is the embedded one,
whose file is copied, or a Kafka topic that is deleted and, as far as it had come by then, filled again.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from google.protobuf.wrappers_pb2 import StringValue
from kafka import KafkaAdminClient
from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, insert, select

from chassis.clock import SystemClock
from chassis.consumer import Consumer
from chassis.db import Database, Transaction, add_to
from chassis.doctor import Diagnosis, Fault, Listener, diagnose
from chassis.events.envelope import Envelope, Event
from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.local import LocalBroker
from chassis.events.ports import Broker, CarrierAwayError
from chassis.inbox import Subscription
from chassis.log_check import LogCheck
from chassis.log_marks import read_marks
from chassis.log_mend import LogMender
from chassis.metrics import Metrics
from chassis.migrations import migrate
from chassis.outbox import Relay, outbox_state
from chassis.tables import dead_letters, outbox
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.stores import TOY, add_tables, everything

TOPIC = "borgerting.toy.v1"
TELLER, LISTENERS = "toy", ("near", "far")
PATIENCE = 120.0
METADATA = MetaData()
add_to(METADATA)
HEARD = Table(
    "heard_of",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("event_id", Uuid(), nullable=False),
    Column("key", String(512), nullable=False),
    Column("number", Integer, nullable=False),
)


class FileStores:
    """SQLite files in a folder."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._open: dict[str, Database] = {}
        for name in (TELLER, *LISTENERS):
            shutil.copyfile(template, self._file(name))

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite3"

    def open(self, name: str) -> Database:
        if name not in self._open:
            self._open[name] = Database(f"sqlite:///{self._file(name)}", clock=SystemClock())
        return self._open[name]

    def close(self) -> None:
        for database in self._open.values():
            database.close()
        self._open.clear()

    def save(self, name: str) -> Path:
        """Closed before, so that one file is all there is."""
        kept = self._folder / f"{name}-{uuid.uuid4().hex}"
        shutil.copyfile(self._file(name), kept)
        return kept

    def put_back(self, name: str, kept: Path) -> None:
        shutil.copyfile(kept, self._file(name))


class ClonedStores:
    """PostgreSQL databases; what is put back is a clone under another name, as after a recovery."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._urls = {name: server.clone(server.prepare("toy", TOY)) for name in (TELLER, *LISTENERS)}
        self._made = list(self._urls.values())
        for urls in self._urls.values():
            add_tables(urls, METADATA)
        self._open: dict[str, Database] = {}

    def open(self, name: str) -> Database:
        if name not in self._open:
            self._open[name] = Database(self._urls[name].login, clock=SystemClock())
        return self._open[name]

    def close(self) -> None:
        for database in self._open.values():
            database.close()
        self._open.clear()

    def save(self, name: str) -> object:
        self._made.append(self._server.clone(self._urls[name]))
        return self._made[-1]

    def put_back(self, name: str, kept: object) -> None:
        self._urls[name] = self._server.clone(kept)  # type: ignore[arg-type]
        self._made.append(self._urls[name])

    def drop(self) -> None:
        self.close()
        for urls in self._made:
            self._server.drop(urls)


class FileLog:
    POLL = 0.0

    def __init__(self, folder: Path) -> None:
        self._file = folder / "events.sqlite3"
        self._kept: list[Path] = []

    def open(self) -> Broker:
        return LocalBroker(self._file)

    def save(self) -> Path:
        self._kept.append(self._file.with_suffix(f".{len(self._kept)}"))
        shutil.copyfile(self._file, self._kept[-1])
        return self._kept[-1]

    def put_back(self, kept: Path) -> None:
        for rest in self._file.parent.glob("events.sqlite3-*"):
            rest.unlink()
        shutil.copyfile(kept, self._file)

    def lose(self) -> None:
        self._file.unlink()


class KafkaLog:
    POLL = 0.2

    def __init__(self, bootstrap: str) -> None:
        self.settings = KafkaSettings(
            bootstrap=bootstrap, namespace=f"{uuid.uuid4().hex[:8]}.", partitions=3, session_seconds=2
        )

    def open(self) -> Broker:
        return KafkaBroker(self.settings)

    def save(self) -> list[Event]:
        broker = self.open()
        events = [one.event for one in broker.log(TOPIC).read({}) if one.event is not None]
        broker.close()
        return events

    def put_back(self, kept: list[Event]) -> None:
        self.lose()
        broker = self.open()
        publisher = broker.publisher()
        sent = [publisher.send(event) for event in kept]
        publisher.flush(PATIENCE)
        for one in sent:
            one.result(timeout=0)
        broker.close()

    def lose(self) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.settings.bootstrap)
        name = f"{self.settings.namespace}{TOPIC}"
        admin.delete_topics([name])
        until = time.monotonic() + PATIENCE
        while not admin.describe_topics([name])[0]["error_code"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        admin.close()


class Line:
    """Nothing runs between its calls: `run` is a start of all services, and their stop once all arrived."""

    def __init__(self, stores: FileStores | ClonedStores, log: FileLog | KafkaLog) -> None:
        self.stores = stores
        self.log = log
        self.saved: dict[str, list[object]] = {name: [] for name in (TELLER, *LISTENERS, "log")}
        self.run()

    def tell(self, *things: int) -> None:
        with self.stores.open(TELLER).writing("hjemby") as transaction:
            for thing in things:
                transaction.outbox.add("toy", f"things/{thing}", StringValue(value=uuid.uuid4().hex))

    def save(self) -> None:
        """A moment of everything, each of which can be put back for itself."""
        self.stores.close()
        for name in (TELLER, *LISTENERS):
            self.saved[name].append(self.stores.save(name))
        self.saved["log"].append(self.log.save())

    def put_back(self, name: str, moment: int) -> None:
        self.stores.close()
        if name == "log":
            self.log.put_back(self.saved["log"][moment])  # type: ignore[arg-type]
        else:
            self.stores.put_back(name, self.saved[name][moment])  # type: ignore[arg-type]

    def run(self, *, relay: bool = True, listeners: tuple[str, ...] = LISTENERS) -> None:
        broker = self.log.open()
        teller = self.stores.open(TELLER)
        consumers = [self._consumer(broker, name) for name in listeners]
        sender = Relay("toy", teller, broker.publisher(), Metrics(), check=self._mender(broker).run)
        try:
            if relay:
                until(lambda: sender.run_once() == 0 and not outbox_state(teller).unpublished)
            for name, consumer in zip(listeners, consumers, strict=True):
                until(
                    lambda name=name, consumer=consumer: (
                        not consumer.run_once(self.log.POLL) and self._has_all(broker, name)
                    )
                )
        finally:
            for consumer in consumers:
                assert consumer.stop(10)
            if relay:
                sender.stop(5)
            broker.close()

    def _has_all(self, broker: Broker, name: str) -> bool:
        """Whether there is nothing more in the log for it."""
        listener = Listener(f"{name}.things", self.stores.open(name))
        found = diagnose("toy", broker.log(TOPIC), None, [listener])[0]
        return found.fits and not found.on_the_way

    def diagnosis(self) -> Diagnosis:
        broker = self.log.open()
        try:
            listeners = [Listener(f"{name}.things", self.stores.open(name)) for name in LISTENERS]
            return diagnose("toy", broker.log(TOPIC), self.stores.open(TELLER), listeners)[0]
        finally:
            broker.close()

    def mend(self) -> None:
        broker = self.log.open()
        try:
            self._mender(broker).run_alone()
        finally:
            broker.close()

    def faults(self) -> dict[Fault, int]:
        found: dict[Fault, int] = {}
        for misfit in self.diagnosis().misfits:
            found[misfit.fault] = found.get(misfit.fault, 0) + 1
        return found

    def told(self) -> dict[str, list[uuid.UUID]]:
        """By key, the ids of what the teller's store tells, in order."""
        with everything(self.stores.open(TELLER)) as whole:
            rows = whole.connection.execute(
                select(outbox.c.key, outbox.c.id)
                .where(outbox.c.type != "google.protobuf.Empty")  # which says nothing
                .order_by(outbox.c.seq)
            ).all()
        return _by_key(rows)

    def heard(self, name: str) -> dict[str, list[uuid.UUID]]:
        with everything(self.stores.open(name)) as whole:
            rows = whole.connection.execute(select(HEARD.c.key, HEARD.c.event_id).order_by(HEARD.c.seq)).all()
        return _by_key(rows)

    def numbers(self, name: str) -> dict[str, list[int]]:
        with everything(self.stores.open(name)) as whole:
            rows = whole.connection.execute(select(HEARD.c.key, HEARD.c.number).order_by(HEARD.c.seq)).all()
        return _by_key(rows)

    def lost(self) -> set[uuid.UUID]:
        """Ids of events that the teller's store says it lost."""
        with everything(self.stores.open(TELLER)) as whole:
            query = select(dead_letters.c.event_id).where(dead_letters.c.consumer == TELLER)
            return set(whole.connection.execute(query).scalars())

    def _mender(self, broker: Broker) -> LogMender:
        others = [self.stores.open(name) for name in LISTENERS]
        return LogMender(LogCheck("toy", self.stores.open(TELLER), broker.log(TOPIC), others=others))

    def _consumer(self, broker: Broker, name: str) -> Consumer:
        database, consumer = self.stores.open(name), f"{name}.things"
        subscription = Subscription(consumer, TOPIC, {"google.protobuf.StringValue": _hear})
        source = broker.source(consumer, TOPIC, lambda: read_marks(database, consumer, TOPIC))
        return Consumer(name, subscription, database, source, Metrics())


def template(folder: Path) -> Path:
    """A migrated SQLite file."""
    database = Database(f"sqlite:///{folder}/template.sqlite3", clock=SystemClock())
    migrate(database, TOY)
    with database.writing("") as transaction:
        METADATA.create_all(transaction.connection)
    database.close()
    return folder / "template.sqlite3"


def _hear(transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
    transaction.connection.execute(
        insert(HEARD).values(
            municipality=transaction.municipality,
            event_id=envelope.id,
            key=envelope.key,
            number=envelope.sequence,
        )
    )


def _by_key(rows: object) -> dict:
    found: dict = {}
    for key, value in rows:  # type: ignore[attr-defined]
        found.setdefault(key, []).append(value)
    return found


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not _holds(holds):
        assert time.monotonic() < end
        time.sleep(0.02)


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except CarrierAwayError:  # it has only just begun
        return False
