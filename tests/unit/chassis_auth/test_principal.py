"""Who may: roles of a municipality, of the platform, and neighbouring services."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth.principal import (
    GRANTED_ROLES,
    NOBODY,
    SIGNED_IN_ROLES,
    Principal,
    Role,
    authorise,
    service_principal,
)
from chassis.errors import Code, DomainError

PLACES = st.sampled_from(["dragoer", "koege", None])
ROLES = st.frozensets(st.sampled_from(list(Role)))


def refusal(principal: Principal, municipality: str | None, *allowed: Role) -> tuple[Code, str, str]:
    with pytest.raises(DomainError) as caught:
        authorise(principal, municipality, *allowed)
    return caught.value.code, caught.value.reason, caught.value.metadata.get("roles", "")


def test_the_roles() -> None:
    assert {role.value for role in GRANTED_ROLES} == {
        "secretariat", "officer", "council", "facilitator", "adviser", "editor", "member",
        "organisation-contact", "coordinator", "volunteer", "operator", "integrator",
    }  # fmt: skip
    assert set(GRANTED_ROLES) - set(SIGNED_IN_ROLES) == {Role.OPERATOR, Role.INTEGRATOR}
    assert set(Role) - set(GRANTED_ROLES) == {Role.SERVICE}


@given(PLACES, st.frozensets(st.sampled_from(GRANTED_ROLES)), PLACES, ROLES)
def test_a_person_may_by_a_role_of_this_very_place(
    own: str | None, roles: frozenset[Role], place: str | None, allowed: frozenset[Role]
) -> None:
    may = own == place and bool(roles & allowed)
    assert Principal("p", own, roles).has(place, *allowed) is may
    if may:
        authorise(Principal("p", own, roles), place, *allowed)
    else:
        assert refusal(Principal("p", own, roles), place, *allowed)[:2] == (
            Code.PERMISSION_DENIED,
            "ROLE_REQUIRED",
        )
    assert refusal(NOBODY, place, *allowed) == (Code.UNAUTHENTICATED, "SIGN_IN_REQUIRED", "")


@given(PLACES, ROLES)
def test_a_neighbour_may_where_neighbours_may_and_by_no_other_role(
    place: str | None, allowed: frozenset[Role]
) -> None:
    neighbour = service_principal("deliberation")
    assert (neighbour.subject, neighbour.municipality) == ("service:deliberation", None)
    assert neighbour.has(place, *allowed) is (Role.SERVICE in allowed)
    # Were it ever given another role beside, that would open nothing.
    both = Principal("service:x", None, frozenset({Role.SERVICE, Role.OPERATOR}))
    assert both.has(None, Role.OPERATOR) is False


def test_what_a_refusal_names() -> None:
    member = Principal("p", "dragoer", frozenset({Role.MEMBER}))
    asked = (Role.SERVICE, Role.SECRETARIAT, Role.EDITOR)
    assert refusal(member, "dragoer", *asked)[2] == "editor, secretariat"
    assert refusal(member, "dragoer", Role.SERVICE)[2] == "service"
