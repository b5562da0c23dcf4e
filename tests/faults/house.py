"""The four services on PostgreSQL and Kafka, each a process that is there again soon after it is killed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from chassis.app import descriptors
from tests.e2e.assembly.conftest import make_keys
from tests.e2e.assembly.forked import Forked, Nursery
from tests.e2e.assembly.houses import SERVICES, FourProcesses, Process
from tests.faults.effects import METADATA
from tests.faults.steps import CLOCK_VARIABLE, SHUFFLE_VARIABLE, STEP_VARIABLE, Death
from tests.infrastructure.kafka import running_kafka
from tests.infrastructure.places import lasting_ports
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.stores import add_tables

ENTRY = "tests.faults.composition"


class Mortal(Forked):
    """A service that can be made to die at a step."""

    def start_to_die(self, death: Death | None, **changed: str) -> None:
        """At a step of its own accord, or not."""
        self.start(**{STEP_VARIABLE: death.variable() if death else "", **changed})


class FaultHouse(FourProcesses):
    """Each machine's clock can be apart from the others' (`clocks_apart`)."""

    def __init__(
        self,
        folder: Path,
        nursery: Nursery,
        postgres: PostgresServer,
        kafka: str,
    ) -> None:
        self._nursery = nursery
        self._apart: dict[str, int] = {}
        self.folder = folder
        ports = dict(zip(SERVICES, lasting_ports(len(SERVICES)), strict=True))
        super().__init__(folder, postgres, kafka, ports, f"http://127.0.0.1:{ports['deliberation']}")
        self.urls: dict[str, Urls] = {
            name: postgres.prepare(name, found.migrations) for name, found in descriptors().items()
        }
        for urls in self.urls.values():
            add_tables(urls, METADATA)
        self.bootstrap = kafka

    def _process(self, name: str, settings: Mapping[str, str], folder: Path) -> Process:
        own = {**settings, "BORGERTING_KAFKA__SESSION_SECONDS": "3"}
        return Mortal(self._nursery, name, own, folder)

    def __getitem__(self, name: str) -> Mortal:
        [found] = [one for one in self._processes if one.name == name]
        assert isinstance(found, Mortal)
        return found

    def replicas(self, name: str) -> list[Mortal]:
        """The processes of a service, all on one store."""
        return [self[name]]

    def start(self) -> None:
        for name in SERVICES:
            apart = self._apart.get(name, 0)
            for one in self.replicas(name):
                one.start_to_die(
                    None,
                    BORGERTING_CLOCK=_shift(86_400 * self._days + apart),
                    **{CLOCK_VARIABLE: _shift(apart)},
                )
        for name in SERVICES:
            for one in self.replicas(name):
                one.wait_until_ready()

    def http(self, service: str) -> str:
        """Where a service's own pages are."""
        return f"http://127.0.0.1:{self._ports[service][0]}"

    def clocks_apart(self, seconds: Mapping[str, int]) -> None:
        """From the next start of all on, each machine's clock is so far from the true one."""
        self._apart = dict(seconds)

    def close(self) -> None:
        """For good."""
        self.stop()

    def disorder(self, seed: str) -> None:
        for name in SERVICES:
            for one in self.replicas(name):
                one.set(SHUFFLE_VARIABLE, seed)


H = TypeVar("H", bound=FaultHouse)


def _shift(seconds: int) -> str:
    """As BORGERTING_CLOCK has it."""
    return f"{'-' if seconds < 0 else '+'}PT{abs(seconds)}S" if seconds else ""


@contextmanager
def ready(kind: type[H], folder: Path) -> Iterator[H]:
    """All of a house, with a PostgreSQL and a broker of its own."""
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        postgres = stack.enter_context(PostgresServer.running())
        kafka = stack.enter_context(running_kafka(folder / "kafka"))
        nursery = Nursery(folder, ENTRY)
        stack.callback(nursery.close)
        make_keys(folder / "keys")
        house = kind(folder, nursery, postgres, kafka.bootstrap)
        stack.callback(house.close)
        house.start()
        yield house
