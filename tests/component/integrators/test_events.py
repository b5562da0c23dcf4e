"""The example open_tasks.py, as docs/integrators.md starts it, on what a real suite tells Kafka."""

from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from borgerting.volunteer.v1 import task_service_pb2 as pb
from chassis.auth.principal import Role
from chassis.events.envelope import Event, topic_of
from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from tests.component.integrators.conftest import HERE, ROOT, Running
from tests.component.integrators.patience import PATIENCE, until
from tests.component.integrators.test_page import BLOCKS

TOPIC = topic_of("volunteer")
(COMMAND,) = [text for _, kind, text in BLOCKS if kind == "kafka"]


class Reader:
    """The example at work; `store` is its file, `namespace` begins the topic that it reads."""

    def __init__(self, running: Running, installed: Path, folder: Path, namespace: str) -> None:
        self.store = folder / "tasks.sqlite"
        self._log = folder / "reader.log"
        command = COMMAND
        for printed, here in {
            "127.0.0.1:9092": running.kafka,
            "127.0.0.1:9090": running.suite.grpc,
            "$WORK/venv/bin/python": sys.executable,
            "tasks.sqlite": str(self.store),
        }.items():
            assert printed in command
            command = command.replace(printed, here)
        self._command = [
            *shlex.split(command.replace("\\\n", " ")),
            *("--topic", namespace + TOPIC, "--group", namespace + "open-tasks"),
            # Its name in the group, so that it has its share at once when it comes back.
            *("--kafka-option", "group_instance_id=the-one"),
        ]
        self._environment = {**os.environ, "PYTHONPATH": str(installed), "NO_PROXY": "127.0.0.1"}

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def rows(self) -> dict[str, tuple[int, int, int]]:
        """open, free, changes by title."""
        return {title: (*rest,) for title, *rest in self.ask("SELECT title, open, free, changes FROM tasks")}

    def ask(self, question: str) -> list[tuple[object, ...]]:
        if not self.store.exists():
            return []
        with closing(sqlite3.connect(self.store)) as store:
            try:
                return store.execute(question).fetchall()
            except sqlite3.OperationalError:
                return []  # it has not made its tables yet

    def until_rows(self, expected: dict[str, tuple[int, int, int]]) -> None:
        until(lambda: self.rows() == expected, lambda: (self.rows(), self.log))


class Coordinator:
    """Changes tasks, each change told once."""

    def __init__(self, running: Running) -> None:
        self._suite = running.client(Role.COORDINATOR)

    def close(self) -> None:
        self._suite.close()

    def publish(self, title: str, places: int) -> tuple[str, str]:
        """The task and its slot."""
        task = self._suite.tasks.CreateTask(
            pb.CreateTaskRequest(
                parent=f"municipalities/{HERE}",
                task=pb.Task(
                    title=title, text="Sluk lyset, når I går.", place="Biblioteket",
                    contact_office="Kultur og Fritid", contact_phone="12 34 56 78",
                ),
            )
        )  # fmt: skip
        slot = pb.Slot(capacity=places)
        begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
        slot.start_time.FromDatetime(begin)
        slot.end_time.FromDatetime(begin + timedelta(hours=2))
        made = self._suite.tasks.CreateSlot(pb.CreateSlotRequest(parent=task.name, slot=slot))
        self._suite.tasks.PublishTask(pb.PublishTaskRequest(name=task.name))
        return task.name, made.name

    def widen(self, slot: str, places: int) -> None:
        self._suite.tasks.UpdateSlot(pb.UpdateSlotRequest(slot=pb.Slot(name=slot, capacity=places)))

    def end(self, task: str) -> None:
        self._suite.tasks.CloseTask(pb.CloseTaskRequest(name=task))


@pytest.fixture
def coordinator(running: Running) -> Iterator[Coordinator]:
    made = Coordinator(running)
    yield made
    made.close()


def told(running: Running, task: str, count: int) -> list[Event]:
    """The first `count` events of a task, as they lie in Kafka."""
    broker = KafkaBroker(KafkaSettings(bootstrap=running.kafka, namespace=running.namespace))
    found: list[Event] = []
    with closing(broker):
        source = broker.source(f"checker-{uuid.uuid4().hex}", TOPIC)
        end = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < end, found
            events = [one.event for one in source.poll(1.0) if one.event is not None]
            found += [one for one in events if one.envelope.key == f"{HERE}/tasks/{task.rpartition('/')[2]}"]
    return found


@contextmanager
def retold(running: Running, events: list[Event]) -> Iterator[str]:
    """The same events in this order, in a topic of a namespace of its own."""
    namespace = f"{uuid.uuid4().hex[:8]}."
    with closing(KafkaBroker(KafkaSettings(bootstrap=running.kafka, namespace=namespace))) as broker:
        publisher = broker.publisher()
        sent = [publisher.send(event) for event in events]
        publisher.flush(PATIENCE)
        for one in sent:
            one.result(0)
        yield namespace


def test_it_keeps_the_list_and_goes_on_where_it_was_killed(
    running: Running, installed: Path, coordinator: Coordinator, tmp_path: Path
) -> None:
    reader = Reader(running, installed, tmp_path, running.namespace)
    with reader.running():
        reading, slot = coordinator.publish("Læs højt", 3)
        reader.until_rows({"Læs højt": (1, 3, 1)})
    coordinator.widen(slot, 5)
    coordinator.publish("Bag pandekager", 2)
    with reader.running() as process:
        reader.until_rows({"Læs højt": (1, 5, 2), "Bag pandekager": (1, 2, 1)})
        coordinator.end(reading)
        reader.until_rows({"Læs højt": (0, 5, 3), "Bag pandekager": (1, 2, 1)})
        until(lambda: f"{reading}: Læs højt, closed" in reader.log)
        process.terminate()
        assert process.wait(60) == 0
    assert "missing" not in reader.log


def test_duplicates_a_wrong_order_and_a_loss(
    running: Running, installed: Path, coordinator: Coordinator, tmp_path: Path
) -> None:
    task, slot = coordinator.publish("Stil boder op", 1)
    for places in (2, 3, 4):
        coordinator.widen(slot, places)
    own = told(running, task, 4)
    assert [one.envelope.sequence for one in own] == [1, 2, 3, 4]
    command = ["events", "re-emit", "volunteer", task]
    data = {**os.environ, "BORGERTING_DATA_DIR": str(running.folder / "data")}
    subprocess.run([sys.executable, "-m", "chassis", *command], env=data, check=True, capture_output=True)
    first, second, third, fourth, snapshot = told(running, task, 5)
    assert (snapshot.envelope.sequence, snapshot.envelope.snapshot) == (4, True)

    with retold(running, [first, first, third, fourth, first, third, second, snapshot, fourth]) as namespace:
        (tmp_path / "mixed").mkdir()
        reader = Reader(running, installed, tmp_path / "mixed", namespace)
        with reader.running():
            reader.until_rows({"Stil boder op": (1, 4, 4)})
        assert "2 is missing, 3 waits" in reader.log
        assert "2 is missing, 4 waits" in reader.log
        assert reader.ask("SELECT * FROM waiting") == []

    # The second is lost for good: what comes after it waits, until the state is told again.
    with retold(running, [first, third, fourth, snapshot]) as namespace:
        (tmp_path / "lost").mkdir()
        reader = Reader(running, installed, tmp_path / "lost", namespace)
        with reader.running():
            reader.until_rows({"Stil boder op": (1, 4, 2)})
        assert "2 is missing, 4 waits" in reader.log
        assert reader.ask("SELECT * FROM waiting") == []
