"""Where a sign-in leads: to the page that answers what this role comes for."""

from __future__ import annotations

from collections.abc import Collection

from chassis.auth.principal import Principal, Role

# In this order: who has several roles is led by the first whose service is there.
_HOMES = (
    (Role.SECRETARIAT, "deliberation", "/assemblies"),
    (Role.EDITOR, "deliberation", "/assemblies"),
    (Role.OFFICER, "followup", "/owed"),
    (Role.COUNCIL, "followup", ""),
    (Role.COORDINATOR, "volunteer", "/desk"),
    (Role.ORGANISATION_CONTACT, "volunteer", ""),
    (Role.VOLUNTEER, "volunteer", ""),
)


def home_of(principal: Principal, services: Collection[str]) -> str:
    """The municipality's front page where no other is named, `/` for an operator of the platform."""
    municipality = principal.municipality
    if municipality is None:
        return "/"
    for role, service, path in _HOMES:
        if role in principal.roles and service in services:
            return f"/{service}/{municipality}{path}"
    return f"/deliberation/{municipality}"
