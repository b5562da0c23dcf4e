"""Signing in and out, and the registry's pages, as a browser without scripts sees them."""

from __future__ import annotations

import html
import io
import re
import threading
from pathlib import Path

import httpx
import pytest

from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis import log
from chassis.auth.principal import SIGNED_IN_ROLES, Principal, Role
from chassis.auth.sessions import Sessions
from chassis.clock import SystemClock
from chassis.config import load_settings
from chassis.suite import Suite
from chassis.text import catalogues
from services.deliberation.service import DESCRIPTOR
from tests.component.deliberation.conftest import OPERATOR, House, principal

SECRETARY = principal("secretariat", "dragoer")


class Browser(httpx.Client):
    """Keeps cookies and sends forms with their hidden fields, as a browser does."""

    def __init__(self, house: House) -> None:
        super().__init__(base_url=house.addresses.http, trust_env=False, timeout=20)
        self.origin = house.addresses.http

    def page(self, path: str, status: int = 200) -> str:
        answer = self.get(path, headers={"accept-language": "da"})
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    def submit(self, path: str, fields: dict[str, str] | None = None, *, form_at: str = "") -> httpx.Response:
        """Fill in the form of the page at `form_at` (else `path`) and send it to `path`."""
        hidden = re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.get(form_at or path).text
        )
        data = {name: html.unescape(value) for name, value in hidden} | (fields or {})
        return self.post(path, data=data, headers={"origin": self.origin, "sec-fetch-site": "same-origin"})

    def sign_in(self, uri: str) -> httpx.Response:
        return self.submit(httpx.URL(uri).path)


def logged() -> io.StringIO:
    stream = io.StringIO()
    log.configure("info", stream)
    return stream


def make_link(house: House, municipality: str | None = "dragoer", seconds: int = 0) -> str:
    wish = link_pb.SignInLink(
        municipality=f"municipalities/{municipality}" if municipality else "",
        role="secretariat" if municipality else "operator",
    )
    if seconds:
        wish.ttl.FromSeconds(seconds)
    request = link_pb.CreateSignInLinkRequest(sign_in_link=wish)
    uri: str = house.links.CreateSignInLink(request, metadata=house.metadata(OPERATOR)).uri
    return uri


def test_the_front_page_of_an_empty_registry_says_what_to_do(house: House) -> None:
    with Browser(house) as anyone:
        answer = anyone.get("/")
        assert answer.status_code == 200
        assert "borgerting municipality create" in anyone.page("/")
        assert "set-cookie" not in answer.headers
        assert "There are no municipalities yet" in anyone.page("/?language=en")


def test_the_front_page_leads_on(house: House) -> None:
    house.enter("dragoer", "Dragør Kommune")
    with Browser(house) as anyone:
        only = anyone.page("/")
        assert "Borgerting i Dragør Kommune" in only
        # Here deliberation is alone: to what is not there no link leads.
        assert 'href="/sortition/dragoer"' not in only
        house.enter("koege", "Køge <Kommune>")
        both = anyone.page("/")
        assert 'href="/deliberation/dragoer"' in both
        assert 'href="/deliberation/koege"' in both
        assert "Køge &lt;Kommune&gt;" in anyone.get("/").text
        assert 'href="/deliberation/koege/assemblies"' not in anyone.page("/deliberation/koege")


def test_a_link_signs_in_once_and_looking_spends_nothing(house: House) -> None:
    house.enter("dragoer", "Dragør Kommune")
    uri = make_link(house)
    path = httpx.URL(uri).path
    lines = logged()
    with Browser(house) as mine, Browser(house) as late:
        for _ in range(3):
            assert (mine.head(path).status_code, mine.head(path).content) == (200, b"")
            assert "Du logger ind som sekretariat i Dragør Kommune." in mine.page(path)
        answer = mine.sign_in(uri)
        assert (answer.status_code, answer.headers["location"]) == (303, "/deliberation/dragoer/assemblies")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "secure" not in cookie.lower()  # loopback without https
        home = mine.page("/deliberation/dragoer")
        assert 'href="/deliberation/dragoer/assemblies"' in home
        assert "Log ud" in home
        # Spent: for the same browser, for another, by looking and by pressing.
        assert "Linket er allerede brugt" in mine.page(path, 410)
        assert "Linket er allerede brugt" in late.page(path, 410)
        assert "/dragoer/assemblies" not in late.page("/deliberation/dragoer")
        out = mine.submit("/deliberation/sign-out", form_at="/deliberation/dragoer")
        assert (out.status_code, out.headers["location"]) == (303, "/")
        assert "/dragoer/assemblies" not in mine.page("/deliberation/dragoer")
        assert path.rpartition("/")[2] not in lines.getvalue()
        assert "/deliberation/sign-in/{secret}" in lines.getvalue()
    metrics = house.metrics()
    assert 'borgerting_deliberation_sign_ins_total{outcome="signed_in"} 1.0' in metrics
    assert 'outcome="SIGN_IN_LINK_SPENT"' in metrics


def test_pressing_without_our_form_spends_nothing(house: House) -> None:
    house.enter("dragoer")
    uri = make_link(house)
    path = httpx.URL(uri).path
    with Browser(house) as mine:
        assert mine.post(path).status_code == 403
        assert mine.post(path, data={"csrf_token": "x"}).status_code == 403
        token = re.findall(r'name="csrf_token" value="([^"]+)"', mine.get(path).text)[0]
        foreign = {"origin": "https://evil.example"}
        assert mine.post(path, data={"csrf_token": token}, headers=foreign).status_code == 403
        with Browser(house) as other:
            assert other.post(path, data={"csrf_token": token}).status_code == 403
        assert mine.sign_in(uri).status_code == 303


def test_of_many_who_press_at_once_one_gets_in(house: House) -> None:
    house.enter("dragoer")
    uri = make_link(house)
    path = httpx.URL(uri).path
    statuses: list[int] = []
    barrier = threading.Barrier(6)

    def press() -> None:
        with Browser(house) as browser:
            token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)[0]
            barrier.wait()
            statuses.append(browser.post(path, data={"csrf_token": token}).status_code)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 410, 410, 410, 410, 410]


def test_an_old_link_and_one_that_never_was(house: House, tmp_path: Path) -> None:
    house.enter("dragoer")
    with Browser(house) as anyone:
        assert "Det link kender vi ikke" in anyone.page("/deliberation/sign-in/nonsense", 404)
        page = anyone.page("/deliberation/sign-in")
        assert "Der er ingen adgangskode at huske." in page


def test_an_expired_link(tmp_path: Path) -> None:
    def suite(clock: str) -> Suite:
        settings = load_settings(
            ["deliberation"],
            {},
            data_dir=tmp_path,
            clock=clock,
            http_port=0,
            grpc_port=0,
            ops_port=0,
            drain_seconds=2.0,
        )
        return Suite(settings, {"deliberation": DESCRIPTOR})

    import grpc

    from chassis.auth.keys import FileKeys
    from chassis.clock import SystemClock

    today = suite("")
    addresses = today.start()
    with grpc.insecure_channel(addresses.grpc) as channel:
        house = House(tmp_path, addresses, channel, httpx.Client(), FileKeys(tmp_path, SystemClock()))
        house.enter("dragoer")
        path = httpx.URL(make_link(house, seconds=3600)).path
        house.http.close()
    today.stop()
    tomorrow = suite("+P1D")
    addresses = tomorrow.start()
    with httpx.Client(base_url=addresses.http, trust_env=False) as anyone:
        answer = anyone.get(path)
    tomorrow.stop()
    assert answer.status_code == 410
    assert "Linket er for gammelt" in answer.text
    assert "Bed den, der sendte dig linket, om et nyt." in answer.text


def test_an_operator_enters_a_municipality_and_changes_it(house: House) -> None:
    with Browser(house) as operator:
        assert operator.sign_in(make_link(house, None)).headers["location"] == "/"
        assert 'href="/deliberation/new"' in operator.page("/")
        fields = {"slug": "API", "display_name": "  ", "time_zone": "Mars"}
        refused = operator.submit("/deliberation/new", fields)
        assert refused.status_code == 400
        text = html.unescape(refused.text)
        for field in ("slug", "display_name", "time_zone"):
            assert f'href="#{field}"' in text
            assert f'id="{field}-error"' in text
        assert 'value="Mars"' in text  # what was typed is kept
        fields = {
            "slug": "dragoer",
            "display_name": "Dragør",
            "time_zone": "Europe/Copenhagen",
        }
        made = operator.submit("/deliberation/new", fields)
        assert (made.status_code, made.headers["location"]) == (303, "/deliberation/dragoer")
        assert operator.submit("/deliberation/new", fields).status_code == 409
        edited = operator.submit("/deliberation/dragoer/edit", {**fields, "display_name": "Dragør By"})
        assert edited.status_code == 303
        assert "Borgerting i Dragør By" in operator.page("/deliberation/dragoer")


def test_two_who_edit_at_once(house: House) -> None:
    house.enter("dragoer", "Dragør")
    with Browser(house) as first, Browser(house) as second:
        for browser in (first, second):
            browser.sign_in(make_link(house))
        path = "/deliberation/dragoer/edit"
        hidden = dict(
            re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', second.get(path).text)
        )
        typed = {"display_name": "Mit navn", "time_zone": "Europe/Copenhagen"}
        assert first.submit(path, {**typed, "display_name": "Dit navn"}).status_code == 303
        late = {**{name: html.unescape(value) for name, value in hidden.items()}, **typed}
        answer = second.post(path, data=late)
        assert answer.status_code == 409
        assert "Mit navn" in answer.text
        assert "En anden har ændret det i mellemtiden." in html.unescape(answer.text)
        assert "Dit navn" in second.page("/deliberation/dragoer")


def test_a_secretariat_gives_a_colleague_access(house: House) -> None:
    house.enter("dragoer", "Dragør")
    with Browser(house) as mine, Browser(house) as colleague:
        mine.sign_in(make_link(house))
        path = "/deliberation/dragoer/sign-in-links/new"
        refused = mine.submit(path, {"role": "secretariat", "subject": "Anna Hansen"})
        assert (refused.status_code, 'id="subject-error"' in refused.text) == (400, True)
        wizard = mine.submit(path, {"role": "wizard", "subject": "staff-9"})
        assert (wizard.status_code, "Her kan der kun logges ind som" in wizard.text) == (400, True)
        made = mine.submit(path, {"role": "secretariat", "subject": "staff-9"})
        assert made.status_code == 200
        assert made.headers["cache-control"] == "no-store"
        uri = re.findall(r"http://[^<\s]+/deliberation/sign-in/[\w-]{43}", made.text)[0]
        assert colleague.sign_in(uri).headers["location"] == "/deliberation/dragoer/assemblies"
        assert 'href="/deliberation/dragoer/assemblies"' in colleague.page("/deliberation/dragoer")


@pytest.mark.parametrize("role", [role for role in SIGNED_IN_ROLES if role is not Role.SECRETARIAT])
def test_a_link_gives_the_role_it_says_and_no_other(house: House, role: Role) -> None:
    house.enter("dragoer", "Dragør")
    with Browser(house) as mine, Browser(house) as theirs:
        mine.sign_in(make_link(house))
        made = mine.submit("/deliberation/dragoer/sign-in-links/new", {"role": role.value, "subject": "p-1"})
        uri = re.findall(r"http://[^<\s]+/deliberation/sign-in/[\w-]{43}", made.text)[0]
        words = catalogues(["services.deliberation"])["da"].text(f"role.{role}")
        assert f"Du logger ind som {words} i Dragør." in theirs.page(httpx.URL(uri).path)
        theirs.sign_in(uri)
        session = Sessions(house.keys, SystemClock()).read(theirs.cookies["borgerting-session"])
        assert session is not None
        assert session.principal == Principal("p-1", "dragoer", frozenset({role}))
        assert "Log ud" in theirs.page("/deliberation/dragoer")
        theirs.page("/deliberation/dragoer/edit", 403)
        theirs.page("/deliberation/dragoer/sign-in-links/new", 403)


def test_another_municipalitys_pages_stay_closed(house: House) -> None:
    house.enter("dragoer")
    house.enter("koege")
    with Browser(house) as mine:
        mine.sign_in(make_link(house))
        assert "Du har ikke adgang til siden" in mine.page("/deliberation/koege/edit", 403)
        assert mine.submit("/deliberation/koege/edit", {}, form_at="/deliberation/dragoer").status_code == 403
        assert mine.get("/deliberation/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/deliberation/sign-out"),
        ("POST", "/deliberation/new"),
        ("POST", "/deliberation/dragoer/edit"),
        ("POST", "/deliberation/dragoer/sign-in-links/new"),
        ("POST", "/deliberation/sign-in/x"),
    ],
)
def test_no_form_works_without_its_token(house: House, method: str, path: str) -> None:
    house.enter("dragoer")
    for headers in ({}, house.session(OPERATOR), house.session(SECRETARY)):
        answer = house.http.request(method, path, headers=headers, data={"slug": "x"})
        assert answer.status_code == 403
