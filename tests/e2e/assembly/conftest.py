"""The houses in which the story is played."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.assembly.forked import Forked, Nursery
from tests.e2e.assembly.houses import SERVICES, Embedded, FourProcesses, House, Trouble
from tests.e2e.assembly.town import Town
from tests.infrastructure.kafka import running_kafka
from tests.infrastructure.nginx import running_ingress
from tests.infrastructure.places import lasting_ports
from tests.infrastructure.postgres import PostgresServer

SEEDS = range(1, 21)
EMBEDDED, FOUR = "one process", "four processes"
WAYS = [EMBEDDED, FOUR, *(f"killed, seed {seed}" for seed in SEEDS)]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = Embedded(tmp_path_factory.mktemp("embedded"))
    try:
        house.start()
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FourProcesses]:
    folder = tmp_path_factory.mktemp("four")
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer.running())
        kafka = stack.enter_context(running_kafka(folder / "kafka"))
        ports = dict(zip(SERVICES, lasting_ports(len(SERVICES)), strict=True))
        site = stack.enter_context(
            running_ingress({name: f"127.0.0.1:{port}" for name, port in ports.items()})
        )
        make_keys(folder / "keys")
        house = FourProcesses(folder, postgres, kafka.bootstrap, ports, site)
        stack.callback(house.stop)
        house.start()
        yield house


@pytest.fixture(scope="module")
def forked(four: FourProcesses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same house, whose processes are there again sooner: so many kills can be afforded."""
    nursery = Nursery(tmp_path_factory.mktemp("nursery"), "tests.e2e.assembly.serving")
    four.replace(functools.partial(Forked, nursery))
    yield four
    four.stop()
    nursery.close()


def make_keys(folder: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    subprocess.run([sys.executable, "-m", "chassis", "keys", "create", str(folder)], check=True, env=own)


@pytest.fixture(params=WAYS, autouse=True)
def way(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def house(way: str, request: pytest.FixtureRequest) -> House:
    found: House = request.getfixturevalue({EMBEDDED: "embedded", FOUR: "four"}.get(way, "forked"))
    return found


@pytest.fixture
def town(way: str, house: House) -> Iterator[Town]:
    """A municipality of the story's own: the houses stay, and are used again."""
    made = Town(house, "by-" + "".join(letter for letter in way if letter.isalnum()))
    yield made
    made.close()


@pytest.fixture
def trouble(way: str, house: House) -> Iterator[Trouble | None]:
    if not way.startswith("killed"):
        yield None
        return
    seed = int(way.rpartition(" ")[2])
    print(f"seed {seed}")  # noqa: T201 - whoever reads a failure plays it again
    made = Trouble(house, seed)
    yield made
    made.settle()


def pytest_bdd_before_scenario(request: Any, feature: Any, scenario: Any) -> None:
    found = request.getfixturevalue("trouble")
    if found is not None:
        found.plan(len(scenario.steps))


def pytest_bdd_before_step(request: Any, feature: Any, scenario: Any, step: Any, step_func: Any) -> None:
    found = request.getfixturevalue("trouble")
    if found is not None:
        found.before_step()
