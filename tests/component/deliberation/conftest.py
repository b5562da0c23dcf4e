"""Deliberation alone in a real suite: its own store, ports and data folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import load_settings
from chassis.rpc.client import tcp_channel
from chassis.suite import Addresses, Suite
from services.deliberation.service import DESCRIPTOR

OPERATOR = Principal("op-1", None, frozenset({Role.OPERATOR}))


def principal(role: str, municipality: str | None) -> Principal:
    return Principal(f"{role}-of-{municipality}", municipality, frozenset({Role(role)}))


@dataclass
class House:
    """A running suite as its users reach it."""

    folder: Path
    addresses: Addresses
    channel: grpc.Channel
    http: httpx.Client
    keys: FileKeys

    @property
    def tokens(self) -> LocalTokens:
        return LocalTokens(self.keys, SystemClock())

    def session(self, who: Principal | None) -> dict[str, str]:
        """The header with which a browser that is signed in asks."""
        if who is None:
            return {}
        return {"cookie": f"borgerting-session={Sessions(self.keys, SystemClock()).issue(who)}"}

    @property
    def registry(self) -> pb_grpc.MunicipalityServiceStub:
        return pb_grpc.MunicipalityServiceStub(self.channel)

    @property
    def links(self) -> link_grpc.SignInLinkServiceStub:
        return link_grpc.SignInLinkServiceStub(self.channel)

    def bearer(self, who: Principal | None) -> dict[str, str]:
        return {} if who is None else {"authorization": f"Bearer {self.tokens.issue(who)}"}

    def metadata(self, who: Principal | None) -> Any:
        return tuple(self.bearer(who).items())

    def enter(self, slug: str, name: str = "") -> pb.Municipality:
        """A municipality, by an operator."""
        return self.registry.CreateMunicipality(
            pb.CreateMunicipalityRequest(
                municipality_id=slug, municipality=pb.Municipality(display_name=name or slug.title())
            ),
            metadata=self.metadata(OPERATOR),
        )

    def metrics(self) -> str:
        return httpx.get(f"{self.addresses.ops}/metrics", trust_env=False).text


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = load_settings(
        ["deliberation"], {}, data_dir=tmp_path, http_port=0, grpc_port=0, ops_port=0, drain_seconds=2.0
    )
    suite = Suite(settings, {"deliberation": DESCRIPTOR})
    addresses = suite.start()
    channel = tcp_channel(addresses.grpc)
    try:
        with httpx.Client(base_url=addresses.http, trust_env=False, timeout=20) as http:
            yield House(tmp_path, addresses, channel, http, FileKeys(tmp_path, SystemClock()))
    finally:
        channel.close()
        suite.stop()
