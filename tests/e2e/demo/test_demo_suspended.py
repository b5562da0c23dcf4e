"""A municipality of the demonstration is held still in all four services and served again; another is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.testing.processes import running_suite
from tests.e2e.demo.conftest import FirstStart

HELD, OTHER = "havnsted", "egebaek"
SERVICES = ("deliberation", "sortition", "followup", "volunteer")


@dataclass
class Town:
    folder: Path
    http: httpx.Client

    def command(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "chassis", *arguments, "--data-dir", str(self.folder / "data")],
            check=True,
            capture_output=True,
        )

    def who(self, role: Role, slug: str) -> Principal:
        return Principal("staff-7", slug, frozenset({role}))

    def bearer(self, role: Role, slug: str) -> dict[str, str]:
        keys = FileKeys(self.folder / "data", SystemClock())
        return {"authorization": f"Bearer {LocalTokens(keys, SystemClock()).issue(self.who(role, slug))}"}

    def cookie(self, role: Role, slug: str) -> dict[str, str]:
        keys = FileKeys(self.folder / "data", SystemClock())
        return {"cookie": f"borgerting-session={Sessions(keys, SystemClock()).issue(self.who(role, slug))}"}

    def change(self, service: str, slug: str) -> httpx.Response:
        """A change of that service by somebody who may, if need be of something that is not there."""
        promise = f"municipalities/{slug}/promises/{uuid4()}/checkpoints/{uuid4()}"
        role, method, path, body = {
            "deliberation": (Role.SECRETARIAT, "PATCH", f"municipalities/{slug}", {"timeZone": ""}),
            "sortition": (Role.SECRETARIAT, "POST", f"municipalities/{slug}/selections", {"title": "Nyt"}),
            "followup": (Role.OFFICER, "POST", f"{promise}/answers", {"decision": "FOLLOWED"}),
            "volunteer": (Role.VOLUNTEER, "PATCH", f"municipalities/{slug}/people/me", {"displayName": "A"}),
        }[service]
        return self.http.request(
            method, f"/{service}/api/v1/{path}", json=body, headers=self.bearer(role, slug)
        )

    def state(self, service: str, slug: str) -> str:
        answer = self.change(service, slug)
        return str(answer.json().get("reason", "")) if answer.status_code >= 400 else ""


@pytest.fixture(scope="module")
def town(first_start: FirstStart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("suspended")
    shutil.copytree(first_start.folder / "data", folder / "data")
    with (
        running_suite(folder) as suite,
        httpx.Client(base_url=suite.http, trust_env=False, timeout=30) as http,
    ):
        yield Town(folder, http)


def until(holds: Callable[[], Any]) -> None:
    """The others learn of it by event."""
    latest = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.05)


@pytest.fixture(scope="module")
def held(town: Town) -> Town:
    for service in SERVICES:
        assert town.state(service, HELD) != "MUNICIPALITY_SUSPENDED"
    town.command("municipality", "suspend", HELD, "--reason", "case 2026-117")
    for service in SERVICES:
        until(lambda service=service: town.state(service, HELD) == "MUNICIPALITY_SUSPENDED")
    return town


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_refuses_its_changes_and_nobody_else_s(held: Town, service: str) -> None:
    refused = held.change(service, HELD)
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert held.state(service, OTHER) != "MUNICIPALITY_SUSPENDED"


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_public_stays_and_says_so(held: Town, service: str) -> None:
    page = held.http.get(f"/{service}/{HELD}", params={"language": "da"})
    assert page.status_code == 200
    assert "Havnsted Kommune er sat på pause" in page.text
    assert "is suspended here" in held.http.get(f"/{service}/{HELD}", params={"language": "en"}).text
    assert "sat på pause" not in held.http.get(f"/{service}/{OTHER}", params={"language": "da"}).text


def test_the_public_record_is_readable_by_programs(held: Town) -> None:
    drawn = held.http.get(f"/sortition/api/v1/municipalities/{HELD}/publishedDraws").json()["publishedDraws"]
    assert len(drawn) == 2
    (assembly,) = held.http.get(f"/deliberation/api/v1/municipalities/{HELD}/assemblies").json()["assemblies"]
    assert held.http.get(f"/deliberation/api/v1/{assembly['name']}/report").status_code == 200


def test_a_form_that_is_sent_gets_a_calm_explanation(held: Town) -> None:
    signed_in = held.cookie(Role.SECRETARIAT, HELD) | {"accept-language": "da"}
    path = f"/deliberation/{HELD}/edit"
    form = held.http.get(path, headers=signed_in)
    assert form.status_code == 200
    token = form.text.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {"csrf_token": token, "display_name": "Andet", "time_zone": "Europe/Copenhagen", "etag": ""}
    answer = held.http.post(
        path, data=sent, headers={**signed_in, "origin": str(held.http.base_url).rstrip("/")}
    )
    assert answer.status_code == 400
    assert "Kommunen er sat på pause" in answer.text
    assert "Intet er slettet" in answer.text


def test_people_of_it_still_sign_in(held: Town) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "chassis", "sign-in-link", "--municipality", HELD,
         "--data-dir", str(held.folder / "data")],
        env={"BORGERTING_BASE_URL": str(held.http.base_url).rstrip("/"), "PATH": "/usr/bin"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    link = made.stdout.strip()
    form = held.http.get(link)
    token = form.text.split('name="csrf_token" value="')[1].split('"')[0]
    origin = {"origin": str(held.http.base_url).rstrip("/")}
    signed_in = held.http.post(link, data={"csrf_token": token}, headers=origin)
    assert signed_in.status_code == 303
    assert held.http.get(f"/deliberation/{HELD}/edit").status_code == 200
    held.http.cookies.clear()


def test_it_is_served_again(held: Town) -> None:
    held.command("municipality", "resume", HELD, "--reason", "renewed")
    for service in SERVICES:
        until(lambda service=service: held.state(service, HELD) != "MUNICIPALITY_SUSPENDED")
    assert held.state("deliberation", HELD) == ""
    assert "sat på pause" not in held.http.get(f"/deliberation/{HELD}").text
