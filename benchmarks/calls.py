"""What a call and a page cost beside what their frameworks alone can do.

GetSelection over gRPC (embedded store, logs and metrics on) against a bare grpcio server that answers with as
many bytes; a draw's public page against the same template on constant data in bare FastAPI. Each side is one
process, asked in turns by the same client with as many threads. PostgreSQL is printed beside, without a goal.
Exits 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grpc

from benchmarks.rates import UNLIMITED, alternately, get, rate
from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.sortition.v1 import draw_service_pb2 as draws
from borgerting.sortition.v1 import draw_service_pb2_grpc as draws_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from chassis.testing.processes import SuiteProcess, running_suite
from demo.pool import make_pool

GOAL = 0.5
THREADS = 8
SLUG = "strandby"
_METHOD = "/borgerting.sortition.v1.SelectionService/GetSelection"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each side; the median counts")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="bt-calls-") as name:
        folder = Path(name)
        with running_suite(folder / "suite") as suite:
            scene = Scene(suite, folder / "suite" / "data")
        # The bare page takes its data from a copy: two processes never share a data folder.
        shutil.copytree(folder / "suite" / "data", folder / "copy")
        with (
            running_suite(folder / "suite", environment=UNLIMITED) as suite,
            postgres_suite(folder / "pg") as (other, settings),
        ):
            stored = Scene(other, folder / "pg" / "data", settings)
            size = len(scene.selection(suite).SerializeToString())
            with bare("echo", str(size)) as floor, bare("page", scene.page, data=folder / "copy") as page:
                calls = [
                    lambda: rate(lambda: scene.caller(suite.grpc), THREADS, options.seconds),
                    lambda: rate(lambda: scene.caller(floor), THREADS, options.seconds),
                    lambda: rate(lambda: stored.caller(other.grpc), THREADS, options.seconds),
                ]
                rows.append((f"GetSelection, {size} bytes", alternately(calls, options.rounds)))
                address = suite.http + scene.page
                pages = [
                    lambda: rate(lambda: get(address), THREADS, options.seconds),
                    lambda: rate(lambda: get(page), THREADS, options.seconds),
                    lambda: rate(lambda: get(other.http + stored.page), THREADS, options.seconds),
                ]
                length = get(address)()
                rows.append((f"a draw's page, {length // 1000} kB", alternately(pages, options.rounds)))
    return report(rows)


def report(rows: list[tuple[str, list[list[float]]]]) -> int:
    print(f"{THREADS} threads ask at once; medians, a second\n")
    print("| | ours | bare framework | ratio | on PostgreSQL |")
    print("|---|---|---|---|---|")
    missed = []
    for name, measured in rows:
        ours, floor, stored = (statistics.median(side) for side in measured)
        print(f"| {name} | {ours:,.0f} | {floor:,.0f} | {ours / floor:.2f} | {stored:,.0f} |")
        if ours / floor < GOAL:
            missed.append(f"{name}: ratio {ours / floor:.2f}, goal {GOAL}")
    print("\n" + ("; ".join(missed) if missed else f"Both ratios reach {GOAL}."))
    return 1 if missed else 0


class Scene:
    """One municipality with 240 volunteers and a published draw, made through the public API."""

    def __init__(self, suite: SuiteProcess, data: Path, settings: Mapping[str, str] | None = None) -> None:
        operator = suite_token(data, None, "operator", settings)
        with grpc.insecure_channel(suite.grpc) as channel:
            registry_grpc.MunicipalityServiceStub(channel).CreateMunicipality(
                registry.CreateMunicipalityRequest(
                    municipality_id=SLUG, municipality=registry.Municipality(display_name="Strandby")
                ),
                metadata=(("authorization", f"Bearer {operator}"),),
            )
            self._token = suite_token(data, SLUG, "secretariat", settings)
            self.name = self._select(selections_grpc.SelectionServiceStub(channel))
            draw = self._draw(draws_grpc.DrawServiceStub(channel))
        self.page = f"/sortition/{SLUG}/draws/{draw.rpartition('/')[2]}?language=en"

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._token}"),)

    def _select(self, stub: selections_grpc.SelectionServiceStub) -> str:
        pool = make_pool(seed=5, people=240, size=36, districts={"Nord": 0.5, "Syd": 0.3, "Vest": 0.2})
        request = selections.CreateSelectionRequest(
            parent=f"municipalities/{SLUG}",
            selection=selections.Selection(title="Borgerting", size=36, per_address=1),
        )
        until = time.monotonic() + 30
        while True:
            try:
                made = stub.CreateSelection(request, metadata=self._metadata)
                break
            except grpc.RpcError as error:
                # Sortition learns of the municipality by event.
                if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        stub.ImportTargets(
            selections.ImportTargetsRequest(name=made.name, file=pool.targets_csv()), metadata=self._metadata
        )
        stub.ImportPool(
            selections.ImportPoolRequest(
                name=made.name,
                file=pool.respondents_csv(),
                id_column="id",
                address_columns=["adresse"],
                contact_columns=["navn", "e-mail", "telefon"],
            ),
            metadata=self._metadata,
        )
        return made.name

    def _draw(self, stub: draws_grpc.DrawServiceStub) -> str:
        draw = stub.CreateDraw(
            draws.CreateDrawRequest(
                parent=self.name, draw=draws.Draw(mode=draws.Draw.MODE_SEEDED, seed="a benchmark")
            ),
            metadata=self._metadata,
        )
        while draw.state in (draws.Draw.STATE_QUEUED, draws.Draw.STATE_RUNNING):
            time.sleep(0.1)
            draw = stub.GetDraw(draws.GetDrawRequest(name=draw.name), metadata=self._metadata)
        stub.PublishDraw(draws.PublishDrawRequest(name=draw.name), metadata=self._metadata)
        return draw.name

    def selection(self, suite: SuiteProcess) -> selections.Selection:
        with grpc.insecure_channel(suite.grpc) as channel:
            stub = selections_grpc.SelectionServiceStub(channel)
            return stub.GetSelection(selections.GetSelectionRequest(name=self.name), metadata=self._metadata)

    def caller(self, address: str) -> Callable[[], object]:
        """A call on a channel of its own; what it answers is not decoded, on neither side."""
        channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        request = selections.GetSelectionRequest(name=self.name).SerializeToString()
        method = channel.unary_unary(_METHOD, bytes, bytes)
        metadata = self._metadata
        return lambda: method(request, metadata=metadata, timeout=30)


def suite_token(
    data: Path, municipality: str | None, role: str, settings: Mapping[str, str] | None = None
) -> str:
    """A bearer token as `borgerting token` makes it for this data folder."""
    where = ["--municipality", municipality] if municipality else []
    arguments = ["token", "--role", role, *where, "--data-dir", str(data)]
    done = subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **(settings or {})},
    )
    return done.stdout.split()[-1]


@contextmanager
def postgres_suite(folder: Path) -> Iterator[tuple[SuiteProcess, Mapping[str, str]]]:
    """The suite in one process, each service's store in a real PostgreSQL (fsync on), and its settings."""
    from chassis.app import descriptors
    from tests.infrastructure.postgres import PostgresServer

    with PostgresServer.running(durable=True) as server:
        environment = {
            f"BORGERTING_{name.upper()}__DATABASE_URL": server.prepare(name, found.migrations).login
            for name, found in descriptors().items()
        }
        with running_suite(folder, environment={**environment, **UNLIMITED}) as suite:
            yield suite, environment


@contextmanager
def bare(*arguments: str, data: Path | None = None) -> Iterator[str]:
    """A process of benchmarks.bare; its address."""
    environment: Mapping[str, str] | None = None
    if data is not None:
        environment = {**os.environ, "BORGERTING_DATA_DIR": str(data)}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        # The suite's own log may come first.
        lines = (line.split() for line in process.stdout)
        address = next((words[1] for words in lines if words[:1] == ["serving"]), "")
        if not address:
            raise RuntimeError(f"benchmarks.bare {arguments[0]} did not start")
        yield address
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
