"""Tokens of an OpenID provider: bearer tokens of the APIs, and the reading of claims as a Principal.

Checked are the signature by a pinned algorithm, issuer, audience and times (RFC 7519, RFC 9068, OpenID
Connect Core 1.0 §3.1.3.7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from chassis.aip.names import MUNICIPALITY
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
from chassis.auth.provider import Provider
from chassis.auth.tokens import ISSUER, LocalTokens, TokenVerifier, instant
from chassis.clock import Clock
from chassis.errors import Code, DomainError

_ROLES = {role.value: role for role in GRANTED_ROLES}
_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
# In the audit trail these stand for ourselves.
_OURS = ("service:", "system:")


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where the municipality and the roles stand. A name is looked for as it is, then as a path (`a.b`)."""

    municipality: str = "municipality"
    roles: str = "roles"


class OidcTokens:
    """Checks one provider's tokens for one audience: the TokenVerifier of the production profile.

    The clock is the suite's own, as for its own tokens; `leeway` is by how much the provider's may differ.
    """

    def __init__(
        self,
        provider: Provider,
        clock: Clock,
        *,
        audience: str,
        algorithms: tuple[str, ...],
        leeway: timedelta,
        names: ClaimNames,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._audience = audience
        self._algorithms = algorithms
        self._leeway = leeway
        self._names = names

    def verify(self, token: str) -> Principal:
        """Raises DomainError TOKEN_INVALID, TOKEN_EXPIRED, SIGN_IN_PROVIDER_UNAVAILABLE."""
        return principal_of_claims(self.claims(token), self._names)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that is good now. Raises as `verify`."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in self._algorithms or not (kid is None or isinstance(kid, str)):
                raise invalid()
            key = self._provider.key(kid, algorithm)
            if key is None:
                raise invalid()
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._provider.issuer,
                audience=self._audience,
                # Times are checked below, against the suite's clock.
                options={
                    "require": ["iss", "aud", "sub", "exp", "iat"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            raise invalid() from None
        now = self._clock.now()
        if now >= instant(claims, "exp") + self._leeway:
            raise DomainError(Code.UNAUTHENTICATED, "TOKEN_EXPIRED")
        starts = [instant(claims, name) for name in ("iat", "nbf") if name in claims]
        if any(now < start - self._leeway for start in starts):
            raise invalid()
        return claims


class EitherTokens:
    """The embedded profile with a provider: the suite's own tokens count beside the provider's."""

    def __init__(self, local: LocalTokens, provider: TokenVerifier) -> None:
        self._local = local
        self._provider = provider

    def verify(self, token: str) -> Principal:
        """By what the token says of its issuer, which its own verifier then checks."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            raise invalid() from None
        return (self._local if claims.get("iss") == ISSUER else self._provider).verify(token)


class NoTokens:
    """Production without an audience: bearer tokens are refused."""

    def verify(self, token: str) -> Principal:
        raise invalid()


def principal_of_claims(claims: Mapping[str, Any], names: ClaimNames) -> Principal:
    """Roles that we do not know are passed over; none at all is a person who is known and may nothing.

    Raises DomainError TOKEN_INVALID: a subject that is none or pretends to be ours, a municipality that is no
    slug, or several: one sign-in is for one municipality.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject) or subject.startswith(_OURS):
        raise invalid()
    municipality = claim(claims, names.municipality)
    if isinstance(municipality, list) and len(municipality) == 1:
        municipality = municipality[0]
    if municipality in ("", []):
        municipality = None
    if municipality is not None and not (
        isinstance(municipality, str) and MUNICIPALITY.matches(f"municipalities/{municipality}")
    ):
        raise invalid()
    roles = claim(claims, names.roles)
    listed = roles.split() if isinstance(roles, str) else roles if isinstance(roles, list) else []
    return Principal(subject, municipality, frozenset(_known(listed)))


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, which may hold dots itself, or by its path; None when there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _known(listed: list[Any]) -> list[Role]:
    return [_ROLES[each] for each in listed if isinstance(each, str) and each in _ROLES]


def invalid() -> DomainError:
    return DomainError(Code.UNAUTHENTICATED, "TOKEN_INVALID")
