"""Whether one municipality that floods slows another: its 99th percentile alone, and beside a flood.

A suite in one process (all services, both surfaces), on SQLite and on PostgreSQL (fsync on), with the usual
limits. One municipality is asked steadily, within its rates: 20 gRPC reads, 10 changes and 15 pages a second,
each timed from the moment at which it was due, so that what a late answer makes late counts too; only how
late this process itself wakes up on so few cores does not. In every second round another municipality's 16
threads ask as fast as they are answered, a third of them each of these, whatever they are told. They are a
process of the lowest priority (nice 19), since on a machine of two cores their own work would else be what is
measured. Every sample counts, the first second's too, when the flood spends its burst. The 99th percentile is
each round's; of the rounds the median, and so is the ratio, of each round beside the flood to the one before
it, alone: a shared machine is slower in one minute than in the next. Goal: at most 1.5 times. Exits 1 when it
is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import psycopg
from google.protobuf.field_mask_pb2 import FieldMask

from benchmarks.rates import UNLIMITED, connection_to
from benchmarks.tenants import Town, Towns
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from chassis.app import descriptors
from chassis.testing.processes import SuiteProcess, running_suite
from tests.infrastructure.postgres import PostgresServer

GOAL = 1.5
FLOODERS = 16
STORES = ("SQLite", "PostgreSQL")
A_SECOND: Mapping[str, int] = {"gRPC read": 20, "gRPC change": 10, "page": 15}
Samples = dict[str, list[float]]
"""By kind, seconds."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=6, help="alone, and as many beside the flood")
    parser.add_argument("--flooders", type=int, default=FLOODERS, help="threads that flood")
    parser.add_argument("--store", choices=STORES, help="one of them alone")
    parser.add_argument("--unlimited", action="store_true", help="what it would be without the limits")
    parser.add_argument("--flood", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood:
        return flood(json.loads(options.flood), options.flooders)
    missed = []
    print("| store | asked | p50 alone | p99 alone | p99 beside the flood | ratio | goal |")
    print("|---|---|---|---|---|---|---|")
    told = []
    with tempfile.TemporaryDirectory(prefix="bt-flood-") as name:
        for store in (options.store,) if options.store else STORES:
            limits = UNLIMITED if options.unlimited else {}
            with two_towns(store, Path(name) / store, limits) as (suite, quiet, loud):
                alone, beside, counts = measure(suite, quiet, loud, options)
            told.append(f"{store}: a second, {counts}")
            for kind in A_SECOND:
                low, high = p99(alone, kind), p99(beside, kind)
                ratio = statistics.median(
                    p99([after], kind) / p99([before], kind)
                    for before, after in zip(alone, beside, strict=True)
                )
                met = "met" if ratio <= GOAL else "missed"
                usual = statistics.median(itertools.chain(*(each[kind] for each in alone)))
                columns = " | ".join(f"{seconds * 1000:.1f} ms" for seconds in (usual, low, high))
                print(f"| {store} | {kind} | {columns} | {ratio:.2f} | ≤ {GOAL}: {met} |", flush=True)
                if ratio > GOAL:
                    missed.append(f"{store}, {kind}: {ratio:.2f}")
    print("\nThe flood on " + "; on ".join(told) + ".")
    print(f"Over {GOAL}: " + "; ".join(missed) if missed else f"Every ratio is at most {GOAL}.")
    return 1 if missed else 0


@contextmanager
def two_towns(
    store: str, folder: Path, limits: Mapping[str, str]
) -> Iterator[tuple[SuiteProcess, Town, Town]]:
    """A suite, the municipality that is measured, and the one that floods."""
    with ExitStack() as stack:
        environment = dict(limits)
        urls = []
        if store == "PostgreSQL":
            server = stack.enter_context(PostgresServer.running(durable=True))
            for name, found in descriptors().items():
                urls.append(server.prepare(name, found.migrations))
                environment[f"BORGERTING_{name.upper()}__DATABASE_URL"] = urls[-1].login
        suite = stack.enter_context(running_suite(folder, environment=environment))
        towns = Towns(suite, folder / "data", 2)
        towns.fill()
        for one in urls:
            with psycopg.connect(one.superuser, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        towns.wait_until_quiet()
        time.sleep(6)  # until the limits know the registry, which they read every 5 s
        yield suite, towns.towns[0], towns.towns[1]


def measure(
    suite: SuiteProcess, quiet: Town, loud: Town, options: argparse.Namespace
) -> tuple[list[Samples], list[Samples], str]:
    """Each round's samples alone and beside the flood, in turns, and what the flood got."""
    alone: list[Samples] = []
    beside: list[Samples] = []
    ask_steadily(suite, quiet, 3.0)  # whatever is only slow at first
    counts: dict[str, int] = {}
    for _ in range(options.rounds):
        alone.append(ask_steadily(suite, quiet, options.seconds))
        with flooding(suite, loud, options.flooders, counts):
            beside.append(ask_steadily(suite, quiet, options.seconds))
    seconds = options.rounds * options.seconds
    return alone, beside, ", ".join(f"{n / seconds:,.0f} {what}" for what, n in sorted(counts.items()))


def p99(rounds: list[Samples], kind: str) -> float:
    """The median of the rounds' 99th percentiles."""
    found = [statistics.quantiles(each[kind], n=100, method="inclusive")[98] for each in rounds]
    return statistics.median(found)


def asks(grpc_address: str, http_address: str, town: Town) -> dict[str, Callable[[], Callable[[], Any]]]:
    """By kind, what makes a caller with a connection of its own."""

    def stub() -> selections_grpc.SelectionServiceStub:
        channel = grpc.insecure_channel(grpc_address, options=[("grpc.use_local_subchannel_pool", 1)])
        return selections_grpc.SelectionServiceStub(channel)

    def read() -> Callable[[], Any]:
        own, request = stub(), selections.GetSelectionRequest(name=town.selection)
        return lambda: own.GetSelection(request, metadata=town.metadata, timeout=30)

    def change() -> Callable[[], Any]:
        own, number = stub(), itertools.count()
        mask = FieldMask(paths=["title"])

        def call() -> Any:
            changed = selections.Selection(name=town.selection, title=f"Borgerting {next(number)}")
            request = selections.UpdateSelectionRequest(selection=changed, update_mask=mask)
            return own.UpdateSelection(request, metadata=town.metadata, timeout=30)

        return call

    def page() -> Callable[[], Any]:
        ask = connection_to(http_address)
        return lambda: ask(f"/deliberation/{town.slug}?language=en")

    return {"gRPC read": read, "gRPC change": change, "page": page}


def ask_steadily(suite: SuiteProcess, town: Town, seconds: float) -> Samples:
    """Each kind by as many threads as it takes, each at its own steady pace; seconds from when it was due, or
    from when its thread, which had slept until then, woke up.
    """
    samples: Samples = {kind: [] for kind in A_SECOND}
    errors: list[BaseException] = []
    start = time.perf_counter() + 0.2

    def work(kind: str, call: Callable[[], Any], offset: float, pause: float) -> None:
        try:
            for number in range(int(seconds / pause)):
                due = start + offset + number * pause
                if due > time.perf_counter():
                    time.sleep(max(0.0, due - time.perf_counter()))
                    due = time.perf_counter()
                call()
                samples[kind].append(time.perf_counter() - due)
        except BaseException as error:
            errors.append(error)

    threads = []
    made = asks(suite.grpc, suite.http, town)
    for place, (kind, rate) in enumerate(A_SECOND.items()):
        callers = max(1, rate // 15)
        for number in range(callers):
            call = made[kind]()
            call()
            pause = callers / rate
            offset = pause * (number / callers + place / 7)
            threads.append(threading.Thread(target=work, args=(kind, call, offset, pause), daemon=True))
    start = time.perf_counter() + 0.2
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
    if errors:
        raise RuntimeError("who is asked steadily was refused") from errors[0]
    return samples


@contextmanager
def flooding(suite: SuiteProcess, town: Town, flooders: int, counts: dict[str, int]) -> Iterator[None]:
    told = json.dumps(
        {
            "grpc": suite.grpc,
            "http": suite.http,
            "slug": town.slug,
            "metadata": town.metadata,
            "selection": town.selection,
        }
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.flood", "--flooders", str(flooders), "--flood", told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the flood did not begin")
        yield
        out, _ = process.communicate("", timeout=60)
        for what, number in json.loads(out).items():
            counts[what] = counts.get(what, 0) + number
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def flood(told: dict[str, Any], flooders: int) -> int:
    """The flood's own process: until its input ends."""
    os.nice(19)
    metadata = tuple((key, value) for key, value in told["metadata"])
    town = Town(told["slug"], metadata, told["selection"])
    made = list(asks(told["grpc"], told["http"], town).items())
    over = threading.Event()
    counts = [[0, 0] for _ in range(flooders)]

    def work(number: int) -> None:
        _, make = made[number % len(made)]
        call = make()
        while not over.is_set():
            try:
                call()
                counts[number][0] += 1
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                counts[number][1] += 1
            except ConnectionError:  # 429: this client reads no body of one
                counts[number][1] += 1
                call = make()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(flooders)]
    print("ready", flush=True)
    for thread in threads:
        thread.start()
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join(30)
    answered = {
        f"{kind} answered": sum(each[0] for each in counts[place :: len(made)])
        for place, (kind, _) in enumerate(made)
    }
    print(json.dumps(answered | {"refused": sum(each[1] for each in counts)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
