"""The volunteer portal and the registry it hears from in a real suite; followup answers as told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx

from borgerting.deliberation.v1 import municipality_service_pb2 as registry_pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.volunteer.v1 import (
    person_service_pb2_grpc,
    sign_up_service_pb2_grpc,
    task_service_pb2_grpc,
)
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import load_settings
from chassis.db import Database, Transaction
from chassis.rpc.client import tcp_channel
from chassis.suite import Addresses, Suite
from services.deliberation.service import DESCRIPTOR as DELIBERATION
from services.volunteer.service import DESCRIPTOR as VOLUNTEER
from tests.contract.volunteer.followup import Followup

HERE, THERE = "hjemby", "naboby"


def principal(role: str, municipality: str | None = HERE, subject: str = "") -> Principal:
    return Principal(subject or f"{role}-of-{municipality}", municipality, frozenset({Role(role)}))


COORDINATOR, VOLUNTEER_1 = principal("coordinator"), principal("volunteer")


@dataclass
class Running:
    addresses: Addresses
    channel: grpc.Channel
    http: httpx.Client
    tokens: LocalTokens
    suite: Suite
    followup: Followup
    folder: Path

    @property
    def tasks(self) -> task_service_pb2_grpc.TaskServiceStub:
        return task_service_pb2_grpc.TaskServiceStub(self.channel)

    @property
    def sign_ups(self) -> sign_up_service_pb2_grpc.SignUpServiceStub:
        return sign_up_service_pb2_grpc.SignUpServiceStub(self.channel)

    @property
    def people(self) -> person_service_pb2_grpc.PersonServiceStub:
        return person_service_pb2_grpc.PersonServiceStub(self.channel)

    def bearer(self, who: Principal | None) -> dict[str, str]:
        return {} if who is None else {"authorization": f"Bearer {self.tokens.issue(who)}"}

    def metadata(self, who: Principal | None = COORDINATOR) -> Any:
        return (*self.bearer(who).items(), ("accept-language", "en"))

    def rest(
        self, method: str, path: str, body: Any = None, *, who: Principal | None = COORDINATOR, **options: Any
    ) -> httpx.Response:
        headers = {**self.bearer(who), "accept-language": "en", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.http.request(method, f"/volunteer/api/v1/{path}", headers=headers, **options)

    def page(self, path: str, who: Principal | None = None) -> str:
        """A page as this principal sees it, signed in by a session of their own."""
        answer = self.http.get(path, headers=self.signed_in(who), follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def signed_in(self, who: Principal | None) -> dict[str, str]:
        if who is None:
            return {}
        keys = FileKeys(self.folder, SystemClock())
        return {"cookie": f"borgerting-session={Sessions(keys, SystemClock()).issue(who)}"}

    @contextmanager
    def store(self, municipality: str = HERE) -> Iterator[Transaction]:
        """The volunteer portal's own, beside the running suite."""
        database = Database(f"sqlite:///{self.folder}/volunteer.sqlite3", clock=SystemClock())
        try:
            with database.reading(municipality) as transaction:
                yield transaction
        finally:
            database.close()

    def metrics(self) -> str:
        return httpx.get(f"{self.addresses.ops}/metrics", trust_env=False).text


@contextmanager
def running_suite(folder: Path) -> Iterator[Running]:
    """Deliberation, a followup that answers as told, and the volunteer portal, with two municipalities."""
    settings = load_settings(
        ["deliberation", "volunteer"],
        {},
        data_dir=folder,
        http_port=0,
        grpc_port=0,
        ops_port=0,
        drain_seconds=2.0,
    )
    followup = Followup()
    suite = Suite(
        settings,
        {"deliberation": DELIBERATION, "followup": followup.descriptor(), "volunteer": VOLUNTEER},
    )
    addresses = suite.start()
    channel = tcp_channel(addresses.grpc)
    tokens = LocalTokens(FileKeys(folder, SystemClock()), SystemClock())
    try:
        with httpx.Client(base_url=addresses.http, trust_env=False, timeout=20) as http:
            made = Running(addresses, channel, http, tokens, suite, followup, folder)
            for slug in (HERE, THERE):
                _enter(made, slug)
            yield made
    finally:
        channel.close()
        suite.stop()


def _enter(running: Running, slug: str) -> None:
    """Enter a municipality at deliberation, and wait until the volunteer portal has heard of it."""
    registry_grpc.MunicipalityServiceStub(running.channel).CreateMunicipality(
        registry_pb.CreateMunicipalityRequest(
            municipality_id=slug, municipality=registry_pb.Municipality(display_name=slug.title())
        ),
        metadata=running.metadata(principal("operator", None)),
    )
    until = time.monotonic() + 15
    while running.rest("GET", f"municipalities/{slug}/tasks", who=None).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.02)
