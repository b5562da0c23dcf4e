"""Deliberation and sortition as one running suite, reached as their callers reach them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import grpc
import httpx

from borgerting.deliberation.v1 import (
    assembly_service_pb2_grpc,
    municipality_service_pb2_grpc,
    report_service_pb2_grpc,
)
from borgerting.deliberation.v1 import municipality_service_pb2 as registry_pb
from borgerting.sortition.v1 import selection_service_pb2 as selection_pb
from borgerting.sortition.v1 import selection_service_pb2_grpc
from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.app import BuildContext, Service
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import load_settings
from chassis.db import Database
from chassis.rpc.client import tcp_channel
from chassis.suite import Addresses, Suite
from services.deliberation.service import DESCRIPTOR as DELIBERATION
from services.sortition.service import DESCRIPTOR as SORTITION
from tests.component.deliberation.conftest import OPERATOR, principal

T = TypeVar("T")

SECRETARIAT = principal("secretariat", "dragoer")


@dataclass
class Pair:
    """`ask` is deliberation's own way to its neighbour."""

    addresses: Addresses
    channel: grpc.Channel
    http: httpx.Client
    keys: FileKeys
    ask: Callable[[str], grpc.Channel]
    folder: Path

    @property
    def assemblies(self) -> assembly_service_pb2_grpc.AssemblyServiceStub:
        return assembly_service_pb2_grpc.AssemblyServiceStub(self.channel)

    @property
    def reports(self) -> report_service_pb2_grpc.ReportServiceStub:
        return report_service_pb2_grpc.ReportServiceStub(self.channel)

    @property
    def selections(self) -> selection_service_pb2_grpc.SelectionServiceStub:
        return selection_service_pb2_grpc.SelectionServiceStub(self.channel)

    def bearer(self, who: Principal | None = SECRETARIAT) -> dict[str, str]:
        if who is None:
            return {}
        return {"authorization": f"Bearer {LocalTokens(self.keys, SystemClock()).issue(who)}"}

    def metadata(self, who: Principal | None = SECRETARIAT) -> Any:
        return tuple(self.bearer(who).items())

    def session(self, who: Principal = SECRETARIAT) -> dict[str, str]:
        return {"cookie": f"borgerting-session={Sessions(self.keys, SystemClock()).issue(who)}"}

    def confirm(self, selection: str, seats: int = 8) -> None:
        """As sortition's ConfirmPanel does at its end: the event leaves by sortition's own outbox."""
        panel = PanelConfirmed(selection=selection, seats=[str(uuid4()) for _ in range(seats)])
        database = Database(f"sqlite:///{self.folder}/sortition.sqlite3", clock=SystemClock())
        with database.writing("dragoer") as transaction:
            transaction.outbox.add("sortition", f"selections/{selection.rsplit('/', 1)[1]}", panel)
        database.close()

    def selection(self, title: str = "Velfærd") -> str:
        """A selection in sortition, which hears of the municipality a moment later than it is entered."""
        request = selection_pb.CreateSelectionRequest(
            parent="municipalities/dragoer", selection=selection_pb.Selection(title=title, size=8)
        )

        def create() -> str:
            return self.selections.CreateSelection(request, metadata=self.metadata()).name

        return eventually(create)


@contextmanager
def running_pair(folder: Path) -> Iterator[Pair]:
    asked: list[Callable[[str], grpc.Channel]] = []

    def build(context: BuildContext) -> Service:
        asked.append(context.channel)
        return DELIBERATION.build(context)

    descriptors = {"deliberation": replace(DELIBERATION, build=build), "sortition": SORTITION}
    settings = load_settings(
        list(descriptors), {}, data_dir=folder, http_port=0, grpc_port=0, ops_port=0, drain_seconds=2.0
    )
    suite = Suite(settings, descriptors)
    addresses = suite.start()
    channel = tcp_channel(addresses.grpc)
    try:
        with httpx.Client(base_url=addresses.http, trust_env=False, timeout=20) as http:
            pair = Pair(addresses, channel, http, FileKeys(folder, SystemClock()), asked[0], folder)
            registry = municipality_service_pb2_grpc.MunicipalityServiceStub(channel)
            for slug in ("dragoer", "koege"):
                registry.CreateMunicipality(
                    registry_pb.CreateMunicipalityRequest(
                        municipality_id=slug,
                        municipality=registry_pb.Municipality(display_name=slug.title()),
                    ),
                    metadata=pair.metadata(OPERATOR),
                )
            yield pair
    finally:
        channel.close()
        suite.stop()


def eventually(act: Callable[[], T], seconds: float = 20.0) -> T:
    """What `act` gives once it no longer fails."""
    until = time.monotonic() + seconds
    while True:
        try:
            return act()
        except (grpc.RpcError, AssertionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
