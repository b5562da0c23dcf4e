"""Page sessions: one signed cookie for all four services, no session table.

It lives for an hour after the last page and for twelve after the sign-in, whichever is less. A renewal
keeps the session's id, so that forms that are open stay valid; a sign-in always begins a new one, so that
nobody can be given a session beforehand (fixation). A sign-out takes the cookie from its browser; a copy of
it would be good until it ends by itself, which is why it is short.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis.auth.keys import Keys
from chassis.auth.principal import Principal
from chassis.auth.tokens import SignedClaims, instant, principal_claims, principal_from
from chassis.clock import Clock
from chassis.errors import Code, DomainError

SESSION_AUDIENCE = "borgerting-session"
IDLE_LIFETIME = timedelta(hours=1)
LONGEST_LIFETIME = timedelta(hours=12)
RENEW_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Session:
    """`id` is random and binds forms to the session; `issue_time` is when the cookie was made."""

    principal: Principal
    id: str
    issue_time: datetime
    sign_in_time: datetime


class Sessions:
    """Issues and reads session cookies' values."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._sessions = SignedClaims(keys, clock, audience=SESSION_AUDIENCE, meaning=_session)
        self._clock = clock

    def issue(self, principal: Principal) -> str:
        """A new session for who just signed in. Raises ValueError for nobody."""
        if not principal.signed_in:
            raise ValueError("nobody has no session")
        return self._sign(principal, secrets.token_urlsafe(16), self._clock.now())

    def read(self, cookie: str) -> Session | None:
        """The session; None when the cookie is no session of ours, or over."""
        try:
            session = self._sessions.read(cookie)
        except DomainError:
            return None
        return session if self._clock.now() < session.sign_in_time + LONGEST_LIFETIME else None

    def renew(self, session: Session) -> str | None:
        """The cookie's next value; None while the present one is fresh."""
        if self._clock.now() < session.issue_time + RENEW_AFTER:
            return None
        return self._sign(session.principal, session.id, session.sign_in_time)

    def _sign(self, principal: Principal, identity: str, sign_in_time: datetime) -> str:
        lifetime = min(IDLE_LIFETIME, sign_in_time + LONGEST_LIFETIME - self._clock.now())
        own = {"sid": identity, "auth_time": int(sign_in_time.timestamp())}
        return self._sessions.sign(principal_claims(principal) | own, lifetime)


def _session(claims: Mapping[str, Any]) -> Session:
    """What a cookie's claims stand for. Raises DomainError TOKEN_INVALID."""
    principal, identity = principal_from(claims), claims.get("sid")
    if not isinstance(identity, str):
        raise DomainError(Code.UNAUTHENTICATED, "TOKEN_INVALID")
    return Session(principal, identity, instant(claims, "iat"), instant(claims, "auth_time"))
