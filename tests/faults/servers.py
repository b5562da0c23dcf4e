"""Faults that take servers of their own: a leader killed among three brokers, a primary lost to its standby,
a disk that is full.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import psycopg
from kafka import KafkaAdminClient

from chassis.events.envelope import topic_of
from tests.e2e.assembly.conftest import make_keys
from tests.e2e.assembly.steps import TASKS
from tests.e2e.assembly.town import Town
from tests.faults.faults import CannotBeMade, all_ready, goes_on, page, reason_of, until
from tests.faults.house import ENTRY, FaultHouse, Nursery
from tests.faults.kills import PATIENCE, settled
from tests.faults.lines import LinedHouse, lined_house
from tests.faults.stream import Stream
from tests.infrastructure.kafka import KafkaBroker, running_cluster
from tests.infrastructure.postgres import PostgresServer, unprivileged

Say = Callable[[str], None]


@contextmanager
def busy(house: FaultHouse, name: str) -> Iterator[Stream]:
    """People who go on in a municipality, until the end."""
    town = Town(house, name, PATIENCE)
    stream = Stream(town, name, again=False, pause=0.05)
    stream.start()
    try:
        assert stream.promised.wait(300)
        assert stream.problems == [], stream.problems
        yield stream
    finally:
        stream.stop()
        town.close()


def leader_killed(folder: Path, say: Say) -> list[str]:
    """The leader of most partitions, of three brokers; then, once it is back, another one."""
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        nursery = Nursery(folder, ENTRY)
        stack.callback(nursery.close)
        postgres = stack.enter_context(PostgresServer.running())
        brokers = stack.enter_context(running_cluster(folder / "kafka"))
        make_keys(folder / "keys")
        bootstrap = ",".join(broker.bootstrap for broker in brokers)
        house = FaultHouse(folder, nursery, postgres, bootstrap)
        stack.callback(house.stop)
        house.start()
        with busy(house, "lederby") as stream:
            for _ in range(2):
                leader = _leader(bootstrap, brokers)
                began = time.monotonic()
                leader.kill()
                goes_on(stream)
                with stream.paused():
                    found = [*stream.problems, *settled(house, [stream.ledger])]
                say(f"broker {leader.node} killed: all was told {time.monotonic() - began:.1f} s later")
                if found:
                    return found
                leader.start(120)
                _all_copies(bootstrap, brokers)
                all_ready(house)
        return []


def _leader(bootstrap: str, brokers: list[KafkaBroker]) -> KafkaBroker:
    counts = {broker.node: 0 for broker in brokers}
    for topic in _topics(bootstrap):
        for partition in topic["partitions"]:
            counts[partition["leader_id"]] += 1
    most = max(counts, key=lambda node: counts[node])
    [found] = [broker for broker in brokers if broker.node == most]
    return found


def _all_copies(bootstrap: str, brokers: list[KafkaBroker]) -> None:
    """Once each of them has all again: else the next kill would leave too few."""

    def whole() -> bool:
        return all(
            len(partition["isr_nodes"]) == len(brokers)
            for topic in _topics(bootstrap)
            for partition in topic["partitions"]
        )

    until(whole, lambda: "copies are missing")


def _topics(bootstrap: str) -> list[dict]:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    try:
        return admin.describe_topics([topic_of("deliberation"), topic_of("volunteer"), topic_of("followup")])
    finally:
        admin.close()


def failed_over(folder: Path, say: Say) -> list[str]:
    """The primary dies with a standby that has all that was acknowledged; it is promoted, and the address
    leads to it. What was under way at that moment is asked for again, under its own request id.
    """
    with (
        PostgresServer.running() as primary,
        lined_house(folder, primary) as house,
        PostgresServer.running(primary=primary) as standby,
    ):
        primary.set("synchronous_standby_names", "*")
        until(lambda: _follows(house), lambda: "the standby does not follow")
        with busy(house, "skifteby") as stream:
            goes_on(stream, 50)
            began = time.monotonic()
            primary.stop(signal.SIGQUIT)
            standby.promote()
            standby.set("synchronous_standby_names", "")
            house.store.lead(standby.port)
            house.urls = {name: replace(urls, server=standby) for name, urls in house.urls.items()}
            goes_on(stream)
            all_ready(house)
            say(f"failed over: all four services write again {time.monotonic() - began:.1f} s later")
            with stream.paused():
                return [*stream.problems, *settled(house, [stream.ledger])]


def _follows(house: FaultHouse) -> bool:
    """Whether what is committed stands on the standby too."""
    with psycopg.connect(house.urls["volunteer"].superuser) as connection:
        query = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        return connection.execute(query).fetchone() is not None


def disk_full(folder: Path, say: Say) -> list[str]:
    """Volunteer's database lies on a small disk that fills up: what is written is refused and says why, what
    is read goes on, and once there is room everything does.
    """
    with small_disk(48) as disk, lined_house(folder) as house:
        house["volunteer"].stop()
        _move_to(disk, house, "volunteer")
        house["volunteer"].start_to_die(None)
        house["volunteer"].wait_until_ready()
        with busy(house, "fuldby") as stream:
            goes_on(stream)
            ballast = disk / "ballast"
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=8k"], capture_output=True, check=False)
            until(lambda: _refused(stream) == "STORE_FULL", lambda: "it is never full")
            page(house, stream, "volunteer")
            say("disk full: what is written is refused with STORE_FULL, pages are read")
            ballast.unlink()
            goes_on(stream)
            all_ready(house)
            with stream.paused():
                return [*stream.problems, *settled(house, [stream.ledger])]


def _move_to(disk: Path, house: LinedHouse, service: str) -> None:
    """A service's database, to which nobody is connected."""
    unprivileged(disk)  # it becomes that user's
    urls = house.urls[service]
    with psycopg.connect(replace(urls, name="postgres").superuser, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        connection.execute(f'ALTER DATABASE "{urls.name}" SET TABLESPACE small')


def _refused(stream: Stream) -> str:
    """The reason for which one more task is refused, asked once."""
    request = stream.task_request("One more")
    try:
        task = stream.town.once(TASKS, "CreateTask", request, "coordinator")
    except grpc.RpcError as error:
        return reason_of(error)
    stream.ledger.done(stream.ledger.tasks, task.name)
    return "none"


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A file system of that size, for PostgreSQL. Raises CannotBeMade without the right to mount one."""
    folder = Path(tempfile.mkdtemp(prefix="bt-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        raise CannotBeMade("a full disk takes root and the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


SERVERS: dict[str, Callable[[Path, Say], list[str]]] = {
    "leader killed": leader_killed,
    "primary lost": failed_over,
    "disk full": disk_full,
}
