"""Certificates and keys are replaced under services that call one another all the time: no call fails.

Two services as processes of their own, by the commands and in the order of docs/identity.md.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest

from borgerting.deliberation.v1 import assembly_service_pb2 as assembly_pb
from borgerting.deliberation.v1 import (
    assembly_service_pb2_grpc,
    municipality_service_pb2,
    municipality_service_pb2_grpc,
)
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selection_pb
from borgerting.sortition.v1 import selection_service_pb2_grpc
from chassis import cli
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens
from chassis.clock import FixedClock, SystemClock
from chassis.rpc.client import tcp_channel
from chassis.rpc.status import domain_error_from
from tests.component.identity.browser import Browser
from tests.infrastructure.apart import ServicesApart, services_apart
from tests.infrastructure.kafka import KafkaBroker

PAGE = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")
PATIENCE = 120.0  # a ceiling for busy machines
PARENT = "municipalities/dragoer"
OPERATOR = Principal("operator", None, frozenset({Role.OPERATOR}))
SECRETARIAT = Principal("secretariat", "dragoer", frozenset({Role.SECRETARIAT}))


class Workers:
    """Threads that do the same over and over; every failure is kept."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._counts: dict[str, int] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, name: str, act: Callable[[], None]) -> None:
        self._counts[name] = 0

        def run() -> None:
            while not self._stop.wait(0.02):
                try:
                    act()
                except Exception as error:
                    self.failures.append(f"{name}: {error!r}")
                self._counts[name] += 1

        self._threads.append(threading.Thread(target=run, name=name))
        self._threads[-1].start()

    def some_more(self, calls: int = 5) -> None:
        before = dict(self._counts)
        until(lambda: all(now >= before[name] + calls for name, now in self._counts.items()))
        assert self.failures == []

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def working() -> Iterator[Workers]:
    workers = Workers()
    try:
        yield workers
    finally:
        workers.end()


class Pair:
    """Deliberation asks sortition, which sees who it is by its certificate alone."""

    def __init__(self, services: ServicesApart, folder: Path, stack: ExitStack) -> None:
        self.services = services
        self.certificates = folder / "certificates"
        self.keys = services.data / "keys.json"
        channels = [stack.enter_context(self.channel(name)) for name in ("deliberation", "sortition")]
        self.assemblies = assembly_service_pb2_grpc.AssemblyServiceStub(channels[0])
        self._selections = selection_service_pb2_grpc.SelectionServiceStub(channels[1])
        registry = municipality_service_pb2_grpc.MunicipalityServiceStub(channels[0])
        registry.CreateMunicipality(
            municipality_service_pb2.CreateMunicipalityRequest(
                municipality_id="dragoer",
                municipality=municipality_service_pb2.Municipality(display_name="Dragør"),
            ),
            metadata=self.bearer(self.token(OPERATOR)),
        )
        until(self._sortition_knows)
        self.selections = [self._selection(), self._selection()]
        self.assembly = self.assemblies.CreateAssembly(
            assembly_pb.CreateAssemblyRequest(
                parent=PARENT,
                assembly=assembly_pb.Assembly(title="Havnen", selection=self.selections[0]),
            ),
            metadata=self.bearer(self.token()),
        ).name

    def token(self, who: Principal = SECRETARIAT) -> str:
        return LocalTokens(FileKeys(self.services.data, SystemClock()), SystemClock()).issue(who)

    def link(self) -> str:
        """The path of one with which somebody signs in once."""
        wish = link_pb.SignInLink(municipality=PARENT, role="secretariat")
        with self.channel("deliberation") as channel:
            made = link_grpc.SignInLinkServiceStub(channel).CreateSignInLink(
                link_pb.CreateSignInLinkRequest(sign_in_link=wish),
                metadata=self.bearer(self.token(OPERATOR)),
            )
        return httpx.URL(made.uri).path

    @staticmethod
    def bearer(token: str) -> Any:
        return (("authorization", f"Bearer {token}"),)

    def channel(self, name: str, **options: Any) -> grpc.Channel:
        """As a system comes that knows who signs."""
        credentials = grpc.ssl_channel_credentials((self.certificates / "ca.pem").read_bytes())
        return tcp_channel(self.services[name].grpc, credentials=credentials, **options)

    def ask_through_deliberation(self, token: str) -> None:
        """An update for which deliberation asks sortition: the assembly's other selection."""
        request = assembly_pb.UpdateAssemblyRequest(
            assembly=assembly_pb.Assembly(name=self.assembly, selection=self.selections[-1]),
            request_id=str(uuid4()),
        )
        request.update_mask.paths.append("selection")
        self.assemblies.UpdateAssembly(request, metadata=self.bearer(token), timeout=30)
        self.selections.reverse()

    def ask_anew(self) -> None:
        """By a connection of its own, that is tried once."""
        with self.channel("deliberation", retry_attempts=1) as channel:
            stub = municipality_service_pb2_grpc.MunicipalityServiceStub(channel)
            stub.ListMunicipalities(municipality_service_pb2.ListMunicipalitiesRequest(), timeout=30)

    def as_neighbour(self, ca: bytes, certificate: bytes, key: bytes) -> str:
        """What sortition answers who shows this: "" or CODE REASON."""
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        address = f"127.0.0.1:{self.services.ports['sortition']['TLS__PORT']}"
        with tcp_channel(address, credentials=credentials, retry_attempts=1) as channel:
            return outcome(
                lambda: selection_service_pb2_grpc.SelectionServiceStub(channel).GetSelection(
                    selection_pb.GetSelectionRequest(name=self.selections[0]), timeout=30
                )
            )

    def taken_over(self, name: str, use: str) -> int:
        """How often the service has taken new files over for that use."""
        lines = (json.loads(line) for line in self.services[name].log.splitlines() if line.startswith("{"))
        return sum(
            line.get("event") == "certificate read again" and use in str(line.get("use")) for line in lines
        )

    def _sortition_knows(self) -> bool:
        url = f"{self.services['sortition'].http}/sortition/dragoer"
        return httpx.get(url, trust_env=False, timeout=20).status_code == 200

    def _selection(self) -> str:
        wish = selection_pb.Selection(title="Havnen", size=8)
        request = selection_pb.CreateSelectionRequest(parent=PARENT, selection=wish)
        return self._selections.CreateSelection(request, metadata=self.bearer(self.token())).name


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def outcome(call: Callable[[], object]) -> str:
    try:
        call()
    except grpc.RpcError as error:
        return f"{error.code().name} {domain_error_from(error).reason}"
    return ""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, kafka: KafkaBroker) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("rotation")
    with (
        services_apart(folder, kafka.bootstrap, ["sortition", "deliberation"]) as services,
        ExitStack() as stack,
    ):
        yield Pair(services, folder, stack)


def test_certificates_and_their_authority_are_replaced(pair: Pair) -> None:
    folder = pair.certificates
    token = pair.token()

    def shown() -> tuple[bytes, bytes]:
        return (folder / "deliberation.pem").read_bytes(), (folder / "deliberation.key").read_bytes()

    def step(command: str) -> None:
        """One of the documented steps; the next may follow once both have read what it wrote."""
        uses = {"deliberation": "calls to", "sortition": "neighbours"}
        before = {name: pair.taken_over(name, use) for name, use in uses.items()}
        assert cli.run(["tls", command, str(folder)]) == 0
        until(lambda: all(pair.taken_over(name, use) > before[name] for name, use in uses.items()))
        workers.some_more()

    old, old_ca = shown(), (folder / "ca.pem").read_bytes()
    with working() as workers:
        workers.start("deliberation asks sortition", lambda: pair.ask_through_deliberation(token))
        workers.start("a system comes anew", pair.ask_anew)
        workers.some_more()

        add, renew, withdraw = re.findall(r"^    borgerting tls ([a-z-]+) FOLDER  +#", PAGE, re.MULTILINE)
        step(add)
        both = (folder / "ca.pem").read_bytes()
        assert pair.as_neighbour(both, *old) == ""
        step(renew)
        fresh = shown()
        assert fresh != old
        assert pair.as_neighbour(both, *old) == pair.as_neighbour(both, *fresh) == ""
        # Who has not heard of the new authority does not believe what it signed.
        assert pair.as_neighbour(old_ca, *fresh).startswith("UNAVAILABLE")
        step(withdraw)
        assert pair.as_neighbour(both, *old).startswith("UNAVAILABLE")
        assert pair.as_neighbour(both, *fresh) == ""

        # With an authority whose key is kept it is one step.
        step(renew)
        newest = shown()
        assert newest not in (old, fresh)
        assert pair.as_neighbour((folder / "ca.pem").read_bytes(), *newest) == ""
    assert workers.failures == []


def test_keys_are_rotated_and_withdrawn(pair: Pair) -> None:
    folder = pair.services.data
    clock = SystemClock()
    old = pair.token()
    sessions = Sessions(FileKeys(folder, clock), clock)
    cookie = sessions.issue(SECRETARIAT)
    hours_ago = FixedClock(clock.now() - timedelta(hours=13))
    expired = LocalTokens(FileKeys(folder, hours_ago), hours_ago).issue(SECRETARIAT)
    assembly = assembly_pb.GetAssemblyRequest(name=pair.assembly)
    link = pair.link()

    def by(token: str) -> str:
        return outcome(lambda: pair.assemblies.GetAssembly(assembly, metadata=pair.bearer(token), timeout=30))

    def accepted(token: str) -> None:
        found = by(token)
        assert found == "", found

    def page(cookie: str) -> int:
        """A page of the secretariat's."""
        return httpx.get(
            f"{pair.services['deliberation'].http}/deliberation/dragoer/assemblies/new",
            headers={"cookie": f"borgerting-session={cookie}"},
            trust_env=False,
            timeout=30,
        ).status_code

    def shown(cookie: str) -> None:
        assert page(cookie) == 200

    def new_session() -> None:
        shown(Sessions(FileKeys(folder, clock), clock).issue(SECRETARIAT))

    with working() as workers:
        workers.start("old token", lambda: accepted(old))
        workers.start("deliberation asks sortition", lambda: pair.ask_through_deliberation(old))
        workers.start("new tokens", lambda: accepted(pair.token()))
        workers.start("old session", lambda: shown(cookie))
        workers.start("new sessions", new_session)
        workers.some_more()
        assert cli.run(["keys", "rotate", str(folder), "--sign-after-minutes", "0"]) == 0
        workers.some_more()
        new = pair.token()
        assert by(expired) == "UNAUTHENTICATED TOKEN_EXPIRED"
    assert workers.failures == []

    with working() as workers:
        workers.start("new token", lambda: accepted(new))
        workers.start("deliberation asks sortition", lambda: pair.ask_through_deliberation(new))
        workers.start("new sessions", new_session)
        workers.some_more()
        assert cli.run(["keys", "withdraw", str(folder)]) == 0
        workers.some_more()
        assert by(old) == by(expired) == "UNAUTHENTICATED TOKEN_INVALID"
        assert page(cookie) != 200
        # A link that was sent is known by its digest, and needs no key.
        site = pair.services["deliberation"].http
        with Browser(site) as browser:
            assert browser.submit(link, link).status_code == 303
            assert browser.session()
        workers.some_more()
    assert workers.failures == []
