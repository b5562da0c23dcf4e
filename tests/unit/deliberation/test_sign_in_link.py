"""Rules of sign-in links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth.principal import OUTSIDE_ROLES, SIGNED_IN_ROLES, Principal, Role
from chassis.errors import DomainError
from services.deliberation.domain.sign_in_link import (
    LONGEST_TTL,
    SHORTEST_TTL,
    LinkWish,
    SignInLink,
    digest_of,
    make,
)

NOW = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)
ID = UUID("01977e5c-0000-7000-8000-000000000001")
QUARTER = timedelta(minutes=15)


def link(**changes: object) -> SignInLink:
    wish = {"municipality": "dragoer", "role": "secretariat", "subject": "staff-7", "ttl": QUARTER}
    return make(LinkWish(**{**wish, **changes}), ID, "secret", NOW)  # type: ignore[arg-type]


def violations(**changes: object) -> dict[str, str]:
    with pytest.raises(DomainError, match="SIGN_IN_LINK_INVALID") as caught:
        link(**changes)
    return {violation.field: violation.reason for violation in caught.value.violations}


def test_a_link_signs_in_whom_it_is_for() -> None:
    assert link().principal() == Principal("staff-7", "dragoer", frozenset({Role.SECRETARIAT}))
    operator = link(municipality=None, role="operator", subject="")
    assert operator.principal() == Principal(f"link-{ID}", None, frozenset({Role.OPERATOR}))


@pytest.mark.parametrize("role", SIGNED_IN_ROLES)
def test_every_role_of_a_person_signs_in(role: Role) -> None:
    assert link(role=role.value).principal() == Principal("staff-7", "dragoer", frozenset({role}))


@pytest.mark.parametrize("role", [*SIGNED_IN_ROLES, Role.OPERATOR])
def test_staff_have_no_links_where_a_provider_signs_them_in(role: Role) -> None:
    municipality = None if role is Role.OPERATOR else "dragoer"
    wish = LinkWish(municipality, role.value, "p-1", QUARTER)
    if role in OUTSIDE_ROLES:
        assert make(wish, ID, "secret", NOW, OUTSIDE_ROLES).role is role
        return
    with pytest.raises(DomainError, match="SIGN_IN_LINK_INVALID") as caught:
        make(wish, ID, "secret", NOW, OUTSIDE_ROLES)
    [violation] = caught.value.violations
    assert violation.metadata == {"roles": "facilitator, adviser, member, organisation-contact, volunteer"}


def test_the_secret_is_not_kept() -> None:
    made = link()
    assert made.secret_digest == digest_of("secret")
    assert "secret'" not in repr(made)
    assert len(made.secret_digest) == 32


def test_who_may_sign_in_where() -> None:
    for municipality, role in (
        ("dragoer", "operator"),
        (None, "secretariat"),
        ("dragoer", "integrator"),
        (None, "integrator"),
        (None, "member"),
        ("dragoer", "service"),
        (None, "service"),
        ("dragoer", ""),
        ("dragoer", "wizard"),
    ):
        assert violations(municipality=municipality, role=role) == {
            "sign_in_link.role": "SIGN_IN_ROLE_INVALID"
        }


@pytest.mark.parametrize("subject", ["Anna Hansen", "anna@example.dk", "a" * 65, "-a", "A", "å"])
def test_a_subject_is_no_name_and_no_address(subject: str) -> None:
    assert violations(subject=subject) == {"sign_in_link.subject": "SUBJECT_INVALID"}


@given(st.timedeltas())
def test_how_long_a_link_may_live(ttl: timedelta) -> None:
    if SHORTEST_TTL <= ttl <= LONGEST_TTL:
        assert link(ttl=ttl).expire_time == NOW + ttl
    else:
        assert violations(ttl=ttl) == {"sign_in_link.ttl": "TTL_INVALID"}


def test_when_it_can_be_spent() -> None:
    made = link()
    made.check_spendable(NOW + QUARTER - timedelta(microseconds=1))
    with pytest.raises(DomainError, match="SIGN_IN_LINK_EXPIRED"):
        made.check_spendable(NOW + QUARTER)
