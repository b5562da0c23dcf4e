"""Signing in on pages at a real OpenID provider, and every way in which an answer is not the right one."""

from __future__ import annotations

import html
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest

from chassis import log
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.provider import PAUSE_SECONDS
from chassis.auth.sessions import Sessions
from chassis.clock import SystemClock
from tests.component.identity.browser import Browser, query
from tests.component.identity.conftest import CLIENT, HERE, HOME, Site, Starter, furnish
from tests.infrastructure.oidc import Provider, running, signing_key
from tests.infrastructure.places import free_port

CALLBACK = "/deliberation/sign-in/oidc/callback"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, start: Starter) -> Iterator[tuple[Provider, Site]]:
    port = free_port()
    made = furnish(Provider(tmp_path_factory.mktemp("pages-provider")))
    made.keys = [signing_key("first")]
    made.pages(CLIENT, f"http://127.0.0.1:{port}{CALLBACK}")
    with running(made):
        yield made, start(made, port)


@pytest.fixture
def browser(pages: tuple[Provider, Site]) -> Iterator[Browser]:
    with Browser(pages[1].base) as made:
        yield made


def who(browser: Browser, site: Site) -> Principal | None:
    """Whom the browser's session names."""
    found = Sessions(FileKeys(site.folder, SystemClock()), SystemClock()).read(browser.session() or "")
    return found.principal if found else None


def failed(browser: Browser, answer: httpx.Response, words: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert "Du blev ikke logget ind" in answer.text
    assert 'href="/deliberation/sign-in/oidc"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert browser.session() is None


def test_there_and_back(pages: tuple[Provider, Site], browser: Browser) -> None:
    provider, site = pages
    help_page = browser.page("/deliberation/sign-in")
    assert "Log ind med kommunens login" in help_page
    assert "borgerting sign-in-link" not in help_page
    to_provider = browser.begin()
    asked = query(to_provider)
    assert to_provider.startswith(f"{provider.issuer}/auth?")
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == (
        "code",
        CLIENT,
        "S256",
    )
    assert asked["redirect_uri"] == site.base + CALLBACK
    assert len(asked["state"]) == len(asked["nonce"]) == 43
    assert asked["state"] != asked["nonce"]
    answer = browser.visit(browser.at_provider(to_provider, "anna"))
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    cookies = answer.headers.get_list("set-cookie")
    [session] = [each for each in cookies if each.startswith("borgerting-session=")]
    assert "HttpOnly" in session
    assert "samesite=lax" in session.lower()
    [spent] = [each for each in cookies if each.startswith("borgerting-sign-in=")]
    assert "Max-Age=0" in spent
    assert who(browser, site) == Principal("anna", HERE, frozenset({Role.SECRETARIAT}))
    assert "Log ud" in browser.page(f"/deliberation/{HERE}")
    assert browser.visit("/deliberation/koege/edit").status_code == 403


def test_an_operator_of_the_platform(pages: tuple[Provider, Site], browser: Browser) -> None:
    assert browser.sign_in("op").headers["location"] == "/"
    assert who(browser, pages[1]) == Principal("op", None, frozenset({Role.OPERATOR}))


def test_back_to_the_page_that_asked_for_it(pages: tuple[Provider, Site], browser: Browser) -> None:
    wanted = f"/deliberation/{HERE}/edit"
    refused = browser.page(wanted, 401)
    assert f'href="/deliberation/sign-in?then={quote(wanted)}"' in refused
    help_page = browser.page(f"/deliberation/sign-in?then={wanted}")
    assert f'href="/deliberation/sign-in/oidc?{urlencode({"then": wanted})}"' in help_page
    assert browser.sign_in("anna", wanted).headers["location"] == wanted
    browser.page(wanted)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example",
        "javascript:alert(1)", "evil.example", "/\t/evil.example", "/ok\r\nset-cookie: a=b",
        "///evil.example",
    ],
)  # fmt: skip
def test_a_sign_in_leads_to_no_other_site(
    pages: tuple[Provider, Site], browser: Browser, elsewhere: str
) -> None:
    answer = browser.sign_in("anna", quote(elsewhere, safe=""))
    location = answer.headers["location"]
    assert urlsplit(location).netloc == ""
    assert location in (HOME, "/%09/evil.example")  # the second is a path of ours
    help_page = browser.page(f"/deliberation/sign-in?then={quote(elsewhere, safe='')}")
    addresses = [html.unescape(found) for found in re.findall(r'href="([^"]*)"', help_page)]
    assert {urlsplit(address).netloc for address in addresses} == {""}
    [leads] = [address for address in addresses if address.startswith("/deliberation/sign-in/oidc?")]
    assert query(leads)["then"] in ("/", "/%09/evil.example")
    assert "a=b" not in str(answer.headers.get_list("set-cookie"))


def test_another_state(pages: tuple[Provider, Site], browser: Browser) -> None:
    """A stranger's answer: with his code our visitor would be signed in as him."""
    back = browser.at_provider(browser.begin(), "anna")
    own = query(back)
    with Browser(pages[1].base) as stranger:
        theirs = query(stranger.at_provider(stranger.begin(), "bo"))
        failed(stranger, stranger.visit(f"{CALLBACK}?{urlencode(own)}"), "Svaret hører ikke til det login")
    for state in (theirs["state"], "", own["state"][:-1], "æ"):
        answer = browser.visit(f"{CALLBACK}?{urlencode({**own, 'state': state})}")
        failed(browser, answer, "Svaret hører ikke til det login")
    # Nothing was spent by it.
    assert browser.visit(back).status_code == 303


def test_a_browser_that_began_nothing(pages: tuple[Provider, Site], browser: Browser) -> None:
    back = browser.at_provider(browser.begin(), "anna")
    with Browser(pages[1].base) as other:
        failed(other, other.visit(back), "begyndte i en anden browser")
        other.jars[urlsplit(pages[1].base).netloc].set("borgerting-sign-in", "forged.cookie.value")
        failed(other, other.visit(back), "begyndte i en anden browser")


def test_a_session_is_no_sign_in_under_way(pages: tuple[Provider, Site], browser: Browser) -> None:
    """Both cookies are signed by the same file: each by a key of its own."""
    site = pages[1]
    session = Sessions(FileKeys(site.folder, SystemClock()), SystemClock()).issue(
        Principal("anna", HERE, frozenset({Role.SECRETARIAT}))
    )
    back = browser.at_provider(browser.begin(), "anna")
    place = urlsplit(site.base).netloc
    under_way = browser.jars[place]["borgerting-sign-in"]
    with Browser(site.base) as other:
        other.jars[place] = httpx.Cookies({"borgerting-sign-in": session})
        failed(other, other.visit(back), "begyndte i en anden browser")
        other.jars[place] = httpx.Cookies({"borgerting-session": under_way})
        assert "Log ud" not in other.page(f"/deliberation/{HERE}")


def test_another_nonce(pages: tuple[Provider, Site], browser: Browser) -> None:
    """The answer to another question, with our state: the ID token bears the nonce that was asked with."""
    asked = browser.begin()
    changed = asked.replace(query(asked)["nonce"], "another-nonce")
    failed(browser, browser.visit(browser.at_provider(changed, "anna")), "Svaret hører til et andet forsøg")


def test_a_code_of_another_browser(pages: tuple[Provider, Site], browser: Browser) -> None:
    """A code that was seen on its way is worth nothing without the verifier that never left."""
    stolen = query(browser.at_provider(browser.begin(), "anna"))
    with Browser(pages[1].base) as thief:
        own = query(thief.at_provider(thief.begin(), "bo"))
        answer = thief.visit(f"{CALLBACK}?{urlencode({**own, 'code': stolen['code']})}")
        failed(thief, answer, "er brugt eller for gammelt")


def test_an_answer_twice(pages: tuple[Provider, Site], browser: Browser) -> None:
    back = browser.at_provider(browser.begin(), "anna")
    place = urlsplit(pages[1].base).netloc
    under_way = browser.jars[place]["borgerting-sign-in"]
    assert browser.visit(back).status_code == 303
    again = browser.visit(back)
    assert (again.status_code, "begyndte i en anden browser" in again.text) == (400, True)
    # Even with the cookie put back: the provider gives nothing for a spent code.
    with Browser(pages[1].base) as replaying:
        replaying.jars[place] = httpx.Cookies({"borgerting-sign-in": under_way})
        failed(replaying, replaying.visit(back), "er brugt eller for gammelt")


def test_another_issuer_in_the_answer(pages: tuple[Provider, Site], browser: Browser) -> None:
    for issuer in ("https://evil.example", None):
        own = query(browser.at_provider(browser.begin(), "anna"))
        changed = {name: value for name, value in {**own, "iss": issuer}.items() if value is not None}
        answer = browser.visit(f"{CALLBACK}?{urlencode(changed)}")
        failed(browser, answer, "et andet sted end kommunens login")


@pytest.mark.parametrize(
    ("error", "words"),
    [("access_denied", "Du afbrød"), ("server_error", "afviste os"), ("<script>", "afviste os")],
)
def test_the_provider_says_no(pages: tuple[Provider, Site], browser: Browser, error: str, words: str) -> None:
    state = query(browser.begin())["state"]
    said = {"state": state, "error": error, "error_description": "Anna <b>x</b>", "iss": pages[0].issuer}
    answer = browser.visit(f"{CALLBACK}?{urlencode(said)}")
    failed(browser, answer, words)
    assert "Anna" not in answer.text
    assert "<script>" not in answer.text.split("</head>")[1]


@pytest.mark.parametrize(
    ("login", "status", "words"),
    [
        ("carl", 403, "du har ingen rolle her"),
        ("dora", 404, "Den kommune findes ikke her"),
        ("service:deliberation", 400, "kan vi ikke stole på"),
    ],
)
def test_who_is_known_and_has_no_place_here(
    pages: tuple[Provider, Site], browser: Browser, login: str, status: int, words: str
) -> None:
    failed(browser, browser.sign_in(login), words, status)


def test_signing_out(pages: tuple[Provider, Site], browser: Browser) -> None:
    provider = pages[0]
    browser.sign_in("anna")
    out = browser.submit("/deliberation/sign-out", f"/deliberation/{HERE}")
    assert (out.status_code, out.headers["location"]) == (303, "/deliberation/sign-in/out")
    assert browser.session() is None
    page = browser.page("/deliberation/sign-in/out")
    assert f'href="{provider.issuer}/session/end?client_id={CLIENT}"' in page
    assert "Log ud" not in browser.page(f"/deliberation/{HERE}").replace("Log også ud", "")
    assert browser.visit(f"/deliberation/{HERE}/edit").status_code == 401


def test_a_new_session_at_every_sign_in(pages: tuple[Provider, Site], browser: Browser) -> None:
    """Whatever session a browser was given before, it is not the one that it has afterwards (fixation)."""
    site = pages[1]
    sessions = Sessions(FileKeys(site.folder, SystemClock()), SystemClock())
    planted = sessions.issue(Principal("mallory", HERE, frozenset({Role.MEMBER})))
    browser.jars[urlsplit(site.base).netloc] = jar = httpx.Cookies()
    jar.set("borgerting-session", planted, domain="127.0.0.1", path="/")
    browser.sign_in("anna")
    now = sessions.read(browser.session() or "")
    before = sessions.read(planted)
    assert now is not None
    assert before is not None
    assert (now.principal.subject, now.id != before.id) == ("anna", True)


def test_what_came_of_it_is_counted_without_names(pages: tuple[Provider, Site], browser: Browser) -> None:
    browser.sign_in("anna")
    browser.visit(f"{CALLBACK}?state=x&code=y")
    text = httpx.get(f"{pages[1].ops}/metrics", trust_env=False).text
    assert 'borgerting_deliberation_sign_ins_total{outcome="signed_in"}' in text
    assert 'borgerting_deliberation_sign_ins_total{outcome="SIGN_IN_FLOW_LOST"}' in text
    assert "anna" not in text


def test_nothing_of_it_is_logged(pages: tuple[Provider, Site], browser: Browser) -> None:
    stream = io.StringIO()
    log.configure("info", stream)
    asked = browser.begin()
    back = browser.at_provider(asked, "anna")
    browser.visit(back)
    browser.visit(f"{CALLBACK}?{urlencode({**query(back), 'error': 'Anna Hansen'})}")
    written = stream.getvalue()
    assert "/deliberation/sign-in/oidc/callback" in written
    secrets = [query(asked)[name] for name in ("state", "nonce", "code_challenge")]
    session = browser.session() or ""
    for secret in (*secrets, query(back)["code"], session, "anna", "Anna", f"{CLIENT}-secret"):
        assert secret not in written


def provided(tmp_path: Path, start: Starter, **changes: object) -> tuple[Provider, Site]:
    port = free_port()
    made = furnish(Provider(tmp_path))
    made.keys = [signing_key("first")]
    made.pages(CLIENT, f"http://127.0.0.1:{port}{CALLBACK}", **changes)
    made.start()
    variables = {"BORGERTING_OIDC__CLIENT_SECRET": ""} if changes else {}
    return made, start(made, port, **variables)


def test_roles_that_only_userinfo_tells(tmp_path: Path, start: Starter) -> None:
    made, site = provided(tmp_path, start)
    made.claims_by_userinfo = True
    try:
        made.start()
        with Browser(site.base) as browser:
            browser.sign_in("anna")
            assert who(browser, site) == Principal("anna", HERE, frozenset({Role.SECRETARIAT}))
    finally:
        made.stop()


def test_a_public_client_has_no_secret(tmp_path: Path, start: Starter) -> None:
    made, site = provided(tmp_path, start, token_endpoint_auth_method="none", client_secret=None)
    try:
        with Browser(site.base) as browser:
            assert browser.sign_in("anna").headers["location"] == HOME
    finally:
        made.stop()


def test_a_wrong_secret_is_the_operators_to_mend(tmp_path: Path, start: Starter) -> None:
    made, site = provided(tmp_path, start)
    made.clients[-1]["client_secret"] = "another"
    try:
        made.start()
        with Browser(site.base) as browser:
            failed(browser, browser.sign_in("anna"), "Den, der driver siden, kan se hvorfor")
    finally:
        made.stop()


def test_another_key_and_another_audience(tmp_path: Path, start: Starter) -> None:
    """Whoever answers at the token endpoint must have the keys that are published, and mean us."""
    made, site = provided(tmp_path, start)
    try:
        with Browser(site.base) as browser:
            browser.sign_in("anna")
            assert browser.session()
        # The keys that we know are still fresh; these sign with others under the same name.
        made.keys = [signing_key("first")]
        made.start()
        with Browser(site.base) as browser:
            failed(browser, browser.sign_in("anna"), "kan vi ikke stole på")
    finally:
        made.stop()


def test_the_provider_away(tmp_path: Path, start: Starter) -> None:
    made, site = provided(tmp_path, start)
    with Browser(site.base) as browser:
        made.stop()
        answer = browser.visit("/deliberation/sign-in/oidc")
        failed(browser, answer, "svarer ikke lige nu", 503)
        browser.page("/deliberation/sign-in/out")  # no link to the provider, and no failure
        made.start()
        time.sleep(PAUSE_SECONDS)
        back = browser.at_provider(browser.begin(), "anna")
        made.stop()
        failed(browser, browser.visit(back), "svarer ikke lige nu", 503)


def test_the_clients_secret_is_read_again(
    pages: tuple[Provider, Site], start: Starter, tmp_path: Path
) -> None:
    """It is replaced without a restart, and meanwhile both are tried."""
    provider, _ = pages
    port, file = free_port(), tmp_path / "client-secret"
    right = "rotated-secret+/%"
    provider.pages("rotated", f"http://127.0.0.1:{port}{CALLBACK}", client_secret=right)
    provider.start()
    file.write_text("stale\n")
    site = start(
        provider,
        port,
        BORGERTING_OIDC__CLIENT_ID="rotated",
        BORGERTING_OIDC__CLIENT_SECRET="",
        BORGERTING_OIDC__CLIENT_SECRET_FILE=str(file),
    )
    with Browser(site.base) as browser:
        failed(browser, browser.sign_in("anna"), "Kommunens login afviste os")
        for content in (f"stale\n{right}\n", f"{right}\n", ""):  # at last it is being written
            file.write_text(content)
            browser.jars.clear()
            assert browser.sign_in("anna").headers["location"] == HOME
            assert who(browser, site) is not None
