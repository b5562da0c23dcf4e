"""Attacks on what a browser carries: the session cookie, the token in forms, and one-time links."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.sessions import IDLE_LIFETIME, LONGEST_LIFETIME, SESSION_AUDIENCE, Sessions
from chassis.auth.tokens import LEEWAY, LocalTokens, SignedClaims
from chassis.clock import FixedClock, SystemClock
from chassis.rpc.client import tcp_channel
from tests.component.identity.browser import Browser
from tests.component.identity.conftest import HERE, THERE, Site

SECRETARY = Principal("staff-7", HERE, frozenset({Role.SECRETARIAT}))
EDIT = f"/deliberation/{HERE}/edit"
COOKIE = "borgerting-session"


@pytest.fixture
def keys(site: Site) -> FileKeys:
    return FileKeys(site.folder, SystemClock())


@pytest.fixture
def browser(site: Site) -> Iterator[Browser]:
    with Browser(site.base) as made:
        yield made


def carry(browser: Browser, cookie: str, name: str = COOKIE) -> None:
    jar = browser.jars.setdefault(urlsplit(browser.site).netloc, httpx.Cookies())
    jar.set(name, cookie, domain="127.0.0.1", path="/")


def status(browser: Browser, cookie: str, path: str = EDIT) -> int:
    """What the secretariat's page answers to who brings this cookie: 200 let in, 401 nobody, 403 no right."""
    carry(browser, cookie)
    return browser.visit(path).status_code


def claims_of(cookie: str) -> dict[str, Any]:
    return dict(jwt.decode(cookie, options={"verify_signature": False}))


# The session cookie.


def test_the_genuine_cookie_is_let_in(browser: Browser, keys: FileKeys) -> None:
    assert status(browser, Sessions(keys, SystemClock()).issue(SECRETARY)) == 200


def test_every_part_of_it_is_sealed(browser: Browser, keys: FileKeys) -> None:
    cookie = Sessions(keys, SystemClock()).issue(SECRETARY)
    for part in range(3):
        parts = cookie.split(".")
        raw = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
        for index in (0, len(raw) // 2, len(raw) - 1):
            changed = bytearray(raw)
            changed[index] ^= 1
            parts[part] = base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
            assert status(browser, ".".join(parts)) == 401
    for damaged in (cookie[:-1], cookie + "x", cookie.rsplit(".", 1)[0] + ".", "x", "a.b.c"):
        assert status(browser, damaged) == 401, damaged


@pytest.mark.parametrize("injected", [{"roles": ["operator"]}, {"municipality": HERE}, {"sub": "anna"}])
def test_a_role_or_a_municipality_cannot_be_written_in(
    browser: Browser, keys: FileKeys, injected: dict[str, Any]
) -> None:
    """By who has a genuine session of another role elsewhere, with every trick that needs no key."""
    own = Sessions(keys, SystemClock()).issue(Principal("m-1", THERE, frozenset({Role.MEMBER})))
    assert status(browser, own) == 403
    wanted = {**claims_of(own), "roles": ["secretariat"], "municipality": HERE, **injected}
    body = base64.urlsafe_b64encode(json.dumps(wanted).encode()).rstrip(b"=").decode()
    head, _, mac = own.split(".")
    kid = jwt.get_unverified_header(own)["kid"]
    forged = [
        f"{head}.{body}.{mac}",
        jwt.encode(wanted, None, algorithm="none", headers={"kid": kid}),
        jwt.encode(wanted, "0" * 32, algorithm="HS256", headers={"kid": kid}),
        jwt.encode(wanted, kid.ljust(32, "0"), algorithm="HS256", headers={"kid": kid}),
        jwt.encode(wanted, "0" * 64, algorithm="HS512", headers={"kid": kid}),
        jwt.encode(wanted, "0" * 32, algorithm="HS256", headers={"kid": "../keys.json"}),
    ]
    for cookie in forged:
        assert status(browser, cookie) == 401


def test_a_cookie_of_another_key(browser: Browser, tmp_path: Path) -> None:
    other = FileKeys(tmp_path, SystemClock())
    assert status(browser, Sessions(other, SystemClock()).issue(SECRETARY)) == 401


def test_another_municipalitys_and_another_roles_session(browser: Browser, keys: FileKeys) -> None:
    sessions = Sessions(keys, SystemClock())
    for role, municipality in ((Role.SECRETARIAT, THERE), (Role.MEMBER, HERE), (Role.OPERATOR, HERE)):
        assert status(browser, sessions.issue(Principal("p-1", municipality, frozenset({role})))) == 403


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (IDLE_LIFETIME - timedelta(minutes=1), 200),
        (IDLE_LIFETIME + LEEWAY + timedelta(seconds=1), 401),
        (-(LEEWAY + timedelta(seconds=30)), 401),  # made in the future
    ],
)
def test_it_ends(browser: Browser, keys: FileKeys, age: timedelta, expected: int) -> None:
    then = FixedClock(SystemClock().now() - age)
    assert status(browser, Sessions(keys, then).issue(SECRETARY)) == expected


def test_no_renewal_outlives_the_longest_session(keys: FileKeys) -> None:
    clock = FixedClock(SystemClock().now())
    sessions = Sessions(keys, clock)
    start, cookie = clock.instant, sessions.issue(SECRETARY)
    while True:
        clock.instant += timedelta(minutes=30)
        session = sessions.read(cookie)
        if session is None:
            break
        cookie = sessions.renew(session) or cookie
    assert LONGEST_LIFETIME <= clock.instant - start <= LONGEST_LIFETIME + timedelta(minutes=30)


def test_other_kinds_of_token_are_no_session(browser: Browser, site: Site, keys: FileKeys) -> None:
    """A bearer token in the cookie, a cookie as bearer token: one file, a key for each kind."""
    assert status(browser, site.local_tokens.issue(SECRETARY)) == 401
    session = Sessions(keys, SystemClock()).issue(SECRETARY)
    assert site.outcome(session) == "TOKEN_INVALID"
    lacking = SignedClaims(keys, SystemClock(), audience=SESSION_AUDIENCE, meaning=dict).sign(
        {"sub": "staff-7", "municipality": HERE, "roles": ["secretariat"]}, timedelta(hours=1)
    )
    assert status(browser, lacking) == 401  # neither a session's id nor when it began


def test_a_copy_outlives_the_sign_out_until_it_ends_by_itself(browser: Browser, keys: FileKeys) -> None:
    """Documented in docs/identity.md: there is no session table. What limits it is the hour."""
    copy = Sessions(keys, SystemClock()).issue(SECRETARY)
    assert status(browser, copy) == 200
    out = browser.submit("/deliberation/sign-out", EDIT)
    assert out.status_code == 303
    assert browser.session() is None
    assert browser.visit(EDIT).status_code == 401
    assert status(browser, copy) == 200
    assert claims_of(copy)["exp"] - claims_of(copy)["iat"] == IDLE_LIFETIME.total_seconds()
    # Two rotations of the keys end every copy at once.
    keys.rotate()
    assert status(browser, copy) == 200
    keys.rotate()
    assert status(browser, copy) == 401


# Forms.


def token_on(browser: Browser, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.visit(path).text)
    assert found
    return found[1]


def send(browser: Browser, token: str | None, **headers: str) -> httpx.Response:
    """The secretariat's form as an attacker's page would have it sent, with the browser's own cookies."""
    data = {"display_name": "Hacked", "time_zone": "Europe/Copenhagen", "etag": ""}
    if token is not None:
        data["csrf_token"] = token
    browser.cookies = browser.jars[urlsplit(browser.site).netloc]
    return browser.post(f"{browser.site}{EDIT}", data=data, headers=headers)


def unchanged(browser: Browser) -> bool:
    return "Hacked" not in browser.page(f"/deliberation/{HERE}")


def test_a_form_without_this_sessions_token(browser: Browser, site: Site, keys: FileKeys) -> None:
    sessions = Sessions(keys, SystemClock())
    carry(browser, sessions.issue(SECRETARY))
    own = token_on(browser, EDIT)
    with Browser(site.base) as attacker:
        # A session of the attacker's, even of the same person, and no session at all.
        carry(attacker, sessions.issue(SECRETARY))
        others = token_on(attacker, EDIT)
    with Browser(site.base) as stranger:
        uri = link(site, HERE)
        anonymous = token_on(stranger, urlsplit(uri).path)
    changed = own[:-2] + ("AA" if not own.endswith("AA") else "BB")
    for token in (None, "", "x", others, anonymous, changed, own[:20]):
        answer = send(browser, token, origin=site.base)
        assert answer.status_code == 403, token
        assert unchanged(browser)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1"},  # the same host, another port
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    ],
)
def test_a_form_of_another_origin(browser: Browser, keys: FileKeys, headers: dict[str, str]) -> None:
    """Even with the right token, which a leak might have given away."""
    carry(browser, Sessions(keys, SystemClock()).issue(SECRETARY))
    answer = send(browser, token_on(browser, EDIT), **headers)
    assert answer.status_code == 403
    assert unchanged(browser)


def test_a_token_of_before_the_sign_in_is_of_no_use_after_it(browser: Browser, site: Site) -> None:
    path = urlsplit(link(site, HERE)).path
    before = token_on(browser, path)
    browser.submit(path, path)
    assert browser.session()
    assert send(browser, before, origin=site.base).status_code == 403
    assert unchanged(browser)


def test_a_session_is_no_right_to_the_api(browser: Browser, site: Site, keys: FileKeys) -> None:
    """So no form of another site can call it, whatever its content type."""
    carry(browser, Sessions(keys, SystemClock()).issue(SECRETARY))
    browser.cookies = browser.jars[urlsplit(site.base).netloc]
    # A form can send the first without asking; it is not even read. The second needs our consent (CORS).
    for kind, refused in (
        ("text/plain", (400, "REQUEST_INVALID")),
        ("application/json", (401, "SIGN_IN_REQUIRED")),
    ):
        answer = browser.patch(
            f"{site.base}/deliberation/api/v1/municipalities/{HERE}",
            content=b'{"displayName": "Hacked"}',
            headers={"content-type": kind},
        )
        assert (answer.status_code, answer.json()["reason"]) == refused
    assert unchanged(browser)


# One-time links.


def link(site: Site, municipality: str, role: str = "secretariat") -> str:
    operator = site.local_tokens.issue(Principal("op-1", None, frozenset({Role.OPERATOR})))
    wish = link_pb.SignInLink(municipality=f"municipalities/{municipality}", role=role)
    with tcp_channel(site.grpc) as channel:
        made = link_grpc.SignInLinkServiceStub(channel).CreateSignInLink(
            link_pb.CreateSignInLinkRequest(sign_in_link=wish),
            metadata=(("authorization", f"Bearer {operator}"),),
        )
    return made.uri


def test_a_link_for_another_municipality_gives_nothing_here(browser: Browser, site: Site) -> None:
    path = urlsplit(link(site, THERE)).path
    assert browser.submit(path, path).headers["location"].startswith(f"/deliberation/{THERE}")
    assert browser.visit(EDIT).status_code == 403
    assert browser.visit(f"/deliberation/{THERE}/edit").status_code == 200


def test_a_guessed_link_and_pieces_of_a_real_one(browser: Browser, site: Site) -> None:
    path = urlsplit(link(site, HERE)).path
    secret = path.rpartition("/")[2]
    assert len(secret) == 43  # 256 random bits
    for guess in (secret[:-1], secret + "A", secret.swapcase(), "A" * 43, "%00", "' OR 1=1 --"):
        answer = browser.visit(f"/deliberation/sign-in/{guess}")
        assert answer.status_code == 404, guess
        posted = browser.submit(f"/deliberation/sign-in/{guess}", path)
        assert posted.status_code == 404, guess
        assert browser.session() is None
    assert browser.submit(path, path).status_code == 303


def test_scanners_and_previews_spend_nothing(browser: Browser, site: Site) -> None:
    path = urlsplit(link(site, HERE)).path
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        browser.request(method, f"{site.base}{path}", headers={"sec-purpose": "prefetch"})
    # One that presses buttons has no token of ours, or not with its cookie.
    for data in ({}, {"csrf_token": "x"}):
        assert httpx.post(f"{site.base}{path}", data=data, trust_env=False).status_code == 403
    assert browser.submit(path, path).status_code == 303


def test_a_spent_link_is_of_no_use_to_who_finds_it(browser: Browser, site: Site) -> None:
    path = urlsplit(link(site, HERE)).path
    browser.visit(path)
    with Browser(site.base) as later:
        form = token_on(later, path)
        assert browser.submit(path, path).status_code == 303
        data = {"csrf_token": form}
        answer = later.visit(path, data)
        assert (answer.status_code, later.session()) == (410, None)
        assert later.visit(path).status_code == 410


def test_a_link_says_nothing_to_other_sites_and_to_caches(browser: Browser, site: Site) -> None:
    answer = browser.visit(urlsplit(link(site, HERE)).path)
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert answer.headers["cache-control"] == "no-store"
    assert "src=" not in re.sub(r'src="/[^"]*"', "", answer.text)  # nothing is loaded from elsewhere


def test_a_link_gives_what_it_was_made_for_whatever_the_form_says(browser: Browser, site: Site) -> None:
    path = urlsplit(link(site, HERE, "member")).path
    said = {"role": "secretariat", "municipality": THERE, "subject": "anna"}
    assert browser.submit(path, path, said).status_code == 303
    found = Sessions(FileKeys(site.folder, SystemClock()), SystemClock()).read(browser.session() or "")
    assert found is not None
    assert (found.principal.municipality, found.principal.roles) == (HERE, {Role.MEMBER})
    assert found.principal.subject.startswith("link-")


def test_local_tokens_of_a_suite_elsewhere(site: Site, tmp_path: Path) -> None:
    foreign = LocalTokens(FileKeys(tmp_path, SystemClock()), SystemClock())
    assert site.outcome(foreign.issue(SECRETARY)) == "TOKEN_INVALID"
