"""The story of tests/e2e/assembly on the cluster: pages through the ingress, calls through the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from chassis.events.kafka import KafkaBroker
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.ports import Broker
from tests.e2e.assembly.houses import House, Process
from tests.e2e.assembly.town import Town
from tests.infrastructure.release import SERVICES, Release


class OnCluster(House):
    """A release with one pod of each service."""

    def __init__(self, release: Release, keys: Path) -> None:
        super().__init__()
        self._release = release
        self.site = release.way
        self.host = release.host
        self.keys = keys
        self._logs: list[str] = []

    @property
    def processes(self) -> list[Process]:
        return []

    def channel(self, service: str) -> grpc.Channel:
        options = [("grpc.default_authority", self._release.calls_host)]
        return grpc.insecure_channel(self._release.calls, options=options)

    def events(self) -> Broker:
        return KafkaBroker(KafkaSettings(bootstrap=self._release.kafka, namespace=f"{self._release.name}."))

    def pass_days(self, days: int) -> None:
        self._logs.append(self.logs())
        super().pass_days(days)
        kubectl = self._release.kubectl
        kubectl("scale", "deployment", "--all", "--replicas=0")
        kubectl("wait", "pods", "--all", "--for=delete", "--timeout=120s")
        kubectl("set", "env", "deployment", "--all", f"BORGERTING_CLOCK={self._shift}")
        kubectl("scale", "deployment", "--all", "--replicas=1")
        kubectl("rollout", "status", "deployment", "--timeout=180s")

    def logs(self) -> str:
        now = [
            self._release.kubectl("logs", f"deploy/{self._release.name}-{service}", "--tail=-1")
            for service in SERVICES
        ]
        return "\n".join([*self._logs, *now])


@pytest.fixture
def town(trial: Release, tmp_path: Path) -> Iterator[Town]:
    made = Town(OnCluster(trial, trial.keys(tmp_path / "keys")), "by-cluster")
    yield made
    made.close()


@pytest.fixture
def trouble() -> None:
    """Nobody strikes here."""
