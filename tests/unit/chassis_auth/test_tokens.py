"""Bearer tokens and sessions: what is taken, and every way of forging that is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth.keys import DerivedKey
from chassis.auth.principal import NOBODY, Principal, Role, service_principal
from chassis.auth.sessions import SESSION_AUDIENCE, Sessions
from chassis.auth.tokens import API_AUDIENCE, LEEWAY, LocalTokens, SignedClaims
from chassis.clock import FixedClock
from chassis.errors import Code, DomainError

NOW = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)
SECRETARY = Principal("staff-7", "dragoer", frozenset({Role.SECRETARIAT}))
OPERATOR = Principal("op-1", None, frozenset({Role.OPERATOR}))


class MemoryKeys:
    """Keys by number of rotation: the present one and the one before verify."""

    def __init__(self) -> None:
        self.rotations = 0

    def _derived(self, rotation: int, purpose: str) -> DerivedKey:
        return DerivedKey(f"kid-{rotation}", hashlib.sha256(f"{rotation} {purpose}".encode()).digest())

    def kept(self, purpose: str) -> Sequence[DerivedKey]:
        numbers = [self.rotations, self.rotations - 1][: self.rotations + 1]
        return [self._derived(number, purpose) for number in numbers]

    def current(self, purpose: str) -> DerivedKey:
        return self.kept(purpose)[0]

    def find(self, purpose: str, kid: str) -> DerivedKey | None:
        return next((key for key in self.kept(purpose) if key.kid == kid), None)


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def tokens(keys: MemoryKeys, clock: FixedClock) -> LocalTokens:
    return LocalTokens(keys, clock)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(**changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    claims = {
        "sub": "staff-7",
        "roles": ["secretariat"],
        "municipality": "dragoer",
        "iss": "borgerting",
        "aud": API_AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not None}


def signed(keys: MemoryKeys, claims: dict[str, Any], **options: Any) -> str:
    key = keys.current(options.pop("purpose", API_AUDIENCE))
    headers = {"kid": key.kid, **options.pop("headers", {})}
    return jwt.encode(
        claims, options.pop("key", key.key), algorithm=options.pop("algorithm", "HS256"), headers=headers
    )


def refusal(tokens: LocalTokens, token: str) -> str:
    with pytest.raises(DomainError) as caught:
        tokens.verify(token)
    assert caught.value.code is Code.UNAUTHENTICATED
    assert caught.value.metadata == {}
    return caught.value.reason


@pytest.mark.parametrize("principal", [SECRETARY, OPERATOR])
def test_a_token_says_who_it_was_issued_to(tokens: LocalTokens, principal: Principal) -> None:
    assert tokens.verify(tokens.issue(principal)) == principal


def test_a_well_made_token_of_ours_is_taken(tokens: LocalTokens, keys: MemoryKeys) -> None:
    assert tokens.verify(signed(keys, claims_of())) == SECRETARY


def test_no_algorithm(tokens: LocalTokens, keys: MemoryKeys) -> None:
    for name in ("none", "None", "NONE", "nOnE"):
        header = b64(json.dumps({"alg": name, "typ": "JWT", "kid": keys.current(API_AUDIENCE).kid}).encode())
        body = b64(json.dumps(claims_of()).encode())
        assert refusal(tokens, f"{header}.{body}.") == "TOKEN_INVALID"
        assert refusal(tokens, f"{header}.{body}.{b64(b'x')}") == "TOKEN_INVALID"


def test_another_algorithm_with_the_right_key(tokens: LocalTokens, keys: MemoryKeys) -> None:
    key = keys.current(API_AUDIENCE)
    header = b64(json.dumps({"alg": "HS512", "typ": "JWT", "kid": key.kid}).encode())
    body = b64(json.dumps(claims_of()).encode())
    mac = hmac.digest(key.key, f"{header}.{body}".encode(), "sha512")
    assert refusal(tokens, f"{header}.{body}.{b64(mac)}") == "TOKEN_INVALID"


def test_a_wrong_key(tokens: LocalTokens, keys: MemoryKeys) -> None:
    assert refusal(tokens, signed(keys, claims_of(), key=b"x" * 32)) == "TOKEN_INVALID"
    assert refusal(tokens, signed(keys, claims_of(), headers={"kid": "kid-9"})) == "TOKEN_INVALID"
    for kid in ({"jku": "https://evil.example/keys"}, {"kid": ""}, {"kid": "../../etc/passwd"}):
        token = signed(keys, claims_of(), key=b"x" * 32, headers=kid)
        assert refusal(tokens, token) == "TOKEN_INVALID"


def test_a_key_for_another_purpose(tokens: LocalTokens, keys: MemoryKeys, clock: FixedClock) -> None:
    # A session's cookie is no API token, and the other way round.
    cookie = Sessions(keys, clock).issue(SECRETARY)
    assert refusal(tokens, cookie) == "TOKEN_INVALID"
    assert Sessions(keys, clock).read(tokens.issue(SECRETARY)) is None
    forged = signed(keys, claims_of(aud=API_AUDIENCE), purpose=SESSION_AUDIENCE)
    assert refusal(tokens, forged) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "borgerting-session"},
        {"aud": "another-suite"},
        {"aud": None},
        {"iss": "somebody-else"},
        {"iss": None},
        {"exp": None},
        {"nbf": None},
        {"iat": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"roles": "secretariat"},
        {"roles": None},
        {"municipality": "Dragør"},
        {"municipality": "dragoer/../koege"},
        {"municipality": 7},
    ],
)
def test_claims_that_are_not_ours(tokens: LocalTokens, keys: MemoryKeys, changes: dict[str, Any]) -> None:
    assert refusal(tokens, signed(keys, claims_of(**changes))) == "TOKEN_INVALID"


def test_a_role_of_a_later_version_is_passed_over(tokens: LocalTokens, keys: MemoryKeys) -> None:
    token = signed(keys, claims_of(roles=["secretariat", "wizard"]))
    assert tokens.verify(token).roles == {Role.SECRETARIAT}


def test_a_service_is_known_by_its_channel_alone(
    tokens: LocalTokens, keys: MemoryKeys, clock: FixedClock
) -> None:
    forged = signed(keys, claims_of(sub="service:deliberation", roles=["service", "secretariat"]))
    assert tokens.verify(forged).roles == {Role.SECRETARIAT}
    for issue in (tokens.issue, Sessions(keys, clock).issue):
        with pytest.raises(ValueError, match="a service gets no token"):
            issue(service_principal("deliberation"))


def test_times_with_leeway(tokens: LocalTokens, clock: FixedClock) -> None:
    token = tokens.issue(SECRETARY, timedelta(hours=1))
    clock.instant = NOW + timedelta(hours=1) + LEEWAY - timedelta(seconds=1)
    assert tokens.verify(token) == SECRETARY
    clock.instant = NOW + timedelta(hours=1) + LEEWAY
    assert refusal(tokens, token) == "TOKEN_EXPIRED"
    clock.instant = NOW - LEEWAY
    assert tokens.verify(token) == SECRETARY
    clock.instant = NOW - LEEWAY - timedelta(seconds=1)
    assert refusal(tokens, token) == "TOKEN_INVALID"


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_refused(place: int, change: int) -> None:
    tokens = LocalTokens(MemoryKeys(), FixedClock(NOW))
    parts = tokens.issue(SECRETARY).split(".")
    index = place % 3
    raw = bytearray(base64.urlsafe_b64decode(parts[index] + "=="))
    raw[(place // 3) % len(raw)] ^= change
    parts[index] = b64(bytes(raw))
    assert refusal(tokens, ".".join(parts)) in ("TOKEN_INVALID", "TOKEN_EXPIRED")


@given(st.text(max_size=60))
def test_any_text_is_refused(text: str) -> None:
    assert refusal(LocalTokens(MemoryKeys(), FixedClock(NOW)), text) == "TOKEN_INVALID"


def test_rotation_keeps_the_previous_key_and_no_more(tokens: LocalTokens, keys: MemoryKeys) -> None:
    token = tokens.issue(SECRETARY)
    keys.rotations = 1
    assert tokens.verify(token) == SECRETARY
    keys.rotations = 2
    assert refusal(tokens, token) == "TOKEN_INVALID"


def test_a_token_seen_before_is_checked_as_one_that_was_not(
    tokens: LocalTokens, keys: MemoryKeys, clock: FixedClock
) -> None:
    token = tokens.issue(SECRETARY, timedelta(hours=1))
    for _ in range(3):
        assert tokens.verify(token) == SECRETARY
    assert refusal(tokens, token[:-1] + ("A" if token[-1] != "A" else "B")) == "TOKEN_INVALID"
    clock.instant = NOW + timedelta(hours=2)
    assert refusal(tokens, token) == "TOKEN_EXPIRED"
    clock.instant = NOW
    assert tokens.verify(token) == SECRETARY
    keys.rotations = 2
    assert refusal(tokens, token) == "TOKEN_INVALID"


def test_many_tokens_fill_no_memory(tokens: LocalTokens) -> None:
    for number in range(1100):
        subject = f"staff-{number}"
        assert tokens.verify(tokens.issue(Principal(subject, None, frozenset()))).subject == subject
    assert len(tokens._principals._found_genuine) < 1024


def test_nobody_gets_no_token_and_no_session(
    tokens: LocalTokens, keys: MemoryKeys, clock: FixedClock
) -> None:
    with pytest.raises(ValueError, match="nobody"):
        tokens.issue(NOBODY)
    with pytest.raises(ValueError, match="nobody"):
        Sessions(keys, clock).issue(NOBODY)
    for lifetime in (timedelta(0), timedelta(days=366)):
        with pytest.raises(ValueError, match="up to a year"):
            tokens.issue(SECRETARY, lifetime)


def test_sessions_are_renewed_while_used_and_end_when_idle(keys: MemoryKeys, clock: FixedClock) -> None:
    sessions = Sessions(keys, clock)
    cookie = sessions.issue(SECRETARY)
    first = sessions.read(cookie)
    assert first is not None
    assert first.principal == SECRETARY
    assert sessions.renew(first) is None  # fresh
    for minutes in range(50, 700, 50):
        clock.instant = NOW + timedelta(minutes=minutes)
        session = sessions.read(cookie)
        assert session is not None
        assert session.id == first.id
        renewed = sessions.renew(session)
        assert renewed is not None
        cookie = renewed
    clock.instant = NOW + timedelta(minutes=650 + 62)
    assert sessions.read(cookie) is None  # idle for over an hour


def test_a_session_ends_twelve_hours_after_sign_in_however_busy(keys: MemoryKeys, clock: FixedClock) -> None:
    sessions = Sessions(keys, clock)
    cookie = sessions.issue(SECRETARY)
    for minutes in range(30, 720, 30):
        clock.instant = NOW + timedelta(minutes=minutes)
        session = sessions.read(cookie)
        assert session is not None
        cookie = sessions.renew(session) or cookie
    clock.instant = NOW + timedelta(hours=12)
    assert sessions.read(cookie) is None


def test_each_sign_in_is_another_session(keys: MemoryKeys, clock: FixedClock) -> None:
    sessions = Sessions(keys, clock)
    ids = set()
    for _ in range(20):
        session = sessions.read(sessions.issue(SECRETARY))
        assert session is not None
        ids.add(session.id)
    assert len(ids) == 20


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_tampered_cookie_is_nobodys(place: int, change: int) -> None:
    sessions = Sessions(MemoryKeys(), FixedClock(NOW))
    parts = sessions.issue(SECRETARY).split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[1] + "=="))
    raw[place % len(raw)] ^= change
    parts[1] = b64(bytes(raw))
    assert sessions.read(".".join(parts)) is None


def test_a_signed_cookie_without_a_session_is_nobodys(keys: MemoryKeys, clock: FixedClock) -> None:
    claims = SignedClaims(keys, clock, audience=SESSION_AUDIENCE, meaning=dict)
    whole = {"sub": "staff-7", "roles": [], "sid": "x", "auth_time": int(NOW.timestamp())}
    assert Sessions(keys, clock).read(claims.sign(whole, timedelta(hours=1))) is not None
    for missing in ("sub", "roles", "sid", "auth_time"):
        part = {name: value for name, value in whole.items() if name != missing}
        assert Sessions(keys, clock).read(claims.sign(part, timedelta(hours=1))) is None
