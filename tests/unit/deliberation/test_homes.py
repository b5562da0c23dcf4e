"""Where a sign-in leads."""

from __future__ import annotations

import pytest

from chassis.auth.principal import Principal, Role
from services.deliberation.adapters.homes import home_of

ALL = ("deliberation", "followup", "sortition", "volunteer")


def home(*roles: Role, services: tuple[str, ...] = ALL, municipality: str | None = "dragoer") -> str:
    return home_of(Principal("staff-7", municipality, frozenset(roles)), services)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.SECRETARIAT, "/deliberation/dragoer/assemblies"),
        (Role.EDITOR, "/deliberation/dragoer/assemblies"),
        (Role.OFFICER, "/followup/dragoer/owed"),
        (Role.COUNCIL, "/followup/dragoer"),
        (Role.COORDINATOR, "/volunteer/dragoer/desk"),
        (Role.ORGANISATION_CONTACT, "/volunteer/dragoer"),
        (Role.VOLUNTEER, "/volunteer/dragoer"),
        (Role.MEMBER, "/deliberation/dragoer"),
        (Role.FACILITATOR, "/deliberation/dragoer"),
        (Role.ADVISER, "/deliberation/dragoer"),
    ],
)
def test_each_role_is_led_to_its_home(role: Role, path: str) -> None:
    assert home(role) == path
    # To a service that is not there nobody is led.
    assert home(role, services=("deliberation",)).startswith("/deliberation/dragoer")


def test_the_first_of_several_roles_leads() -> None:
    assert home(Role.VOLUNTEER, Role.SECRETARIAT) == "/deliberation/dragoer/assemblies"
    assert home(Role.VOLUNTEER, Role.OFFICER) == "/followup/dragoer/owed"


def test_an_operator_of_the_platform_sees_all_municipalities() -> None:
    assert home(Role.OPERATOR, municipality=None) == "/"
