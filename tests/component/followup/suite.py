"""Follow-up beside the other three, real services, in one suite whose clock tests move; for tests of its
surfaces, and of its pages in a browser.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest

from borgerting.deliberation.v1 import assembly_service_pb2 as assembly_pb
from borgerting.deliberation.v1 import assembly_service_pb2_grpc as assembly_grpc
from borgerting.deliberation.v1 import municipality_service_pb2 as registry_pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from borgerting.deliberation.v1 import report_service_pb2_grpc as report_grpc
from borgerting.followup.v1 import promise_service_pb2 as pb
from borgerting.followup.v1 import promise_service_pb2_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selection_pb
from borgerting.sortition.v1 import selection_service_pb2_grpc as selection_grpc
from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import FixedClock
from chassis.config import load_settings
from chassis.db import Database
from chassis.rpc.client import tcp_channel
from chassis.suite import Addresses, Suite
from services.deliberation.service import DESCRIPTOR as DELIBERATION
from services.followup.service import DESCRIPTOR as FOLLOWUP
from services.sortition.service import DESCRIPTOR as SORTITION
from services.volunteer.service import DESCRIPTOR as VOLUNTEER
from tests.unit.followup.house import at

HERE, THERE = "hjemby", "naboby"
THEMES = {
    "Økonomi 2035": ("Buslinje til metroen", "Permanent borgerråd"),
    "Forebyggelse": ("Frivillige mentorer",),
}

# The reference case's mandate: within 3 months, after 10, within 24.
REFERENCE = [
    assembly_pb.Checkpoint(months=3, kind=assembly_pb.Checkpoint.KIND_WITHIN),
    assembly_pb.Checkpoint(months=10, kind=assembly_pb.Checkpoint.KIND_AFTER),
    assembly_pb.Checkpoint(months=24, kind=assembly_pb.Checkpoint.KIND_WITHIN),
]


def principal(role: str, municipality: str | None = HERE) -> Principal:
    return Principal(f"{role}-of-{municipality}", municipality, frozenset({Role(role)}))


OFFICER, COORDINATOR, OPERATOR = principal("officer"), principal("coordinator"), principal("operator", None)
SECRETARIAT = principal("secretariat")


@dataclass
class Running:
    folder: Path
    suite: Suite
    addresses: Addresses
    channel: grpc.Channel
    http: httpx.Client
    clock: FixedClock
    tokens: LocalTokens
    assemblies: list[str] = field(default_factory=list)

    @property
    def promises(self) -> promise_service_pb2_grpc.PromiseServiceStub:
        return promise_service_pb2_grpc.PromiseServiceStub(self.channel)

    @property
    def reports(self) -> report_grpc.ReportServiceStub:
        return report_grpc.ReportServiceStub(self.channel)

    def go(self, now: str) -> None:
        self.clock.instant = at(now)

    def bearer(self, who: Principal | None) -> dict[str, str]:
        return {} if who is None else {"authorization": f"Bearer {self.tokens.issue(who)}"}

    def metadata(self, who: Principal | None = OFFICER, language: str = "en") -> Any:
        return (*self.bearer(who).items(), ("accept-language", language))

    def rest(
        self, method: str, path: str, body: Any = None, *, who: Principal | None = OFFICER, **options: Any
    ) -> httpx.Response:
        headers = {**self.bearer(who), "accept-language": "en", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.http.request(method, f"/followup/api/v1/{path}", headers=headers, **options)

    def metrics(self) -> str:
        return httpx.get(f"{self.addresses.ops}/metrics", trust_env=False).text

    def of_assembly(self, assembly: str, at: str = HERE) -> list[pb.Promise]:
        request = pb.ListPromisesRequest(parent=f"municipalities/{at}", page_size=1000, assembly=assembly)
        return list(self.promises.ListPromises(request).promises)

    def handed_over(self, **fields: Any) -> list[pb.Promise]:
        """A new assembly whose report was handed over, and the promises that came of it."""
        assembly = self.assembly(**{"checkpoints": REFERENCE, **fields})
        report = self.report(assembly)
        self.reports.HandOverReport(
            report_pb.HandOverReportRequest(name=report.name, etag=report.etag),
            metadata=self.metadata(SECRETARIAT),
        )
        return self.until(lambda: self.of_assembly(assembly))

    def assembly(self, **fields: Any) -> str:
        """Seated by sortition's event; the draw before it has tests of its own."""
        metadata = self.metadata(SECRETARIAT)
        selection = selection_grpc.SelectionServiceStub(self.channel).CreateSelection(
            selection_pb.CreateSelectionRequest(
                parent=f"municipalities/{HERE}", selection=selection_pb.Selection(title="Velfærd", size=8)
            ),
            metadata=metadata,
        )
        stub = assembly_grpc.AssemblyServiceStub(self.channel)
        wanted = assembly_pb.Assembly(title="Velfærd 2035", selection=selection.name, **fields)
        made = stub.CreateAssembly(
            assembly_pb.CreateAssemblyRequest(parent=f"municipalities/{HERE}", assembly=wanted),
            metadata=metadata,
        )
        database = Database(f"sqlite:///{self.folder / 'sortition.sqlite3'}", clock=self.clock)
        with database.writing(HERE) as transaction:
            told = PanelConfirmed(selection=selection.name, seats=[str(uuid4())])
            transaction.outbox.add("sortition", f"selections/{selection.name[-36:]}", told)
        database.close()
        request = assembly_pb.GetAssemblyRequest(name=made.name)
        self.until(lambda: stub.GetAssembly(request).state == assembly_pb.Assembly.STATE_SEATED)
        self.assemblies.append(made.name)
        return str(made.name)

    def report(self, assembly: str) -> report_pb.Report:
        name, metadata = f"{assembly}/report", self.metadata(SECRETARIAT)
        for title, initiatives in THEMES.items():
            theme = self.reports.CreateRecommendation(
                report_pb.CreateRecommendationRequest(
                    parent=name, recommendation=report_pb.Recommendation(title=title, vision="En vision")
                ),
                metadata=metadata,
            )
            for initiative in initiatives:
                self.reports.CreateInitiative(
                    report_pb.CreateInitiativeRequest(
                        parent=theme.name,
                        initiative=report_pb.Initiative(title=initiative, text="Hvad og hvordan"),
                    ),
                    metadata=metadata,
                )
        return self.reports.GetReport(report_pb.GetReportRequest(name=name), metadata=metadata)

    def until(self, found: Callable[[], Any]) -> Any:
        until = time.monotonic() + 20
        while not (answer := found()):
            assert time.monotonic() < until
            time.sleep(0.02)
        return answer


@contextmanager
def running_suite(folder: Path) -> Iterator[Running]:
    names = ["deliberation", "followup", "sortition", "volunteer"]
    settings = load_settings(
        names,
        {"BORGERTING_CLOCK": "2025-08-28T12:00:00Z"},
        data_dir=folder,
        http_port=0,
        grpc_port=0,
        ops_port=0,
        drain_seconds=2.0,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BORGERTING_FOLLOWUP__SWEEP_SECONDS", "1")
        suite = Suite(settings, dict(zip(names, (DELIBERATION, FOLLOWUP, SORTITION, VOLUNTEER), strict=True)))
        addresses = suite.start()
    clock = suite._running[0].database.clock
    assert isinstance(clock, FixedClock)
    channel = tcp_channel(addresses.grpc)
    tokens = LocalTokens(FileKeys(folder, clock), clock)
    try:
        with httpx.Client(base_url=addresses.http, trust_env=False, timeout=20) as http:
            made = Running(folder, suite, addresses, channel, http, clock, tokens)
            for slug in (HERE, THERE):
                enter(made, slug)
            yield made
    finally:
        channel.close()
        suite.stop()


def enter(running: Running, slug: str) -> None:
    """Enter a municipality at deliberation, and wait until the others have heard of it."""
    registry_grpc.MunicipalityServiceStub(running.channel).CreateMunicipality(
        registry_pb.CreateMunicipalityRequest(
            municipality_id=slug, municipality=registry_pb.Municipality(display_name=slug.title())
        ),
        metadata=running.metadata(OPERATOR),
    )
    for path in (f"/followup/{slug}", f"/sortition/{slug}", f"/volunteer/{slug}"):
        running.until(lambda path=path: running.http.get(path).status_code == 200)
