"""What every TokenVerifier does, whoever issued the tokens; each has a Mint that issues for it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import jwt
import pytest

from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role, authorise
from chassis.auth.tokens import ALGORITHM, API_AUDIENCE, ISSUER, LocalTokens, TokenVerifier
from chassis.clock import FixedClock
from chassis.errors import Code, DomainError

NOW = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)


class Mint(Protocol):
    verifier: TokenVerifier
    clock: FixedClock

    def token(self, *, changes: dict[str, Any] | None = None, key: bytes | None = None) -> str:
        """A token for `staff-7`, secretariat of `dragoer`, with claims changed (None: left out)."""

    def rotate(self) -> None:
        """The issuer signs with another key from now on."""


class LocalMint:
    """The suite's own tokens."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock(NOW)
        self._keys = FileKeys(folder, self.clock)
        self.verifier: TokenVerifier = LocalTokens(self._keys, self.clock)

    def token(self, *, changes: dict[str, Any] | None = None, key: bytes | None = None) -> str:
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "sub": "staff-7",
            "municipality": "dragoer",
            "roles": ["secretariat"],
            "iss": ISSUER,
            "aud": API_AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            **(changes or {}),
        }
        signing = self._keys.current(API_AUDIENCE)
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(present, key or signing.key, algorithm=ALGORITHM, headers={"kid": signing.kid})

    def rotate(self) -> None:
        self._keys.rotate()


MINTS: dict[str, Callable[[Path], Mint]] = {"local": LocalMint}


@pytest.fixture(params=MINTS)
def mint(request: pytest.FixtureRequest, tmp_path: Path) -> Mint:
    return MINTS[request.param](tmp_path)


def reason(mint: Mint, token: str) -> str:
    with pytest.raises(DomainError) as caught:
        mint.verifier.verify(token)
    assert caught.value.code is Code.UNAUTHENTICATED
    return caught.value.reason


def test_whose_token_it_is(mint: Mint) -> None:
    assert mint.verifier.verify(mint.token()) == Principal(
        "staff-7", "dragoer", frozenset({Role.SECRETARIAT})
    )
    platform = mint.token(changes={"municipality": None, "roles": ["operator"]})
    assert mint.verifier.verify(platform) == Principal("staff-7", None, frozenset({Role.OPERATOR}))


def test_a_token_of_another_municipality_gives_no_right_here(mint: Mint) -> None:
    other = mint.verifier.verify(mint.token(changes={"municipality": "koege"}))
    with pytest.raises(DomainError, match="ROLE_REQUIRED"):
        authorise(other, "dragoer", Role.SECRETARIAT)
    with pytest.raises(DomainError, match="ROLE_REQUIRED"):
        authorise(other, None, Role.SECRETARIAT)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "somebody-else"},
        {"iss": None},
        {"exp": None},
        {"sub": None},
    ],
)
def test_tokens_for_others_or_without_an_end(mint: Mint, changes: dict[str, Any]) -> None:
    assert reason(mint, mint.token(changes=changes)) == "TOKEN_INVALID"


def test_a_wrong_key_and_no_key(mint: Mint) -> None:
    assert reason(mint, mint.token(key=b"another key, as long as it must be")) == "TOKEN_INVALID"
    head, body, _ = mint.token().split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    unsigned = base64.urlsafe_b64encode(json.dumps({**header, "alg": "none"}).encode()).rstrip(b"=").decode()
    assert reason(mint, f"{unsigned}.{body}.") == "TOKEN_INVALID"
    assert reason(mint, f"{head}.{body}.") == "TOKEN_INVALID"
    for text in ("", ".", "..", "a.b.c", "Bearer", head):
        assert reason(mint, text) == "TOKEN_INVALID"


def test_time_and_skewed_clocks(mint: Mint) -> None:
    token = mint.token()
    for seconds, expected in ((-20, ""), (-60, "TOKEN_INVALID"), (3620, ""), (3660, "TOKEN_EXPIRED")):
        mint.clock.instant = NOW + timedelta(seconds=seconds)
        if expected:
            assert reason(mint, token) == expected
        else:
            assert mint.verifier.verify(token).subject == "staff-7"


def test_a_rotation_does_not_interrupt(mint: Mint) -> None:
    before = mint.token()
    mint.rotate()
    assert mint.verifier.verify(before) == mint.verifier.verify(mint.token())
