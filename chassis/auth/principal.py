"""Who is asking: a subject, the municipality their sign-in is for, and their roles there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chassis.errors import Code, DomainError


class Role(StrEnum):
    SECRETARIAT = "secretariat"
    OPERATOR = "operator"
    INTEGRATOR = "integrator"


@dataclass(frozen=True, slots=True)
class Principal:
    """`municipality` is None for somebody who is tied to none (an operator of the whole platform)."""

    subject: str
    municipality: str | None
    roles: frozenset[Role]

    @property
    def signed_in(self) -> bool:
        return bool(self.subject)


NOBODY = Principal(subject="", municipality=None, roles=frozenset())


def authorise(principal: Principal, municipality: str | None, *allowed: Role) -> None:
    """Refuse unless `principal` has one of the roles in this municipality.

    `municipality` None asks for a platform-wide right, which only a principal tied to no municipality has.
    Raises DomainError UNAUTHENTICATED (SIGN_IN_REQUIRED) or PERMISSION_DENIED (ROLE_REQUIRED).
    """
    if not principal.signed_in:
        raise DomainError(Code.UNAUTHENTICATED, "SIGN_IN_REQUIRED")
    if principal.municipality != municipality or not principal.roles.intersection(allowed):
        raise DomainError(Code.PERMISSION_DENIED, "ROLE_REQUIRED", {"roles": ", ".join(sorted(allowed))})
