"""A suite and a real OpenID provider that it trusts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import grpc
import httpx
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from chassis.auth.keys import FileKeys, Sealer
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.config import SuiteSettings, load_settings
from chassis.context import Caller
from chassis.db import Database
from chassis.rpc.client import tcp_channel
from chassis.rpc.status import domain_error_from
from chassis.suite import Suite
from services.deliberation.adapters.registry import Registry
from services.deliberation.service import DESCRIPTOR
from tests.infrastructure.oidc import API, Provider, running, signing_key
from tests.infrastructure.places import free_port

CLIENT = "borgerting"
HERE, THERE = "dragoer", "koege"
HOME = f"/deliberation/{HERE}/assemblies"
"""Where a sign-in leads its secretariat."""


@dataclass
class Site:
    """A running suite with two municipalities, as programs and browsers reach it."""

    folder: Path
    base: str
    grpc: str
    ops: str

    @property
    def local_tokens(self) -> LocalTokens:
        return LocalTokens(FileKeys(self.folder, SystemClock()), SystemClock())

    def try_over_grpc(self, token: str | None) -> str:
        """The secretariat's act in `dragoer`: "" when it is done, else CODE REASON."""
        with tcp_channel(self.grpc, retry_attempts=2) as channel:
            registry = pb_grpc.MunicipalityServiceStub(channel)
            wanted = pb.Municipality(name=f"municipalities/{HERE}", display_name="Dragør")
            metadata = (("authorization", f"Bearer {token}"),) if token is not None else ()
            try:
                registry.UpdateMunicipality(
                    pb.UpdateMunicipalityRequest(municipality=wanted), metadata=metadata
                )
            except grpc.RpcError as error:
                refused, code = domain_error_from(error), error.code().name
            else:
                return ""
        assert code == refused.code.name
        return f"{code} {refused.reason}"

    def try_over_rest(self, token: str | None) -> str:
        """The same act: "" or STATUS REASON."""
        answer = httpx.patch(
            f"{self.base}/deliberation/api/v1/municipalities/{HERE}",
            json={"displayName": "Dragør"},
            headers={} if token is None else {"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=20,
        )
        return "" if answer.status_code == 200 else f"{answer.status_code} {answer.json()['reason']}"

    def outcome(self, token: str | None) -> str:
        """What both say of the token: "" or the reason, with code and status checked against one another."""
        over_grpc, over_rest = self.try_over_grpc(token), self.try_over_rest(token)
        code, _, reason = over_grpc.partition(" ")
        status, _, same = over_rest.partition(" ")
        expected = {"UNAUTHENTICATED": "401", "PERMISSION_DENIED": "403", "UNAVAILABLE": "503", "": ""}
        assert (reason, expected[code]) == (same, status), (over_grpc, over_rest)
        return reason


Starter = Callable[..., Site]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """start(provider, BORGERTING_…=…, production=True) gives a running site; all are stopped at the end."""
    with ExitStack() as stack:

        def make(
            provider: Provider, port: int | None = None, production: bool = False, **variables: str
        ) -> Site:
            folder = tmp_path_factory.mktemp("site")
            port = port or free_port()
            settings = load_settings(
                ["deliberation"],
                {
                    "BORGERTING_BASE_URL": f"http://127.0.0.1:{port}",
                    "BORGERTING_OIDC__ISSUER": provider.issuer,
                    "BORGERTING_OIDC__AUDIENCE": API,
                    "BORGERTING_OIDC__CLIENT_ID": CLIENT,
                    "BORGERTING_OIDC__CLIENT_SECRET": f"{CLIENT}-secret+/%",
                    "BORGERTING_OIDC__SCOPES": "openid borgerting",
                    **variables,
                },
                data_dir=folder,
                http_port=port,
                grpc_port=0,
                ops_port=0,
                drain_seconds=2.0,
            )
            if production:
                # Its other rules ask for servers that identity does not need.
                settings = SuiteSettings.model_construct(**{**dict(settings), "profile": "production"})
            suite = Suite(settings, {"deliberation": DESCRIPTOR})
            addresses = suite.start()
            stack.callback(suite.stop)
            site = Site(folder, f"http://127.0.0.1:{port}", addresses.grpc, addresses.ops)
            _enter(settings, site)
            return site

        yield make


def _enter(settings: SuiteSettings, site: Site) -> None:
    """The municipalities, as an operator's command enters them: production takes no token of ours."""
    database = Database(settings.database_url("deliberation"), clock=SystemClock())
    registry = Registry(
        database,
        SystemClock(),
        Sealer(FileKeys(site.folder, SystemClock()), "sign-in links"),
        base_url=site.base,
        known_time_zones=available_timezones(),
        default_ttl=timedelta(minutes=15),
    )
    operator = Caller(Principal("op-1", None, frozenset({Role.OPERATOR})), "c-1")
    for slug in (HERE, THERE):
        registry.create(
            operator,
            pb.CreateMunicipalityRequest(
                municipality_id=slug, municipality=pb.Municipality(display_name=slug)
            ),
        )
    database.close()


def furnish(provider: Provider) -> Provider:
    """The clients, machines and people that the tests know."""
    provider.machine("ours", municipality=HERE, roles=["secretariat"])
    provider.machine("theirs", municipality=THERE, roles=["secretariat"])
    provider.machine("operator", roles=["operator"])
    provider.machine("roleless", municipality=HERE)
    provider.machine("pretender", municipality=HERE, roles=["service", "wizard"])
    provider.machine("scattered", municipality=[HERE, THERE], roles=["secretariat"])
    provider.machine("single", municipality=[HERE], roles="secretariat editor")
    provider.machine("nested", realm={"who": ["secretariat"], "where": HERE})
    provider.people = {
        "anna": {"municipality": HERE, "roles": ["secretariat"]},
        "bo": {"municipality": THERE, "roles": ["secretariat"]},
        "carl": {"municipality": HERE, "roles": []},
        "dora": {"municipality": "nowhere", "roles": ["secretariat"]},
        "service:deliberation": {"municipality": HERE, "roles": ["secretariat"]},
        "op": {"roles": ["operator"]},
    }
    return provider


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    made = furnish(Provider(tmp_path_factory.mktemp("provider")))
    made.keys = [signing_key("first"), signing_key("curve", "ES256")]
    with running(made):
        yield made


@pytest.fixture(scope="module")
def site(provider: Provider, start: Starter) -> Site:
    return start(provider)


def public_part(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
