"""A municipality of the demonstration is held still, exported and served again; another notices nothing."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.auth.keys import FileKeys
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
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

    def who(self, role: Role, slug: str | None) -> Principal:
        return Principal("staff-7", slug, frozenset({role}))

    def bearer(self, role: Role, slug: str | None) -> dict[str, str]:
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


def test_its_secretariat_takes_its_data_away_and_nobody_else_does(held: Town) -> None:
    for service in SERVICES:
        path = f"/{service}/api/v1/municipalities/{HELD}:export"
        answer = held.http.get(path, headers=held.bearer(Role.SECRETARIAT, HELD))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        assert f"{HELD}-{service}.zip" in answer.headers["content-disposition"]
        holds_the_store(held.folder / "data", service, answer.content)
        assert held.http.get(path).status_code == 401
        others = [(role, HELD) for role in GRANTED_ROLES if role is not Role.SECRETARIAT]
        for role, slug in [*others, (Role.SECRETARIAT, OTHER), (Role.OPERATOR, None)]:
            refused = held.http.get(path, headers=held.bearer(role, slug))
            assert (refused.status_code, refused.json()["reason"]) == (403, "ROLE_REQUIRED"), (role, slug)


def test_who_has_the_stores_takes_all_at_once(held: Town) -> None:
    out = held.folder / "exports"
    held.command("municipality", "export", HELD, "--out", str(out))
    for service in SERVICES:
        file = out / f"{HELD}-{service}.zip"
        assert file.stat().st_mode & 0o077 == 0
        holds_the_store(held.folder / "data", service, file.read_bytes())
    assert sorted(each.name for each in out.iterdir()) == sorted(f"{HELD}-{one}.zip" for one in SERVICES)
    with pytest.raises(subprocess.CalledProcessError) as again:
        held.command("municipality", "export", HELD, "--out", str(out), "--service", "volunteer")
    assert b"already in the folder" in again.value.stderr
    with pytest.raises(subprocess.CalledProcessError) as unknown:
        held.command("municipality", "export", "nowhere", "--out", str(out), "--service", "volunteer")
    assert b"municipality list" in unknown.value.stderr
    assert not list(out.glob("nowhere*"))


def holds_the_store(data: Path, service: str, content: bytes) -> None:
    """The zip has as many rows of each table as the store, all of them this municipality's."""
    with (
        zipfile.ZipFile(io.BytesIO(content)) as packed,
        sqlite3.connect(data / f"{service}.sqlite3") as store,
    ):
        tables = [
            name
            for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        files = set(packed.namelist()) - {"manifest.json"}
        for table in tables:
            columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
            tenant = next((name for name in ("municipality_id", "municipality") if name in columns), None)
            if tenant is None:
                continue
            rows = [json.loads(line) for line in packed.read(f"{table}.jsonl").splitlines()]
            files.remove(f"{table}.jsonl")
            count = f"SELECT count(*) FROM {table} WHERE {tenant} = ?"  # noqa: S608 - the store's own names
            ((stored,),) = store.execute(count, [HELD])
            # What the export itself and the trial of the others noted comes on top.
            assert len(rows) == stored or (table == "audit_log" and 0 < stored - len(rows) <= 3), table
            assert {row[tenant] for row in rows} <= {HELD}
        assert not files
    store.close()


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
