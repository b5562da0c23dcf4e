"""Cookies and forms: fixation, foreign and missing tokens, cross-origin posts, where cookies are Secure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from chassis.auth.csrf import Csrf, check_origin
from chassis.auth.pages import PageSecurity, is_loopback
from chassis.auth.principal import NOBODY, Principal
from chassis.auth.sessions import Sessions
from chassis.clock import FixedClock
from chassis.errors import Code, DomainError
from tests.unit.chassis_auth.test_tokens import NOW, OPERATOR, SECRETARY, MemoryKeys

LOCAL = "http://127.0.0.1:8080"
SITE = "https://borgerting.example.dk"


class Browser:
    """A visitor at one address: sends cookies back, and the headers that a browser sends."""

    def __init__(self, security: PageSecurity, origin: str = LOCAL) -> None:
        self.security = security
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self.attributes: dict[str, Any] = {}

    def request(self, **headers: str) -> Request:
        scheme, _, host = self.origin.partition("://")
        name, _, port = host.partition(":")
        lines = {"host": host, **{key.replace("_", "-"): value for key, value in headers.items()}}
        if self.cookies:
            lines["cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        return Request(
            {
                "type": "http",
                "method": "POST",
                "scheme": scheme,
                "server": (name, int(port) if port else 443),
                "path": "/",
                "query_string": b"",
                "headers": [(key.encode(), value.encode()) for key, value in lines.items()],
                "state": {},
            }
        )

    def keep(self, request: Request) -> None:
        """Take the cookies that the answer to `request` would set."""
        for line in getattr(request.state, "borgerting_cookies", []):
            for name, morsel in SimpleCookie(line).items():
                self.attributes[name] = morsel
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    def form_token(self) -> str:
        request = self.request()
        token = self.security.csrf_token(request)
        self.keep(request)
        return token

    def post(self, token: str, **headers: str) -> str:
        """The refusal's reason; "" when the form is taken."""
        try:
            self.security.check_csrf(self.request(**headers), token)
        except DomainError as error:
            return error.reason if error.code is Code.PERMISSION_DENIED else error.code.name
        return ""

    def sign_in(self, principal: Principal = SECRETARY) -> None:
        request = self.request()
        self.security.sign_in(request, principal)
        self.keep(request)

    def who(self) -> Principal:
        request = self.request()
        principal = self.security.identify(request)
        self.keep(request)
        return principal


def make(base_url: str = "", clock: FixedClock | None = None, keys: MemoryKeys | None = None) -> PageSecurity:
    keys = keys or MemoryKeys()
    return PageSecurity(Sessions(keys, clock or FixedClock(NOW)), Csrf(keys), base_url=base_url)


def test_signing_in_and_out() -> None:
    browser = Browser(make())
    assert browser.who() == NOBODY
    browser.sign_in()
    assert browser.who() == SECRETARY
    request = browser.request()
    browser.security.sign_out(request)
    browser.keep(request)
    assert browser.who() == NOBODY
    assert browser.cookies == {}


def test_cookies_over_loopback_and_over_https() -> None:
    local = Browser(make())
    local.sign_in()
    [(name, cookie)] = [(n, c) for n, c in local.attributes.items() if c["max-age"] != "0"]
    assert name == "borgerting-session"
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (
        True,
        "lax",
        "",
        "/",
    )
    public = Browser(make(SITE), SITE)
    public.sign_in()
    cookie = public.attributes["__Host-borgerting-session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "lax", True)
    assert cookie["domain"] == ""
    # Behind an ingress the request itself is plain; what people type decides.
    inner = Browser(make(SITE), "http://10.0.0.7:8080")
    inner.sign_in()
    assert inner.attributes["__Host-borgerting-session"]["secure"]


def test_no_sign_in_over_an_open_network() -> None:
    browser = Browser(make(), "http://borgerting.example.dk:8080")
    with pytest.raises(DomainError, match="HTTPS_REQUIRED"):
        browser.sign_in()


def test_a_session_set_beforehand_is_not_taken_over() -> None:
    security = make()
    attacker, victim = Browser(security), Browser(security)
    attacker.sign_in(OPERATOR)
    victim.cookies = dict(attacker.cookies)  # fixation
    victim.sign_in(SECRETARY)
    assert victim.who() == SECRETARY
    assert attacker.who() == OPERATOR
    assert victim.cookies["borgerting-session"] != attacker.cookies["borgerting-session"]
    # Nor does the attacker's form fit the victim's new session.
    assert victim.post(attacker.form_token()) == "CSRF_TOKEN_INVALID"


def test_forms_of_a_session() -> None:
    security = make()
    browser, other = Browser(security), Browser(security)
    browser.sign_in()
    other.sign_in()
    token = browser.form_token()
    assert browser.post(token) == ""
    assert browser.post(browser.form_token()) == ""
    assert token != browser.form_token()  # no two pages have the same
    assert other.post(token) == "CSRF_TOKEN_INVALID"
    for wrong in ("", "x", token[:-4], "A" + token[1:] if token[0] != "A" else "B" + token[1:], "Æ"):
        assert browser.post(wrong) == "CSRF_TOKEN_INVALID"
    browser.cookies.clear()
    assert browser.post(token) == "CSRF_TOKEN_INVALID"


def test_forms_of_somebody_not_signed_in() -> None:
    security = make()
    browser, other = Browser(security), Browser(security)
    token = browser.form_token()
    assert browser.cookies.keys() == {"borgerting-form"}
    kept = dict(browser.cookies)
    assert browser.form_token() != token
    assert browser.cookies == kept  # one cookie for all their forms
    assert browser.post(token) == ""
    assert other.post(token) == "CSRF_TOKEN_INVALID"
    other.form_token()
    assert other.post(token) == "CSRF_TOKEN_INVALID"
    browser.sign_in()
    assert browser.post(token) == "CSRF_TOKEN_INVALID"  # what was open before signing in is over


def test_two_forms_on_one_page_share_the_new_cookie() -> None:
    browser = Browser(make())
    request = browser.request()
    first, second = browser.security.csrf_token(request), browser.security.csrf_token(request)
    browser.keep(request)
    assert browser.post(first) == browser.post(second) == ""


def test_an_anonymous_cookie_of_any_text_is_not_bound_to() -> None:
    browser = Browser(make())
    browser.cookies["borgerting-form"] = "session x"
    assert browser.post(browser.form_token()) == ""
    assert browser.cookies["borgerting-form"] != "session x"


def test_a_form_survives_a_renewal_and_a_rotation() -> None:
    clock, keys = FixedClock(NOW), MemoryKeys()
    browser = Browser(make(clock=clock, keys=keys))
    browser.sign_in()
    token, cookie = browser.form_token(), dict(browser.cookies)
    clock.instant = NOW + timedelta(minutes=30)
    assert browser.who() == SECRETARY
    assert browser.cookies != cookie  # renewed
    assert browser.post(token) == ""
    keys.rotations = 1
    assert browser.who() == SECRETARY
    assert browser.post(token) == ""


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, ""),
        ({"origin": LOCAL}, ""),
        ({"origin": LOCAL, "sec_fetch_site": "same-origin"}, ""),
        ({"origin": "https://evil.example"}, "CSRF_ORIGIN_FOREIGN"),
        ({"origin": "null"}, "CSRF_ORIGIN_FOREIGN"),
        ({"origin": "http://127.0.0.1:8081"}, "CSRF_ORIGIN_FOREIGN"),
        ({"origin": "https://127.0.0.1:8080"}, "CSRF_ORIGIN_FOREIGN"),
        ({"origin": "http://127.0.0.1:8080.evil.example"}, "CSRF_ORIGIN_FOREIGN"),
        ({"sec_fetch_site": "cross-site"}, "CSRF_ORIGIN_FOREIGN"),
        ({"sec_fetch_site": "same-site", "origin": LOCAL}, "CSRF_ORIGIN_FOREIGN"),
    ],
)
def test_where_a_post_comes_from(headers: dict[str, str], reason: str) -> None:
    browser = Browser(make())
    browser.sign_in()
    assert browser.post(browser.form_token(), **headers) == reason


def test_behind_an_ingress_only_the_sites_own_origin_counts() -> None:
    browser = Browser(make(SITE), "http://10.0.0.7:8080")
    browser.sign_in()
    assert browser.post(browser.form_token(), origin=SITE) == ""
    assert browser.post(browser.form_token(), origin="http://10.0.0.7:8080") == "CSRF_ORIGIN_FOREIGN"


@given(st.text(max_size=40))
def test_any_other_origin_is_foreign(origin: str) -> None:
    if origin.lower() != SITE:
        with pytest.raises(DomainError):
            check_origin({"origin": origin}, SITE)


def test_loopback() -> None:
    for host in ("localhost", "127.0.0.1", "127.8.0.1", "::1", "[::1]", "app.localhost"):
        assert is_loopback(host)
    for host in ("", "10.0.0.1", "localhost.evil.example", "0.0.0.0", "example.dk", "1270.0.0.1"):  # noqa: S104
        assert not is_loopback(host)


def test_a_token_of_one_time_is_not_bound_to_the_clock() -> None:
    """A form may stay open overnight; the session it is bound to ends by itself."""
    clock = FixedClock(datetime(2025, 1, 1, tzinfo=UTC))
    browser = Browser(make(clock=clock))
    token = browser.form_token()
    clock.instant += timedelta(days=2)
    assert browser.post(token) == ""
