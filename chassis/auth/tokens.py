"""Bearer tokens: JSON Web Tokens (RFC 7519) that the suite itself issues in the embedded profile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import jwt

from chassis.aip.names import MUNICIPALITY
from chassis.auth.keys import DerivedKey, Keys
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
from chassis.clock import Clock
from chassis.errors import Code, DomainError

ISSUER = "borgerting"
ALGORITHM = "HS256"
LEEWAY = timedelta(seconds=30)
"""By how much two machines' clocks may differ."""

API_AUDIENCE = "borgerting-api"
DEFAULT_LIFETIME = timedelta(hours=12)
LONGEST_LIFETIME = timedelta(days=365)
_REMEMBERED = 1024
_ROLES = {role.value: role for role in GRANTED_ROLES}

T = TypeVar("T")


class TokenVerifier(Protocol):
    def verify(self, token: str) -> Principal:
        """Whose token it is.

        Raises DomainError UNAUTHENTICATED: TOKEN_EXPIRED, or TOKEN_INVALID for all else that is wrong with
        it; which of it is not told, since that would help only who forges one.
        """


@dataclass(frozen=True, slots=True)
class _Genuine(Generic[T]):
    """What a token means that `key` has signed, and from when until when it counts, leeway included."""

    key: DerivedKey
    meaning: T
    start: datetime
    end: datetime


class SignedClaims(Generic[T]):
    """Signs and checks one kind of token. `audience` names the kind: one kind is never taken for another.

    `meaning` makes of a genuine token's claims what they stand for, which nobody changes; it raises
    DomainError TOKEN_INVALID where they stand for nothing. The clock is the suite's own, not the machine's,
    since scenarios move it.
    """

    def __init__(
        self, keys: Keys, clock: Clock, *, audience: str, meaning: Callable[[Mapping[str, Any]], T]
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._audience = audience
        self._meaning = meaning
        self._found_genuine: dict[bytes, _Genuine[T]] = {}

    def sign(self, claims: Mapping[str, Any], lifetime: timedelta) -> str:
        now = self._clock.now()
        key = self._keys.current(self._audience)
        payload = {
            **claims,
            "iss": ISSUER,
            "aud": self._audience,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        return jwt.encode(payload, key.key, algorithm=ALGORITHM, headers={"kid": key.kid})

    def read(self, token: str) -> T:
        """What the token stands for. Raises DomainError TOKEN_INVALID or TOKEN_EXPIRED."""
        genuine = self._genuine(token)
        now = self._clock.now()
        if now >= genuine.end:
            raise DomainError(Code.UNAUTHENTICATED, "TOKEN_EXPIRED")
        if now < genuine.start:
            raise _invalid()
        return genuine.meaning

    def _genuine(self, token: str) -> _Genuine[T]:
        """A token that is ours, whenever it is good for.

        A token comes with every call of its holder and checking it costs as much as a small call, so those
        found genuine are remembered by their digest, for as long as their key is kept. Nothing else is: a
        forger fills no memory. When it is good is asked at every call.
        """
        digest = hashlib.blake2b(token.encode(errors="surrogatepass"), digest_size=32).digest()
        known = self._found_genuine.get(digest)
        if known is not None and self._keys.find(self._audience, known.key.kid) == known.key:
            return known
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._keys.find(self._audience, kid) if isinstance(kid, str) else None
            if key is None:
                raise _invalid()
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=self._audience,
                # Times are for `read`, against the suite's clock.
                options={
                    "require": ["iss", "aud", "exp", "nbf", "iat"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            raise _invalid() from None
        if len(self._found_genuine) >= _REMEMBERED:
            self._found_genuine.clear()
        found = _Genuine(
            key,
            self._meaning(claims),
            start=max(instant(claims, "nbf"), instant(claims, "iat")) - LEEWAY,
            end=instant(claims, "exp") + LEEWAY,
        )
        self._found_genuine[digest] = found
        return found


class LocalTokens:
    """Issues and verifies API tokens with the suite's own key: the TokenVerifier of the embedded profile."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._principals = SignedClaims(keys, clock, audience=API_AUDIENCE, meaning=principal_from)

    def issue(self, principal: Principal, lifetime: timedelta = DEFAULT_LIFETIME) -> str:
        """A token for a machine.

        Raises ValueError for nobody, or for a lifetime that is none or over a year.
        """
        if not principal.signed_in:
            raise ValueError("nobody gets no token")
        if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
            raise ValueError("a token lives for up to a year")
        return self._principals.sign(principal_claims(principal), lifetime)

    def verify(self, token: str) -> Principal:
        return self._principals.read(token)


def principal_claims(principal: Principal) -> dict[str, Any]:
    """Raises ValueError for a service, which is known by its channel and by nothing that can be copied."""
    if Role.SERVICE in principal.roles:
        raise ValueError("a service gets no token and no session")
    claims: dict[str, Any] = {"sub": principal.subject, "roles": sorted(principal.roles)}
    if principal.municipality is not None:
        claims["municipality"] = principal.municipality
    return claims


def principal_from(claims: Mapping[str, Any]) -> Principal:
    """Roles that no token gives, or that this version does not know, are passed over.

    Raises DomainError TOKEN_INVALID.
    """
    subject, municipality, roles = claims.get("sub"), claims.get("municipality"), claims.get("roles")
    if not isinstance(subject, str) or not subject or not isinstance(roles, list):
        raise _invalid()
    if municipality is not None and not (
        isinstance(municipality, str) and MUNICIPALITY.matches(f"municipalities/{municipality}")
    ):
        raise _invalid()
    return Principal(subject, municipality, frozenset(_ROLES[role] for role in roles if role in _ROLES))


def instant(claims: Mapping[str, Any], claim: str) -> datetime:
    """A claim's NumericDate (RFC 7519). Raises DomainError TOKEN_INVALID when it is none."""
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid()
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise _invalid() from None


def _invalid() -> DomainError:
    return DomainError(Code.UNAUTHENTICATED, "TOKEN_INVALID")
