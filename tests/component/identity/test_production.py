"""docs/identity.md's worked example, as printed: a provider that says things as Keycloak does, TLS before it
and before the suite, and the suite as a process of its own in the production profile.
"""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin
from uuid import uuid4

import httpx
import pytest

from chassis.app import descriptors
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from chassis.rpc.authority import Authority
from chassis.testing.processes import running_suite
from tests.component.identity.browser import Browser
from tests.infrastructure.nginx import ending_tls
from tests.infrastructure.oidc import Provider, running, signing_key
from tests.infrastructure.places import free_ports
from tests.infrastructure.postgres import PASSWORD, PostgresServer

PAGE = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("### A worked example")[1].split("\n## ")[0]
SETTINGS = dict(re.findall(r"^ {7}(BORGERTING_\w+)=(.*)$", EXAMPLE, re.MULTILINE))
SAID = re.findall(r"^ {7}(BORGERTING_.* must be .*)$", EXAMPLE, re.MULTILINE)
ANNA, OLE, NOBODY, LOST = (f"6d0f1c9e-000{number}" for number in range(1, 5))


def said(roles: list[str], kommune: str | None = "dragoer") -> dict[str, object]:
    """Claims as Keycloak has them."""
    own: dict[str, object] = {
        "resource_access": {"account": {"roles": ["view-profile"]}, "borgerting": {"roles": roles}}
    }
    return own if kommune is None else {**own, "kommune": kommune}


@dataclass
class Production:
    base: str
    environment: Mapping[str, str]
    keys: Path
    verify: ssl.SSLContext
    provider: Provider

    def browser(self) -> Browser:
        return Browser(self.base, verify=self.verify)

    def api(self, token: str, municipality: str = "dragoer") -> tuple[int, str]:
        """A system asks for a pool that is not there; status and reason."""
        answer = httpx.get(
            f"{self.base}/sortition/api/v1/municipalities/{municipality}/selections/{uuid4()}/pool",
            headers={"authorization": f"Bearer {token}"},
            verify=self.verify,
            trust_env=False,
            timeout=20,
        )
        return answer.status_code, answer.json().get("reason", "")


def command(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    return subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**own, "LC_ALL": "C.UTF-8", **environment},
    )


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("production")
    with ExitStack() as stack:
        site, login, behind_site, behind_login = free_ports(4)
        authority, now = Authority(datetime.now(UTC)), datetime.now(UTC)
        own = authority.issue([], ["127.0.0.1"], begin=now, end=now + timedelta(days=1))
        certificate, key = own.write(folder, "front")
        ca = folder / "ca.pem"
        ca.write_bytes(authority.issued.certificate)
        stack.enter_context(
            ending_tls(
                {site: f"127.0.0.1:{behind_site}", login: f"127.0.0.1:{behind_login}"}, certificate, key
            )
        )
        base, issuer = f"https://127.0.0.1:{site}", f"https://127.0.0.1:{login}"

        provider = Provider(folder, port=behind_login, issuer=issuer, behind_proxy=True)
        provider.keys = [signing_key("realm")]
        provider.claims = ["kommune", "resource_access"]
        provider.resource("urn:api", audience=SETTINGS["BORGERTING_OIDC__AUDIENCE"])
        client = SETTINGS["BORGERTING_OIDC__CLIENT_ID"]
        provider.pages(client, f"{base}/deliberation/sign-in/oidc/callback")
        provider.machine("journal", **said(["integrator"]))
        provider.machine("elsewhere", **said(["integrator"], "koege"))
        provider.people = {
            ANNA: said(["secretariat", "uma_protection"]),
            OLE: said(["operator"], None),
            NOBODY: said(["view-profile"]),
            LOST: said(["secretariat"], "not-entered"),
        }
        stack.enter_context(running(provider))

        keys = folder / "keys"
        FileKeys(keys, SystemClock())
        secret, password = folder / "client-secret", folder / "password"
        secret.write_text(f"{client}-secret+/%\n")
        password.write_text(f"{PASSWORD}\n")
        environment = {
            **SETTINGS,
            "BORGERTING_BASE_URL": base,
            "BORGERTING_KEYS__DIR": str(keys),
            "BORGERTING_OIDC__ISSUER": issuer,
            "BORGERTING_OIDC__CLIENT_SECRET_FILE": str(secret),
            "BORGERTING_DATA_DIR": str(folder / "data"),
            "SSL_CERT_FILE": str(ca),
        }
        for name, found in descriptors().items():
            urls = postgres.clone(postgres.prepare(name, found.migrations))
            stack.callback(postgres.drop, urls)
            address = urls.login.replace(f":{PASSWORD}@", "@")
            environment[f"BORGERTING_{name.upper()}__DATABASE_URL"] = f"{address}?password_file={password}"
        suite = stack.enter_context(
            running_suite(folder, environment={**environment, "BORGERTING_HTTP_PORT": str(behind_site)})
        )
        assert suite.process.poll() is None
        for slug in ("dragoer", "koege"):
            made = command(environment, "municipality", "create", slug, "--name", slug.title())
            assert made.returncode == 0, made.stderr
        verify = ssl.create_default_context(cafile=str(ca))
        yield Production(base, environment, keys, verify, provider)


def who(production: Production, browser: Browser) -> Principal | None:
    sessions = Sessions(FileKeys(production.keys, SystemClock(), shared=True), SystemClock())
    found = sessions.read(browser.session() or "")
    return found.principal if found else None


def test_check_config_before_and_after(production: Production) -> None:
    assert command(production.environment, "check-config", "--strict").returncode == 0
    without = {
        name: value
        for name, value in production.environment.items()
        if name == "BORGERTING_PROFILE" or name not in SETTINGS
    }
    checked = command(without, "check-config", "--strict")
    assert checked.returncode == 2
    assert len(SAID) == 5
    assert checked.stderr.splitlines() == SAID


def test_who_signs_in_and_out(production: Production) -> None:
    with production.browser() as browser:
        answer = browser.sign_in(ANNA)
        home = "/deliberation/dragoer/assemblies"
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        [cookie] = [
            each
            for each in answer.headers.get_list("set-cookie")
            if each.startswith("__Host-borgerting-session=")
        ]
        assert {"HttpOnly", "Secure"} <= {part.strip() for part in cookie.split(";")}
        # Roles of other clients, and such as are none of ours, are passed over.
        assert who(production, browser) == Principal(ANNA, "dragoer", frozenset({Role.SECRETARIAT}))
        assert "Log ud" in browser.page(home)
        assert browser.visit("/deliberation/koege/edit").status_code == 403

        assert browser.submit("/deliberation/sign-out", home).status_code == 303
        assert browser.session() is None
        assert browser.visit("/deliberation/dragoer/edit").status_code == 401
        page = browser.page("/deliberation/sign-in/out")
        [way] = re.findall(rf'href="({re.escape(production.provider.issuer)}/session/end[^"]*)"', page)
        # The provider still knows her: until she ends that as well, nobody is asked.
        assert browser.visit("/deliberation/sign-in/oidc").status_code == 303
        assert asked_for_login(browser) is False
        ask = browser.visit(way)
        [action] = re.findall(r'<form[^>]*action="([^"]+)"', ask.text)
        hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', ask.text))
        browser.visit(urljoin(way, action), {**hidden, "logout": "yes"})
        assert asked_for_login(browser) is True


def asked_for_login(browser: Browser) -> bool:
    """Whether the provider's next page is one to sign in on."""
    url = browser.begin()
    for _ in range(12):
        answer = browser.visit(url)
        if answer.status_code == 200:
            return 'name="login"' in answer.text
        url = urljoin(url, answer.headers["location"])
        if url.startswith(browser.site):
            return False
    raise AssertionError("the provider leads nowhere")


def test_an_operator_and_who_has_no_place_here(production: Production) -> None:
    with production.browser() as browser:
        assert browser.sign_in(OLE).headers["location"] == "/"
        assert who(production, browser) == Principal(OLE, None, frozenset({Role.OPERATOR}))
    for login, status in ((NOBODY, 403), (LOST, 404)):
        with production.browser() as browser:
            assert browser.sign_in(login).status_code == status
            assert browser.session() is None


def test_a_system_by_its_token(production: Production) -> None:
    journal, elsewhere = production.provider.token("journal"), production.provider.token("elsewhere")
    until = time.monotonic() + 60
    while (found := production.api(journal))[1] == "MUNICIPALITY_UNKNOWN":  # sortition hears of it by event
        assert time.monotonic() < until
        time.sleep(0.1)
    assert found == (404, "SELECTION_UNKNOWN")
    assert production.api(elsewhere) == (403, "ROLE_REQUIRED")
    # Our own count for nothing, though they are signed by the key of this very suite.
    keys = FileKeys(production.keys, SystemClock(), shared=True)
    ours = LocalTokens(keys, SystemClock()).issue(
        Principal("op", "dragoer", frozenset({Role.SECRETARIAT})), timedelta(minutes=5)
    )
    assert production.api(ours) == (401, "TOKEN_INVALID")


def test_its_secret_and_its_keys_are_replaced_while_it_runs(production: Production) -> None:
    """The keys by the steps of this page; who is signed in stays so."""
    with production.browser() as browser:
        browser.sign_in(ANNA)
        done = command(
            production.environment, "keys", "rotate", str(production.keys), "--sign-after-minutes", "0"
        )
        assert done.returncode == 0, done.stderr
        assert "Log ud" in browser.page("/deliberation/dragoer/assemblies")
        with production.browser() as later:
            assert later.sign_in(ANNA).status_code == 303
            assert command(production.environment, "keys", "withdraw", str(production.keys)).returncode == 0
            assert browser.visit("/deliberation/dragoer/edit").status_code == 401
            assert later.visit("/deliberation/dragoer/edit").status_code == 200
