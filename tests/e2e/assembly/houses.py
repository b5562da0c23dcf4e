"""Two ways to run the suite, with one manner of moving its clock: everything in one process, or four of them.

A house keeps its addresses through every restart, as an operator's would.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from kafka.admin import KafkaAdminClient

from chassis.app import descriptors
from chassis.clock import Clock, SystemClock
from chassis.config import parse_clock
from chassis.events.kafka import KafkaBroker as KafkaEvents
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.local import FILE_NAME, LocalBroker
from chassis.events.ports import Broker
from chassis.rpc.authority import make_folder
from tests.infrastructure.places import lasting_ports
from tests.infrastructure.postgres import PostgresServer

SERVICES = ("deliberation", "followup", "sortition", "volunteer")
READY_SECONDS = 60.0
RECONNECT = (("grpc.min_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500))


class Process:
    """One process of ours on fixed ports, started, killed and started again with the same settings."""

    def __init__(self, name: str, arguments: list[str], settings: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "chassis", "serve", *arguments]
        self._settings = dict(settings)
        self.folder = folder
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.kills = 0

    @property
    def settings(self) -> dict[str, str]:
        return dict(self._settings)

    def start(self, **changed: str) -> None:
        with self._lock:
            self._settings.update(changed)
            own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**own, **self._settings},
                )

    def kill(self) -> None:
        """SIGKILL: it gets to do nothing more."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait(10)
                self.kills += 1

    def leave(self) -> None:
        """SIGTERM: it ends in order."""
        with self._lock:
            if self._process is not None:
                self._process.terminate()

    def wait_until_gone(self) -> None:
        with self._lock:
            if self._process is None:
                return
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def stop(self) -> None:
        self.leave()
        self.wait_until_gone()

    def wait_until_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        url = f"http://127.0.0.1:{self._settings['BORGERTING_OPS_PORT']}/readyz"
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() not in (None, -9):
                break
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready:\n{self.log[-4000:]}")

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


class House(ABC):
    """A running suite. `site` is its public address, `keys` the folder whose key signs tokens.

    `host` is what a browser would ask `site` for, where that is only the way there.
    """

    site: str
    host: str = ""
    keys: Path

    def __init__(self) -> None:
        self._days = 0

    @property
    def clock(self) -> Clock:
        """The suite's own time."""
        return parse_clock(self._shift, SystemClock())

    @property
    def _shift(self) -> str:
        return f"+P{self._days}D" if self._days else ""

    @property
    @abstractmethod
    def processes(self) -> list[Process]: ...

    @abstractmethod
    def channel(self, service: str) -> grpc.Channel:
        """To where `service` answers; it connects again soon after its server was away."""

    @abstractmethod
    def events(self) -> Broker:
        """What carried the events; close it after use."""

    def start(self) -> None:
        for process in self.processes:
            process.start(BORGERTING_CLOCK=self._shift)
        for process in self.processes:
            process.wait_until_ready()

    def pass_days(self, days: int) -> None:
        """Everything stops, and starts again so many days later."""
        self._days += days
        self.stop()
        self.start()

    def stop(self) -> None:
        for process in self.processes:
            process.leave()
        for process in self.processes:
            process.wait_until_gone()

    def logs(self) -> str:
        return "\n".join(process.log for process in self.processes)


class Embedded(House):
    """`borgerting serve`: one process, SQLite, its own event log."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._data = self.keys = folder / "data"
        http, rpc, ops = lasting_ports(3)
        self.site, self._grpc = f"http://127.0.0.1:{http}", f"127.0.0.1:{rpc}"
        settings = {
            "BORGERTING_DATA_DIR": str(self._data),
            "BORGERTING_HTTP_PORT": str(http),
            "BORGERTING_GRPC_PORT": str(rpc),
            "BORGERTING_OPS_PORT": str(ops),
            "BORGERTING_FOLLOWUP__SWEEP_SECONDS": "1",
        }
        self._process = Process("suite", [], settings, folder)

    @property
    def processes(self) -> list[Process]:
        return [self._process]

    def channel(self, service: str) -> grpc.Channel:
        return grpc.insecure_channel(self._grpc, options=RECONNECT)

    def events(self) -> Broker:
        return LocalBroker(self._data / FILE_NAME)


class FourProcesses(House):
    """A process per service, each with its PostgreSQL database, one Kafka, one ingress (started apart).

    `more` are settings of all of them.
    """

    def __init__(
        self,
        folder: Path,
        postgres: PostgresServer,
        kafka: str,
        ports: Mapping[str, int],
        site: str,
        **more: str,
    ):
        super().__init__()
        self.site, self.keys = site, folder / "keys"
        self._kafka = KafkaSettings(bootstrap=kafka)
        self._ports = {name: (ports[name], *lasting_ports(3)) for name in SERVICES}
        certificates = folder / "certificates"
        make_folder(certificates, SERVICES, ["127.0.0.1"], datetime.now(UTC), timedelta(days=1))
        self._authority = (certificates / "ca.pem").read_bytes()
        shared = {
            "BORGERTING_KAFKA__BOOTSTRAP": kafka,
            "BORGERTING_BASE_URL": site,
            "BORGERTING_KEYS__DIR": str(self.keys),
            "BORGERTING_FOLLOWUP__SWEEP_SECONDS": "1",
            **more,
            **{
                f"BORGERTING_{name.upper()}__GRPC_ADDRESS": f"127.0.0.1:{tls}"
                for name, (_http, _grpc, _ops, tls) in self._ports.items()
            },
        }
        self._processes = []
        for name, found in descriptors().items():
            http, rpc, ops, tls = self._ports[name]
            own = {
                **{key: value for key, value in shared.items() if not _is_of_another(key, name)},
                f"BORGERTING_{name.upper()}__DATABASE_URL": postgres.prepare(name, found.migrations).login,
                "BORGERTING_DATA_DIR": str(folder / name),
                "BORGERTING_HTTP_PORT": str(http),
                "BORGERTING_GRPC_PORT": str(rpc),
                "BORGERTING_OPS_PORT": str(ops),
                "BORGERTING_TLS__PORT": str(tls),
                "BORGERTING_TLS__CA": str(certificates / "ca.pem"),
                "BORGERTING_TLS__CERTIFICATE": str(certificates / f"{name}.pem"),
                "BORGERTING_TLS__KEY": str(certificates / f"{name}.key"),
                # So that a killed one takes up its share of the events again at once.
                "BORGERTING_KAFKA__INSTANCE": name,
            }
            self._processes.append(self._process(name, own, folder))
        self._settings = {
            "BORGERTING_DATA_DIR": str(folder / "operator"),
            "BORGERTING_KAFKA__BOOTSTRAP": kafka,
            **{
                f"BORGERTING_{name.upper()}__DATABASE_URL": postgres.prepare(name, found.migrations).login
                for name, found in descriptors().items()
            },
        }

    def _process(self, name: str, settings: Mapping[str, str], folder: Path) -> Process:
        return Process(name, ["--service", name], settings, folder)

    def replace(self, make: Callable[[str, Mapping[str, str], Path], Process]) -> None:
        """From now on other processes, which `make` makes with the same settings, take the place of these."""
        self.stop()
        self._processes = [make(one.name, one.settings, one.folder) for one in self._processes]
        self.start()

    @property
    def processes(self) -> list[Process]:
        return self._processes

    def channel(self, service: str) -> grpc.Channel:
        credentials = grpc.ssl_channel_credentials(self._authority)
        return grpc.secure_channel(f"127.0.0.1:{self._ports[service][1]}", credentials, options=RECONNECT)

    def events(self) -> Broker:
        return KafkaEvents(self._kafka)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the operator types, with the settings of all four stores."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
        return subprocess.run(
            [sys.executable, "-m", "chassis", *arguments],
            env={**own, **self._settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def lose_events(self) -> None:
        """Kafka forgets every topic, while the services stand still."""
        admin = KafkaAdminClient(bootstrap_servers=self._kafka.bootstrap)
        names = [topic for topic in admin.list_topics() if not topic.startswith("__")]
        admin.delete_topics(names)
        until = time.monotonic() + READY_SECONDS
        while {*names} & {*admin.list_topics()}:
            assert time.monotonic() < until
            time.sleep(0.05)
        admin.close()


def _is_of_another(variable: str, name: str) -> bool:
    return variable.endswith("__SWEEP_SECONDS") and name != "followup"


class Trouble:
    """Kills each service once in a story, at a step and a moment that `seed` names, and starts it again after
    a while that it names, too.
    """

    LONGEST_PAUSE = timedelta(seconds=0.6)
    LONGEST_ABSENCE = timedelta(seconds=1.5)

    def __init__(self, house: House, seed: int) -> None:
        self._house = house
        self._chance = random.Random(seed)
        self._absences = random.Random(f"{seed}, away")
        self._threads: list[threading.Timer] = []
        self._plan: dict[int, list[tuple[Process, float]]] = {}
        self._step = 0

    def plan(self, steps: int) -> None:
        """A step and a moment for each; `steps` is how many the story has."""
        for process in self._house.processes:
            process.kills = 0
            # The first restarts everything itself, and the last two only look back.
            step = self._chance.randrange(1, steps - 2)
            moment = self._chance.uniform(0, self.LONGEST_PAUSE.total_seconds())
            self._plan.setdefault(step, []).append((process, moment))

    def before_step(self) -> None:
        for process, moment in self._plan.get(self._step, ()):
            away = self._absences.uniform(0, self.LONGEST_ABSENCE.total_seconds())
            timer = threading.Timer(moment, self._strike, (process, away))
            timer.start()
            self._threads.append(timer)
        self._step += 1

    def _strike(self, process: Process, away: float) -> None:
        process.kill()
        time.sleep(away)
        process.start()

    def settle(self) -> None:
        """Nobody strikes any more, and everybody is there."""
        for timer in self._threads:
            timer.join()
        self._threads.clear()
        for process in self._house.processes:
            process.wait_until_ready()
