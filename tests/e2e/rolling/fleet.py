"""Replicas of services on one PostgreSQL and one Kafka, each on an address of its own, as a pod has one.

Who is ready is found by name (gRPC) and by the ingress (pages); replicas come and go in Kubernetes' order of
steps.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from chassis.app import descriptors
from chassis.auth.keys import FileKeys
from chassis.clock import SystemClock
from chassis.rpc.client import tcp_channel
from chassis.testing.processes import SuiteProcess, running_suite
from tests.infrastructure.names import running_names
from tests.infrastructure.places import lasting_ports
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.round_robin import Ingress, running_ingress
from tests.infrastructure.suites import settings_of

_addresses = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Release:
    """`tree` is the folder that its programs run from, "" for this checkout."""

    name: str
    tree: Path | None = None

    def environment(self) -> dict[str, str]:
        return {} if self.tree is None else {"PYTHONPATH": f"{self.tree}{os.pathsep}{self.tree / 'gen'}"}


@dataclass(eq=False, slots=True)
class Replica:
    service: str
    release: Release
    host: str
    process: SuiteProcess
    running: ExitStack


class Fleet:
    """`services` are those that run; all have a database each."""

    def __init__(self, folder: Path, postgres: PostgresServer, kafka: str, notice_seconds: float) -> None:
        self._folder = folder
        self.databases: dict[str, Urls] = {
            name: postgres.clone(postgres.prepare(name, found.migrations))
            for name, found in descriptors().items()
        }
        self._stack = ExitStack()
        self._names = self._stack.enter_context(running_names())
        self.ingress: Ingress = self._stack.enter_context(running_ingress("deliberation"))
        self._ports = dict(
            zip(
                ("BORGERTING_HTTP_PORT", "BORGERTING_GRPC_PORT", "BORGERTING_OPS_PORT"),
                map(str, lasting_ports(3)),
                strict=True,
            )
        )
        self.keys = FileKeys(folder / "keys", SystemClock())
        self._environment = {
            "BORGERTING_KAFKA__BOOTSTRAP": kafka,
            "BORGERTING_KAFKA__NAMESPACE": f"rolling{next(_addresses)}-{os.getpid()}.",
            "BORGERTING_KEYS__DIR": str(folder / "keys"),
            "BORGERTING_NOTICE_SECONDS": str(notice_seconds),
            **self._ports,
        }
        self._replicas: list[Replica] = []

    def start(self, service: str, release: Release) -> Replica:
        """It is asked once it is taken up."""
        number = next(_addresses)
        host = f"127.0.{1 + number // 200}.{1 + number % 200}"
        folder = self._folder / f"{service}-{number}-{release.name}"
        running = ExitStack()
        process = running.enter_context(
            running_suite(
                folder,
                command=[sys.executable, "-P", "-m", "chassis", "serve", "--service", service],
                environment={
                    **self._environment,
                    **settings_of([self.databases[service]]),
                    **release.environment(),
                    "BORGERTING_HOST": host,
                },
                ready=False,
            )
        )
        self._stack.push(running)
        return Replica(service, release, host, process, running)

    def take_up(self, replica: Replica) -> None:
        """Returns when it is ready, and found."""
        replica.process.wait_until_ready(90)
        self._replicas.append(replica)
        self._share()

    def stop(self, replicas: Sequence[Replica]) -> None:
        """As Kubernetes deletes pods: they are told to stop, and that they go is learnt only then."""
        for replica in replicas:
            replica.process.process.terminate()
            self._replicas.remove(replica)
        self._share()
        for replica in replicas:
            code = replica.process.process.wait(60)
            replica.running.close()
            assert code == 0, replica.process.log[-3000:]

    def replace(self, replicas: Sequence[Replica], release: Release) -> list[Replica]:
        """Those of the new release first, then the old ones go: never fewer than there were."""
        new = [self.start(replica.service, release) for replica in replicas]
        for replica in new:
            self.take_up(replica)
        self.stop(replicas)
        return new

    def migrate(self, release: Release) -> str:
        """`borgerting migrate` of that release, by the owners; what it said."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "chassis", "migrate"],
            capture_output=True,
            text=True,
            check=False,
            env={
                **own,
                **settings_of(self.databases.values(), migration=True),
                **release.environment(),
                "BORGERTING_DATA_DIR": str(self._folder / "migrate"),
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def channel(self, service: str) -> grpc.Channel:
        """To all ready replicas, as a neighbour calls."""
        port = int(self._ports["BORGERTING_GRPC_PORT"])
        return tcp_channel(self._names.target(f"{service}.test", port))

    def close(self) -> None:
        self._stack.close()

    def logs(self) -> Mapping[str, str]:
        return {str(path): path.read_text() for path in sorted(self._folder.glob("*/stderr.log"))}

    def _share(self) -> None:
        hosts: dict[str, list[str]] = {}
        for replica in self._replicas:
            hosts.setdefault(replica.service, []).append(replica.host)
        for service, found in hosts.items():
            self._names[f"{service}.test"] = found
        http = self._ports["BORGERTING_HTTP_PORT"]
        self.ingress.share({name: [f"{host}:{http}" for host in found] for name, found in hosts.items()})


@contextmanager
def running_fleet(
    folder: Path, postgres: PostgresServer, kafka: str, notice_seconds: float
) -> Iterator[Fleet]:
    fleet = Fleet(folder, postgres, kafka, notice_seconds)
    try:
        yield fleet
    finally:
        fleet.close()
