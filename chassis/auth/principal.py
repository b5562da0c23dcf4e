"""Who is asking: a subject, the municipality their sign-in is for, and their roles there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chassis.errors import Code, DomainError


class Role(StrEnum):
    """The twelve that people and systems have, and one that is given by no token, session or link."""

    SECRETARIAT = "secretariat"
    OFFICER = "officer"
    COUNCIL = "council"
    FACILITATOR = "facilitator"
    ADVISER = "adviser"
    EDITOR = "editor"
    MEMBER = "member"
    ORGANISATION_CONTACT = "organisation-contact"
    COORDINATOR = "coordinator"
    VOLUNTEER = "volunteer"
    OPERATOR = "operator"
    INTEGRATOR = "integrator"
    SERVICE = "service"
    """A neighbouring service of the suite, known by its channel: the embedded one or its certificate."""


GRANTED_ROLES = tuple(role for role in Role if role is not Role.SERVICE)
"""Those that a token, a session or a link may give."""

SIGNED_IN_ROLES = tuple(role for role in GRANTED_ROLES if role not in (Role.OPERATOR, Role.INTEGRATOR))
"""Those in which a person signs in to a municipality's pages."""

OUTSIDE_ROLES = (Role.FACILITATOR, Role.ADVISER, Role.MEMBER, Role.ORGANISATION_CONTACT, Role.VOLUNTEER)
"""People who are not the municipality's own, so that its provider may not know them."""


@dataclass(frozen=True, slots=True)
class Principal:
    """`municipality` is None for who is tied to none: an operator of the whole platform, a service."""

    subject: str
    municipality: str | None
    roles: frozenset[Role]

    @property
    def signed_in(self) -> bool:
        return bool(self.subject)

    def has(self, municipality: str | None, *roles: Role) -> bool:
        """Whether it has one of the roles in this municipality (None: in the platform as a whole).

        A neighbouring service is tied to no municipality: SERVICE among `roles` is met in every one.
        """
        if Role.SERVICE in self.roles:
            return Role.SERVICE in roles
        return self.signed_in and self.municipality == municipality and bool(self.roles.intersection(roles))


NOBODY = Principal(subject="", municipality=None, roles=frozenset())


def service_principal(service: str) -> Principal:
    """A neighbouring service, `service:NAME` in the audit trail."""
    return Principal(f"service:{service}", None, frozenset({Role.SERVICE}))


def authorise(principal: Principal, municipality: str | None, *allowed: Role) -> None:
    """Refuse unless `principal` has one of the roles in this municipality.

    `municipality` None asks for a platform-wide right, which only a principal tied to no municipality has.
    `authorise(principal, m, Role.SECRETARIAT, Role.SERVICE)` admits m's secretariat and any neighbouring
    service; which neighbours may call a gRPC service at all is its registration's list.
    Raises DomainError UNAUTHENTICATED (SIGN_IN_REQUIRED) or PERMISSION_DENIED (ROLE_REQUIRED).
    """
    if not principal.signed_in:
        raise DomainError(Code.UNAUTHENTICATED, "SIGN_IN_REQUIRED")
    if not principal.has(municipality, *allowed):
        # A person cannot become a service, so that it is one of the roles is no news to them.
        wanted = sorted(set(allowed) - {Role.SERVICE} or allowed)
        raise DomainError(Code.PERMISSION_DENIED, "ROLE_REQUIRED", {"roles": ", ".join(wanted)})
