"""Sortition and the registry it hears from, in a real suite on its own ports and data folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as registry_pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.sortition.v1 import draw_service_pb2_grpc, selection_service_pb2_grpc
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import load_settings
from chassis.rpc.client import tcp_channel
from chassis.suite import Addresses, Suite
from services.deliberation.service import DESCRIPTOR as DELIBERATION
from services.sortition.service import DESCRIPTOR as SORTITION

HERE, THERE = "hjemby", "naboby"


def principal(role: str, municipality: str | None = HERE) -> Principal:
    return Principal(f"{role}-of-{municipality}", municipality, frozenset({Role(role)}))


SECRETARIAT, INTEGRATOR, OPERATOR = principal("secretariat"), principal("integrator"), principal("operator")


@dataclass
class Running:
    addresses: Addresses
    channel: grpc.Channel
    http: httpx.Client
    tokens: LocalTokens

    @property
    def selections(self) -> selection_service_pb2_grpc.SelectionServiceStub:
        return selection_service_pb2_grpc.SelectionServiceStub(self.channel)

    @property
    def draws(self) -> draw_service_pb2_grpc.DrawServiceStub:
        return draw_service_pb2_grpc.DrawServiceStub(self.channel)

    def bearer(self, who: Principal | None) -> dict[str, str]:
        return {} if who is None else {"authorization": f"Bearer {self.tokens.issue(who)}"}

    def metadata(self, who: Principal | None = SECRETARIAT) -> Any:
        return (*self.bearer(who).items(), ("accept-language", "en"))

    def rest(
        self, method: str, path: str, body: Any = None, *, who: Principal | None = SECRETARIAT, **options: Any
    ) -> httpx.Response:
        headers = {**self.bearer(who), "accept-language": "en", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.http.request(method, f"/sortition/api/v1/{path}", headers=headers, **options)

    def metrics(self) -> str:
        return httpx.get(f"{self.addresses.ops}/metrics", trust_env=False).text


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("suite")
    settings = load_settings(
        ["deliberation", "sortition"],
        {},
        data_dir=folder,
        http_port=0,
        grpc_port=0,
        ops_port=0,
        drain_seconds=2.0,
    )
    suite = Suite(settings, {"deliberation": DELIBERATION, "sortition": SORTITION})
    addresses = suite.start()
    channel = tcp_channel(addresses.grpc)
    tokens = LocalTokens(FileKeys(folder, SystemClock()), SystemClock())
    try:
        with httpx.Client(base_url=addresses.http, trust_env=False, timeout=20) as http:
            made = Running(addresses, channel, http, tokens)
            for slug in (HERE, THERE):
                _enter(made, slug)
            yield made
    finally:
        channel.close()
        suite.stop()


def _enter(running: Running, slug: str) -> None:
    """Enter a municipality at deliberation, and wait until sortition has heard of it."""
    registry_grpc.MunicipalityServiceStub(running.channel).CreateMunicipality(
        registry_pb.CreateMunicipalityRequest(
            municipality_id=slug, municipality=registry_pb.Municipality(display_name=slug.title())
        ),
        metadata=running.metadata(principal("operator", None)),
    )
    until = time.monotonic() + 15
    path = f"municipalities/{slug}/publishedDraws"
    while running.rest("GET", path, who=None).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.02)
