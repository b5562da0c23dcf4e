"""One-time sign-in links: what one is for, how long it can be spent, and what spending it refuses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.auth.principal import SIGNED_IN_ROLES, Principal, Role
from chassis.errors import Code, DomainError, FieldViolation

SHORTEST_TTL = timedelta(minutes=1)
LONGEST_TTL = timedelta(days=7)
KEPT_AFTER = timedelta(days=30)
"""How long a dead link is remembered, so that its page can say why it is dead."""

SECRET_BYTES = 32

_SUBJECT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class SignInLink:
    """`municipality` is None for an operator of the platform. The secret itself is nowhere: its digest is."""

    id: UUID
    municipality: str | None
    role: Role
    subject: str
    secret_digest: bytes
    create_time: datetime
    expire_time: datetime
    spend_time: datetime | None = None

    @property
    def name(self) -> str:
        return f"signInLinks/{self.id}"

    def principal(self) -> Principal:
        """Who is signed in by it."""
        return Principal(self.subject, self.municipality, frozenset({self.role}))

    def check_spendable(self, now: datetime) -> None:
        """Raises DomainError FAILED_PRECONDITION: SIGN_IN_LINK_SPENT or SIGN_IN_LINK_EXPIRED."""
        if self.spend_time is not None:
            raise DomainError(Code.FAILED_PRECONDITION, "SIGN_IN_LINK_SPENT")
        if now >= self.expire_time:
            raise DomainError(Code.FAILED_PRECONDITION, "SIGN_IN_LINK_EXPIRED")


@dataclass(frozen=True, slots=True)
class LinkWish:
    """What a link is asked for. An empty `subject` asks for one to be made."""

    municipality: str | None
    role: str
    subject: str
    ttl: timedelta


LOCAL_LINK_ROLES = (*SIGNED_IN_ROLES, Role.OPERATOR)
"""What links give where nobody else signs people in."""


def make(
    wish: LinkWish, link_id: UUID, secret: str, now: datetime, given: Sequence[Role] = LOCAL_LINK_ROLES
) -> SignInLink:
    """Raises DomainError INVALID_ARGUMENT SIGN_IN_LINK_INVALID with every wrong field.

    An operator's link is for the platform and has no municipality; every other has one. An integrator is a
    machine: it has a token. `given` are the roles that links give at all.
    """
    violations = []
    platform = wish.municipality is None
    roles = [role for role in given if (role is Role.OPERATOR) is platform]
    if wish.role not in roles:
        # A platform without links for operators has them for others: say for whom.
        roles = roles or list(given)
        known = {"roles": ", ".join(roles)}
        violations.append(FieldViolation("sign_in_link.role", "SIGN_IN_ROLE_INVALID", known))
    if wish.subject and not is_subject(wish.subject):
        violations.append(FieldViolation("sign_in_link.subject", "SUBJECT_INVALID"))
    if not SHORTEST_TTL <= wish.ttl <= LONGEST_TTL:
        violations.append(FieldViolation("sign_in_link.ttl", "TTL_INVALID"))
    if violations:
        raise DomainError(Code.INVALID_ARGUMENT, "SIGN_IN_LINK_INVALID", {}, tuple(violations))
    return SignInLink(
        id=link_id,
        municipality=wish.municipality,
        role=Role(wish.role),
        subject=wish.subject or f"link-{link_id}",
        secret_digest=digest_of(secret),
        create_time=now,
        expire_time=now + wish.ttl,
    )


def is_subject(text: str) -> bool:
    """Whether it may name somebody in the audit trail: a staff number, never a name or an address."""
    return _SUBJECT.fullmatch(text) is not None


def digest_of(secret: str) -> bytes:
    """What the store keeps. A secret of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
