"""Who may administer a municipality's entry and its sign-ins."""

from __future__ import annotations

from chassis.auth.principal import Principal, Role, authorise
from chassis.errors import Code, DomainError


def authorise_administration(principal: Principal, municipality: str | None) -> None:
    """Operators of the platform, and the municipality's own secretariat. Raises as `authorise` does."""
    if municipality is None or (principal.signed_in and principal.municipality is None):
        authorise(principal, None, Role.OPERATOR)
    else:
        authorise(principal, municipality, Role.SECRETARIAT)


def unknown_municipality() -> DomainError:
    return DomainError(Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN")
