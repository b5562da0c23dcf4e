"""Bearer tokens of a real OpenID provider, over gRPC and REST: good ones, and every way to be refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.auth.oidc import ClaimNames, OidcTokens
from chassis.auth.principal import Principal, Role
from chassis.auth.provider import FRESH_SECONDS, PAUSE_SECONDS, USABLE_SECONDS
from chassis.auth.provider import Provider as KnownProvider
from chassis.auth.tokens import instant
from chassis.clock import FixedClock, SystemClock
from chassis.errors import DomainError
from tests.component.identity.conftest import HERE, Site, Starter, furnish, public_part
from tests.infrastructure.oidc import API, Provider, running, signing_key
from tests.infrastructure.places import free_port

LEEWAY = timedelta(seconds=30)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pem_of(key: dict[str, Any]) -> bytes:
    public = jwt.PyJWK(public_part(key), "RS256").key
    return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


Checker = Callable[..., OidcTokens]


@pytest.fixture
def checker() -> Iterator[Checker]:
    """checker(provider, clock, monotonic): what the suite has inside, with clocks that a test holds."""
    with ExitStack() as stack:

        def make(provider: Provider, clock: Any = None, monotonic: Any = time.monotonic) -> OidcTokens:
            known = KnownProvider(provider.issuer, monotonic=monotonic)
            stack.callback(known.close)
            return OidcTokens(
                known,
                clock or SystemClock(),
                audience=API,
                algorithms=("RS256",),
                leeway=LEEWAY,
                names=ClaimNames(),
            )

        yield make


def reason(tokens: OidcTokens, token: str) -> str:
    try:
        tokens.verify(token)
    except DomainError as error:
        return error.reason
    return ""


def test_a_good_token(site: Site, provider: Provider) -> None:
    assert site.outcome(provider.token("ours")) == ""
    assert site.outcome(provider.token("single")) == ""


def test_the_suites_own_tokens_count_beside_the_providers(site: Site) -> None:
    own = site.local_tokens.issue(Principal("staff-7", HERE, frozenset({Role.SECRETARIAT})))
    assert site.outcome(own) == ""


def test_the_production_profile_takes_the_providers_alone(start: Starter, provider: Provider) -> None:
    production = start(provider, production=True)
    own = production.local_tokens.issue(Principal("staff-7", HERE, frozenset({Role.SECRETARIAT})))
    assert production.outcome(own) == "TOKEN_INVALID"
    assert production.outcome(provider.token("ours")) == ""


def test_rights_are_the_tokens_in_its_municipality_alone(site: Site, provider: Provider) -> None:
    assert site.outcome(None) == "SIGN_IN_REQUIRED"
    for client in ("theirs", "roleless", "pretender"):
        assert site.outcome(provider.token(client)) == "ROLE_REQUIRED", client
    assert site.outcome(provider.token("operator")) == ""
    assert site.outcome(provider.token("scattered")) == "TOKEN_INVALID"


def test_claims_stand_where_the_settings_say(start: Starter, provider: Provider) -> None:
    nested = start(
        provider,
        BORGERTING_OIDC__MUNICIPALITY_CLAIM="realm.where",
        BORGERTING_OIDC__ROLES_CLAIM="realm.who",
    )
    assert nested.outcome(provider.token("nested")) == ""
    assert nested.outcome(provider.token("ours")) == "ROLE_REQUIRED"


def test_another_audience(site: Site, provider: Provider) -> None:
    provider.resource("urn:other", audience="https://another.example.dk/api")
    provider.resource("urn:client", audience="borgerting")
    provider.start()
    for resource in ("urn:other", "urn:client"):
        assert site.outcome(provider.token("ours", resource)) == "TOKEN_INVALID"


def test_another_issuer(site: Site, provider: Provider, tmp_path: Path) -> None:
    """One that even has the same keys: it says honestly who it is, and that is not whom we trust."""
    other = furnish(Provider(tmp_path, keys=provider.keys))
    with running(other):
        assert site.outcome(other.token("ours")) == "TOKEN_INVALID"


@pytest.mark.parametrize("kid", ["first", "other"])
def test_an_unknown_key(site: Site, provider: Provider, tmp_path: Path, kid: str) -> None:
    """Somebody who calls himself our provider, and has not its key, under its name or another."""
    other = furnish(Provider(tmp_path, issuer=provider.issuer, keys=[signing_key(kid)]))
    with running(other):
        assert site.outcome(other.token("ours")) == "TOKEN_INVALID"


def test_another_algorithm(site: Site, provider: Provider) -> None:
    public = pem_of(provider.keys[0])
    provider.resource("urn:curve", alg="ES256")
    provider.resource("urn:hmac", alg="HS256", secret=public.decode())
    provider.start()
    # A genuine key of the provider's, by an algorithm that is not pinned.
    assert site.outcome(provider.token("ours", "urn:curve")) == "TOKEN_INVALID"
    # The public key taken for a shared secret, as the provider itself would sign it, and with a key's name.
    signed = provider.token("ours", "urn:hmac")
    assert jwt.get_unverified_header(signed)["alg"] == "HS256"
    assert site.outcome(signed) == "TOKEN_INVALID"
    claims = signed.split(".")[1]
    for header in ({"alg": "none"}, {"alg": "None", "kid": "first"}, {"kid": "first"}, {"alg": ["RS256"]}):
        for signature in ("", signed.split(".")[2]):
            forged = f"{b64(json.dumps(header).encode())}.{claims}.{signature}"
            assert site.outcome(forged) == "TOKEN_INVALID"
    head = b64(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "first"}).encode())
    mac = hmac.digest(public, f"{head}.{claims}".encode(), hashlib.sha256)
    assert site.outcome(f"{head}.{claims}.{b64(mac)}") == "TOKEN_INVALID"


def test_a_changed_token(site: Site, provider: Provider) -> None:
    head, body, signature = provider.token("theirs").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    moved = b64(json.dumps({**claims, "municipality": HERE}).encode())
    assert site.outcome(f"{head}.{moved}.{signature}") == "TOKEN_INVALID"
    for damaged in (".", "a.b.c", f"{head}.{body}", f"{head}.{body}.{signature[:-4]}AAAA"):
        assert site.outcome(damaged) == "TOKEN_INVALID", damaged


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("+PT10M15S", ""),  # ten minutes' token, within the leeway
        ("+PT10M45S", "TOKEN_EXPIRED"),
        ("-PT15S", ""),  # our clock is behind the provider's
        ("-PT45S", "TOKEN_INVALID"),
    ],
)
def test_clocks_that_differ(start: Starter, provider: Provider, shift: str, expected: str) -> None:
    assert start(provider, BORGERTING_CLOCK=shift).outcome(provider.token("ours")) == expected


def test_times_to_the_second(provider: Provider, checker: Checker) -> None:
    token = provider.token("ours")
    claims = jwt.decode(token, options={"verify_signature": False})
    clock = FixedClock(instant(claims, "iat"))
    tokens = checker(provider, clock)
    second = timedelta(seconds=1)
    for moment, expected in (
        (instant(claims, "iat") - LEEWAY - second, "TOKEN_INVALID"),
        (instant(claims, "iat") - LEEWAY, ""),
        (instant(claims, "exp") + LEEWAY - second, ""),
        (instant(claims, "exp") + LEEWAY, "TOKEN_EXPIRED"),
    ):
        clock.instant = moment
        assert reason(tokens, token) == expected, moment


@pytest.fixture
def rotating(tmp_path: Path) -> Iterator[Provider]:
    made = furnish(Provider(tmp_path))
    made.keys = [signing_key("old")]
    with running(made):
        yield made


def test_a_new_key_is_found_without_a_restart(rotating: Provider, start: Starter) -> None:
    site = start(rotating)
    before = rotating.token("ours")
    assert site.outcome(before) == ""
    rotating.keys = [signing_key("new"), *rotating.keys]
    rotating.start()
    time.sleep(PAUSE_SECONDS)  # not a moment after the last look
    after = rotating.token("ours")
    assert jwt.get_unverified_header(after)["kid"] == "new"
    assert site.outcome(after) == ""
    assert site.outcome(before) == ""


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_that_was_withdrawn_is_forgotten(rotating: Provider, checker: Checker) -> None:
    monotonic = Time()
    tokens = checker(rotating, monotonic=monotonic)
    old = rotating.token("ours")
    assert reason(tokens, old) == ""
    rotating.keys = [signing_key("new")]
    rotating.start()
    monotonic.now = FRESH_SECONDS - 1
    assert reason(tokens, old) == ""
    monotonic.now = FRESH_SECONDS
    assert reason(tokens, old) == "TOKEN_INVALID"


def test_forged_keys_names_do_not_make_us_flood_the_provider(rotating: Provider) -> None:
    monotonic = Time()
    known = KnownProvider(rotating.issuer, monotonic=monotonic)
    asked: list[str] = []
    known.http.event_hooks["request"] = [lambda request: asked.append(request.url.path)]
    for number in range(50):
        assert known.key(f"forged-{number}", "RS256") is None
    assert asked.count("/jwks") == 1
    monotonic.now = PAUSE_SECONDS
    assert known.key("forged", "RS256") is None
    assert known.key("old", "RS256") is not None
    assert known.key("old", "ES256") is None
    assert asked.count("/jwks") == 2
    known.close()


def test_the_provider_away(rotating: Provider, start: Starter) -> None:
    site = start(rotating)
    token = rotating.token("ours")
    assert site.outcome(token) == ""
    rotating.stop()
    late = start(rotating)  # starts without its provider
    # Who knew the keys goes on; who never saw them says clearly that it is not the token's fault.
    assert site.outcome(token) == ""
    assert late.outcome(token) == "SIGN_IN_PROVIDER_UNAVAILABLE"
    # Nor can a name of a key that is not known be told from a new one.
    head = b64(json.dumps({"alg": "RS256", "kid": "perhaps-new"}).encode())
    time.sleep(PAUSE_SECONDS)
    assert site.outcome(f"{head}.{token.split('.', 1)[1]}") == "SIGN_IN_PROVIDER_UNAVAILABLE"
    rotating.start()
    time.sleep(PAUSE_SECONDS)
    assert late.outcome(token) == ""


def test_keys_serve_for_hours_without_the_provider_and_not_for_ever(
    rotating: Provider, checker: Checker
) -> None:
    monotonic = Time()
    tokens = checker(rotating, monotonic=monotonic)
    token = rotating.token("ours")
    assert reason(tokens, token) == ""
    rotating.stop()
    monotonic.now = USABLE_SECONDS - 1
    assert reason(tokens, token) == ""
    monotonic.now = USABLE_SECONDS + PAUSE_SECONDS
    assert reason(tokens, token) == "SIGN_IN_PROVIDER_UNAVAILABLE"


def test_a_discovery_document_of_another_issuer_is_not_believed(tmp_path: Path, checker: Checker) -> None:
    port = free_port()
    other = furnish(Provider(tmp_path, port=port, issuer="https://elsewhere.example.dk"))
    other.keys = [signing_key("old")]
    with running(other):
        tokens = checker(Provider(tmp_path, port=port))
        assert reason(tokens, other.token("ours")) == "SIGN_IN_PROVIDER_UNAVAILABLE"
