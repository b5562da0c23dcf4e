"""What a request costs in a suite of 1, 10 and 100 municipalities that have equally much each.

A gRPC read, a page and a write, on SQLite and on PostgreSQL (fsync on). Three suites run at once, each in one
process; one client asks them in turns, request by request, and goes from municipality to municipality, so
that nothing is measured twice in the same one and a busy machine slows all three alike. Medians of the time
until the answer, and of its ratio to the same turn's in the suite of one municipality; goal: at most 1.2.
Exits 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg
from google.protobuf.field_mask_pb2 import FieldMask

from benchmarks.rates import UNLIMITED, connection_to
from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from chassis.app import descriptors
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.testing.processes import SuiteProcess, running_suite
from demo.pool import make_pool
from tests.infrastructure.postgres import PostgresServer, Urls

GOAL = 1.2
SIZES = (1, 10, 100)
PEOPLE, SEATS = 60, 12
_WAITING = ("borgerting_outbox_unpublished{", "borgerting_inbox_lag{")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=200, help="of each kind to each suite")
    options = parser.parse_args()
    missed: list[str] = []
    columns = " | ".join(f"{size} municipalities" for size in SIZES)
    print(f"| store | request | {columns} | ratio | goal |")
    print("|---|---|" + "---|" * len(SIZES) + "---|---|")
    with tempfile.TemporaryDirectory(prefix="bt-tenants-") as name:
        for store in ("SQLite", "PostgreSQL"):
            with towns_on(store, Path(name) / store) as towns:
                for kind, seconds in measured(towns, options.requests):
                    medians = [statistics.median(each) for each in seconds]
                    ratio = max(median_ratio(each, seconds[0]) for each in seconds[1:])
                    row = " | ".join(f"{median * 1000:.2f} ms" for median in medians)
                    met = "met" if ratio <= GOAL else "missed"
                    print(f"| {store} | {kind} | {row} | {ratio:.2f} | ≤ {GOAL}: {met} |", flush=True)
                    if ratio > GOAL:
                        missed.append(f"{store}, {kind}: {ratio:.2f}")
    print("\n" + (f"Over {GOAL}: " + "; ".join(missed) if missed else f"Every ratio is at most {GOAL}."))
    return 1 if missed else 0


@contextmanager
def towns_on(store: str, folder: Path) -> Iterator[list[Towns]]:
    """A suite of each size, filled."""
    with ExitStack() as stack:
        server = None
        if store == "PostgreSQL":
            # Three suites of four services, and each may take twenty connections.
            settings = ["max_connections=300"]
            server = stack.enter_context(PostgresServer.running(durable=True, settings=settings))
        services = list(descriptors().items())
        databases: list[Urls] = []
        made = []
        for size in SIZES:
            environment = {}
            if server is not None:
                own = {name: server.clone(server.prepare(name, found.migrations)) for name, found in services}
                databases += own.values()
                environment = {
                    f"BORGERTING_{name.upper()}__DATABASE_URL": urls.login for name, urls in own.items()
                }
            place = folder / str(size)
            suite = stack.enter_context(running_suite(place, environment={**environment, **UNLIMITED}))
            made.append(Towns(suite, place / "data", size))
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(Towns.fill, made))
        for urls in databases:
            # As the server's own autovacuum does within a minute.
            with psycopg.connect(urls.superuser, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        for towns in made:
            towns.wait_until_quiet()
        yield made


@dataclass(frozen=True, slots=True)
class Town:
    """One municipality: its secretariat's credentials, and the selection that it has."""

    slug: str
    metadata: tuple[tuple[str, str], ...]
    selection: str


class Towns:
    """The municipalities of one suite, made through the public API."""

    def __init__(self, suite: SuiteProcess, data: Path, size: int) -> None:
        self._suite = suite
        self._tokens = LocalTokens(FileKeys(data, SystemClock()), SystemClock())
        self._channel = grpc.insecure_channel(suite.grpc)
        self._selections = selections_grpc.SelectionServiceStub(self._channel)
        self._size = size
        self.towns: list[Town] = []
        self._turns: Iterator[Town] = iter(())
        self._number = itertools.count()
        self._site: Callable[[str], int] | None = None

    def fill(self) -> None:
        pool = make_pool(seed=5, people=PEOPLE, size=SEATS, districts={"Nord": 0.6, "Syd": 0.4})
        operator = self._metadata(Principal("operator", None, frozenset({Role.OPERATOR})))
        stub = registry_grpc.MunicipalityServiceStub(self._channel)
        slugs = [f"town-{number}" for number in range(self._size)]
        for slug in slugs:
            stub.CreateMunicipality(
                registry.CreateMunicipalityRequest(
                    municipality_id=slug, municipality=registry.Municipality(display_name=slug.title())
                ),
                metadata=operator,
            )
        self.towns = [self._fill_one(slug, pool.targets_csv(), pool.respondents_csv()) for slug in slugs]
        self._turns = itertools.cycle(self.towns)

    def wait_until_quiet(self, seconds: float = 60.0) -> None:
        """Until every event has come to whom it is for: what is still carried would slow requests."""
        until = time.monotonic() + seconds
        while True:
            lines = self._suite.get("/metrics", base=self._suite.ops).splitlines()
            waiting = [line for line in lines if line.startswith(_WAITING)]
            if waiting and all(line.endswith(" 0.0") for line in waiting):
                return
            if time.monotonic() > until:
                raise RuntimeError(f"events still wait: {waiting}")
            time.sleep(0.5)

    def _fill_one(self, slug: str, targets: bytes, people: bytes) -> Town:
        metadata = self._metadata(Principal("secretary", slug, frozenset({Role.SECRETARIAT})))
        name = self._first_selection(slug, metadata)
        self._selections.ImportTargets(
            selections.ImportTargetsRequest(name=name, file=targets), metadata=metadata
        )
        self._selections.ImportPool(
            selections.ImportPoolRequest(
                name=name,
                file=people,
                id_column="id",
                address_columns=["adresse"],
                contact_columns=["navn", "e-mail", "telefon"],
            ),
            metadata=metadata,
        )
        return Town(slug, metadata, name)

    def _first_selection(self, slug: str, metadata: tuple[tuple[str, str], ...]) -> str:
        request = selections.CreateSelectionRequest(
            parent=f"municipalities/{slug}",
            selection=selections.Selection(title="Borgerting", size=SEATS, per_address=1),
        )
        until = time.monotonic() + 60
        while True:
            try:
                return self._selections.CreateSelection(request, metadata=metadata).name
            except grpc.RpcError as error:
                # Sortition learns of the municipality by event.
                if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def _metadata(self, principal: Principal) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._tokens.issue(principal)}"),)

    def read(self) -> None:
        """GetSelection, in the next municipality."""
        town = next(self._turns)
        request = selections.GetSelectionRequest(name=town.selection)
        answer = self._selections.GetSelection(request, metadata=town.metadata, timeout=30)
        if answer.pool_size != PEOPLE:
            raise RuntimeError(f"{town.slug} has a pool of {answer.pool_size}")

    def page(self) -> None:
        """The municipality's front page, the next one's."""
        slug = next(self._turns).slug
        if self._site is None:
            self._site = connection_to(self._suite.http)
        self._site(f"/deliberation/{slug}?language=en")

    def write(self) -> None:
        """UpdateSelection: a title, an entry of the audit trail; committed to disk."""
        town = next(self._turns)
        changed = selections.Selection(name=town.selection, title=f"Borgerting {next(self._number)}")
        self._selections.UpdateSelection(
            selections.UpdateSelectionRequest(selection=changed, update_mask=FieldMask(paths=["title"])),
            metadata=town.metadata,
            timeout=30,
        )


def median_ratio(larger: Sequence[float], one: Sequence[float]) -> float:
    """Of the requests of one turn each, which the machine's other work slows alike."""
    return statistics.median(a / b for a, b in zip(larger, one, strict=True))


def measured(towns: Sequence[Towns], requests: int) -> Iterator[tuple[str, list[list[float]]]]:
    """Each kind of request with its seconds, suite by suite and turn by turn."""
    kinds: Mapping[str, Callable[[Towns], None]] = {
        "GetSelection": Towns.read,
        "front page": Towns.page,
        "UpdateSelection": Towns.write,
    }
    for name, ask in kinds.items():
        seconds: list[list[float]] = [[] for _ in towns]
        for number in range(-max(SIZES), requests):
            # In another order each time: who follows whom is nobody's advantage.
            for turn in range(len(towns)):
                index = (turn + number) % len(towns)
                started = time.perf_counter()
                ask(towns[index])
                taken = time.perf_counter() - started
                if number >= 0:
                    seconds[index].append(taken)
        yield name, seconds


if __name__ == "__main__":
    sys.exit(main())
