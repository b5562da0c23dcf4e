"""One served suite that is watched: its spans go to a real receiver, and a real Prometheus scrapes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from chassis.auth.keys import FileKeys
from chassis.auth.tokens import LocalTokens
from chassis.clock import FixedClock, SystemClock
from chassis.rpc.client import tcp_channel
from chassis.suite import Addresses, Suite
from chassis.testing.processes import SuiteProcess, running_suite
from tests.component.followup.suite import HERE, Running, enter
from tests.infrastructure.collector import Collector, running_collector
from tests.infrastructure.prometheus import Prometheus, running_prometheus


@dataclass
class Watched:
    process: SuiteProcess
    town: Running
    collector: Collector


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    with (
        running_collector() as collector,
        running_suite(
            folder, environment={"BORGERTING_TELEMETRY__OTLP_ENDPOINT": collector.address}
        ) as process,
        tcp_channel(process.grpc) as channel,
        httpx.Client(base_url=process.http, trust_env=False, timeout=20) as http,
    ):
        town = running_town(folder, process, channel, http)
        enter(town, HERE)
        yield Watched(process, town, collector)


def running_town(folder: Path, process: SuiteProcess, channel: Any, http: httpx.Client) -> Running:
    """Follow-up's helper over a suite that is a process of its own."""
    clock = SystemClock()
    return Running(
        folder=folder / "data",
        suite=cast("Suite", None),
        addresses=Addresses(process.http, process.grpc, process.ops),
        channel=channel,
        http=http,
        clock=cast("FixedClock", clock),
        tokens=LocalTokens(FileKeys(folder / "data", clock), clock),
    )


@pytest.fixture(scope="session")
def prometheus(watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("watching")
    target = watched.process.ops.removeprefix("http://")
    with running_prometheus(folder, [target], "--enable-feature=exemplar-storage") as running:
        running.until("up", lambda found: list(found.values()) == [1.0])
        yield running
