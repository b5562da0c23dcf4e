"""The four services, each of whose ways to its store, to the broker and to its neighbours is a line that can
be cut, slowed and left half-open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.assembly.conftest import make_keys
from tests.e2e.assembly.houses import Process
from tests.faults.house import ENTRY, FaultHouse, Nursery
from tests.infrastructure.kafka import KafkaBroker, running_kafka
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.proxy import Line

_ADDRESS = "__GRPC_ADDRESS"


class LinedHouse(FaultHouse):
    """`store` leads to `postgres`, `broker` to `kafka`, `neighbours` to each service's port for others."""

    def __init__(
        self, folder: Path, nursery: Nursery, postgres: PostgresServer, kafka: KafkaBroker, broker: Line
    ) -> None:
        self.postgres = postgres
        self.kafka = kafka
        self.broker = broker
        self.store = Line(postgres.port)
        self.neighbours: dict[str, Line] = {}
        super().__init__(folder, nursery, postgres, f"127.0.0.1:{broker.port}")

    def _process(self, name: str, settings: Mapping[str, str], folder: Path) -> Process:
        own = dict(settings)
        for variable, value in settings.items():
            if variable.endswith(_ADDRESS):
                service = variable.removeprefix("BORGERTING_").removesuffix(_ADDRESS).lower()
                if service not in self.neighbours:
                    self.neighbours[service] = Line(int(value.rpartition(":")[2]))
                own[variable] = f"127.0.0.1:{self.neighbours[service].port}"
            elif variable.endswith("__DATABASE_URL"):
                own[variable] = value.replace(f":{self.postgres.port}/", f":{self.store.port}/")
        return super()._process(name, own, folder)

    @property
    def lines(self) -> list[Line]:
        return [self.store, self.broker, *self.neighbours.values()]

    def close(self) -> None:
        self.stop()
        for line in self.lines:
            line.close()


@contextmanager
def lined_house(folder: Path, postgres: PostgresServer | None = None) -> Iterator[LinedHouse]:
    """All of it, ready; on a server of its own when none is given."""
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        nursery = Nursery(folder, ENTRY)
        stack.callback(nursery.close)
        postgres = postgres or stack.enter_context(PostgresServer.running())
        broker = Line(0)
        # Clients go where the broker says that it is.
        own = f"advertised.listeners=PLAINTEXT://127.0.0.1:{broker.port}\n"
        kafka = stack.enter_context(running_kafka(folder / "kafka", own))
        broker.lead(int(kafka.bootstrap.rpartition(":")[2]))
        make_keys(folder / "keys")
        house = LinedHouse(folder, nursery, postgres, kafka, broker)
        stack.callback(house.close)
        house.start()
        yield house
