"""A municipality of the demonstration is held still, exported, served again and removed; another notices
nothing. At last 98 are entered at once.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
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
from tests.e2e.demo.people import MARKS

HELD, OTHER = "havnsted", "egebaek"
SERVICES = ("deliberation", "sortition", "followup", "volunteer")


@dataclass
class Town:
    folder: Path
    http: httpx.Client
    others: dict[str, dict[str, list[tuple[Any, ...]]]] = field(default_factory=dict)

    def command(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "chassis", *arguments, "--data-dir", str(self.folder / "data")],
            env={**os.environ, "BORGERTING_DELIBERATION__REMOVAL_GRACE_DAYS": "0"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def refused(self, *arguments: str) -> str:
        with pytest.raises(subprocess.CalledProcessError) as error:
            self.command(*arguments)
        return str(error.value.stderr)

    def rows(self, service: str, slug: str) -> dict[str, list[tuple[Any, ...]]]:
        """All that the store holds of a municipality."""
        found = {}
        with sqlite3.connect(self.folder / "data" / f"{service}.sqlite3") as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"):
                columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
                tenant = next((one for one in ("municipality_id", "municipality") if one in columns), None)
                if tenant is not None:
                    query = f"SELECT * FROM {table} WHERE {tenant} = ?"  # noqa: S608 - the store's own names
                    found[table] = store.execute(query, [slug]).fetchall()
        store.close()
        return found

    def who(self, role: Role, slug: str | None) -> Principal:
        return Principal("staff-7", slug, frozenset({role}))

    def bearer(self, role: Role, slug: str | None) -> dict[str, str]:
        keys = FileKeys(self.folder / "data", SystemClock())
        return {"authorization": f"Bearer {LocalTokens(keys, SystemClock()).issue(self.who(role, slug))}"}

    def cookie(self, role: Role, slug: str | None) -> dict[str, str]:
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


PAGES = (
    "/deliberation/municipalities",
    f"/deliberation/municipalities/{HELD}",
    f"/deliberation/municipalities/{HELD}/suspend",
    *(f"/{service}/ops/municipalities/{HELD}" for service in SERVICES),
)


def test_operators_see_figures_and_no_content(town: Town) -> None:
    titles = {
        str(row[0])
        for service, query in (
            ("sortition", "SELECT title FROM selections"),
            ("deliberation", "SELECT title FROM assemblies UNION SELECT title FROM initiatives"),
            ("followup", "SELECT title FROM promises UNION SELECT text FROM promises"),
            ("volunteer", "SELECT title FROM tasks UNION SELECT place FROM tasks"),
        )
        for row in sqlite3.connect(town.folder / "data" / f"{service}.sqlite3").execute(query)
    }
    assert len(titles) > 50
    for path in PAGES:
        page = town.http.get(path, headers=town.cookie(Role.OPERATOR, None))
        assert page.status_code == 200, path
        text = unescape(page.text)
        assert [mark for mark in (*MARKS, *titles) if mark in text] == [], path
        for role, slug in ((Role.SECRETARIAT, HELD), (Role.OPERATOR, HELD)):
            assert town.http.get(path, headers=town.cookie(role, slug)).status_code == 403, (path, role)
    figures = town.http.get(PAGES[-1], headers=town.cookie(Role.OPERATOR, None)).text
    people = len(town.rows("volunteer", HELD)["people"])
    assert f"<tr><td>people</td><td>{people}</td><td>" in figures


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
        holds_the_store(held, service, answer.content)
        assert held.http.get(path).status_code == 401
        others = [(role, HELD) for role in GRANTED_ROLES if role is not Role.SECRETARIAT]
        for role, slug in [*others, (Role.SECRETARIAT, OTHER), (Role.OPERATOR, None)]:
            refused = held.http.get(path, headers=held.bearer(role, slug))
            assert (refused.status_code, refused.json()["reason"]) == (403, "ROLE_REQUIRED"), (role, slug)


def test_its_secretariat_has_a_button_for_each(held: Town) -> None:
    staff = held.cookie(Role.SECRETARIAT, HELD)
    page = held.http.get(f"/deliberation/{HELD}/export", headers=staff).text
    origin = {"origin": str(held.http.base_url).rstrip("/")}
    for service in SERVICES:
        address = f"/{service}/{HELD}/export"
        (token,) = re.findall(rf'action="{address}"[^>]*>\s*<input[^>]* value="([^"]*)"', page)
        answer = held.http.post(address, data={"csrf_token": token}, headers={**staff, **origin})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        holds_the_store(held, service, answer.content)
        operator = held.cookie(Role.OPERATOR, None)
        refused = held.http.post(address, data={"csrf_token": token}, headers={**operator, **origin})
        assert refused.status_code == 403


def test_who_has_the_stores_takes_all_at_once(held: Town) -> None:
    out = held.folder / "exports"
    held.command("municipality", "export", HELD, "--out", str(out))
    for service in SERVICES:
        file = out / f"{HELD}-{service}.zip"
        assert file.stat().st_mode & 0o077 == 0
        holds_the_store(held, service, file.read_bytes())
    assert sorted(each.name for each in out.iterdir()) == sorted(f"{HELD}-{one}.zip" for one in SERVICES)
    only = ("--out", str(out), "--service", "volunteer")
    assert "already in the folder" in held.refused("municipality", "export", HELD, *only)
    assert "municipality list" in held.refused("municipality", "export", "nowhere", *only)
    assert not list(out.glob("nowhere*"))


def holds_the_store(town: Town, service: str, content: bytes) -> None:
    """The zip has as many rows of each table as the store, all of them this municipality's."""
    stored = town.rows(service, HELD)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert set(packed.namelist()) == {f"{table}.jsonl" for table in stored} | {"manifest.json"}
        for table, there in stored.items():
            rows = [json.loads(line) for line in packed.read(f"{table}.jsonl").splitlines()]
            # What exports themselves note comes on top.
            noted = len(there) - len(rows)
            assert noted == 0 or (table == "audit_log" and 0 < noted <= 3), table
            assert {row.get("municipality_id", row.get("municipality")) for row in rows} <= {HELD}


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


@pytest.fixture(scope="module")
def removed(town: Town) -> Town:
    remove = ("municipality", "remove", HELD, "--reason", "case 2026-117")
    assert "is not suspended" in town.refused(*remove, "--confirm", HELD)
    town.command("municipality", "suspend", HELD, "--reason", "case 2026-117")
    assert "once more" in town.refused(*remove, "--confirm", OTHER)
    assert "not exported since" in town.refused(*remove, "--confirm", HELD)
    town.command("municipality", "export", HELD, "--out", str(town.folder / "last"))
    town.others = {service: town.rows(service, OTHER) for service in SERVICES}
    assert town.command(*remove, "--confirm", HELD).startswith("20")
    return town


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_erases_all_of_it_and_nothing_else(removed: Town, service: str) -> None:
    def held() -> dict[str, int]:
        return {table: len(rows) for table, rows in removed.rows(service, HELD).items() if rows}

    own = {"outbox": 1, "outbox_sequences": 1} if service == "deliberation" else {}
    until(lambda: held() == {"municipalities": 1, "erasures": 1} | own)
    assert "Havnsted" not in str(removed.rows(service, HELD))
    assert removed.rows(service, OTHER) == removed.others[service]


def test_nobody_sees_it_any_more_and_its_slug_is_not_given_again(removed: Town) -> None:
    for service in SERVICES:
        assert removed.http.get(f"/{service}/{HELD}").status_code == 404
    assert "Havnsted" not in removed.http.get("/").text
    listed = removed.http.get("/deliberation/api/v1/municipalities").json()["municipalities"]
    assert [each["name"] for each in listed] == [f"municipalities/{OTHER}"]
    assert removed.http.get(f"/deliberation/api/v1/municipalities/{HELD}").status_code == 404
    export = f"/volunteer/api/v1/municipalities/{HELD}:export"
    assert removed.http.get(export, headers=removed.bearer(Role.SECRETARIAT, HELD)).status_code == 404
    assert "already" in removed.refused("municipality", "create", HELD, "--name", "Another")
    assert "time is over" in removed.refused("municipality", "undelete", HELD, "--reason", "too late")


def test_operators_see_what_became_of_it(removed: Town) -> None:
    operator = removed.cookie(Role.OPERATOR, None)
    entry = removed.http.get(f"/deliberation/municipalities/{HELD}?language=en", headers=operator)
    assert f"{HELD} is erased" in entry.text
    for service in SERVICES:
        address = f"/{service}/ops/municipalities/{HELD}"
        assert f'href="{address}"' in entry.text
        until(lambda at=address: "Slettet" in removed.http.get(at, headers=operator).text)


def test_stores_and_log_still_fit(removed: Town) -> None:
    assert "fits" in removed.command("doctor")


def test_ninety_eight_are_entered_at_once(removed: Town) -> None:
    operator = removed.bearer(Role.OPERATOR, None)
    slugs = [f"kommune-{number}" for number in range(98)]

    def enter(slug: str) -> int:
        path = f"/deliberation/api/v1/municipalities?municipalityId={slug}"
        return removed.http.post(path, json={"displayName": slug.title()}, headers=operator).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(enter, slugs)) == {201}
    for service in SERVICES:
        until(lambda service=service: all(removed.rows(service, slug)["municipalities"] for slug in slugs))
        assert removed.state(service, slugs[-1]) != "MUNICIPALITY_UNKNOWN"
        assert removed.http.get(f"/{service}/{slugs[0]}").status_code == 200
