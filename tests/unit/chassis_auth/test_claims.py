"""A provider's claims as a Principal: whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth.oidc import ClaimNames, claim, principal_of_claims
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
from chassis.errors import DomainError

NAMES = ClaimNames()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
LIKELY = JSON | st.sampled_from([[role.value for role in Role], "secretariat operator", "dragoer", ["koege"]])


@given(st.fixed_dictionaries({}, optional={"sub": LIKELY, "municipality": LIKELY, "roles": LIKELY}))
def test_anything_at_all_is_a_principal_or_refused(claims: dict[str, Any]) -> None:
    reason = ""
    try:
        found = principal_of_claims(claims, NAMES)
    except DomainError as error:
        reason = error.reason
    if reason:
        assert reason == "TOKEN_INVALID"
        return
    assert found.subject == claims["sub"]
    assert found.roles <= set(GRANTED_ROLES)
    assert found.municipality is None or found.municipality in ("dragoer", "koege", claims["municipality"])


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"municipality": "dragoer", "roles": ["member"]}, ("dragoer", {Role.MEMBER})),
        ({"municipality": ["dragoer"], "roles": "member editor"}, ("dragoer", {Role.MEMBER, Role.EDITOR})),
        ({"municipality": "", "roles": ["operator"]}, (None, {Role.OPERATOR})),
        ({"municipality": [], "roles": ["operator"]}, (None, {Role.OPERATOR})),
        ({"roles": ["service", "wizard", 7, None]}, (None, set())),
        ({"roles": {"member": True}}, (None, set())),
        ({}, (None, set())),
    ],
)
def test_what_is_read(claims: dict[str, Any], expected: tuple[str | None, set[Role]]) -> None:
    assert principal_of_claims({"sub": "p-1", **claims}, NAMES) == Principal(
        "p-1", expected[0], frozenset(expected[1])
    )


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a b"},
        {"sub": "a\nb"},
        {"sub": "a" * 256},
        {"sub": "service:deliberation"},
        {"sub": "system:relay"},
        {"sub": "p-1", "municipality": ["dragoer", "koege"]},
        {"sub": "p-1", "municipality": "Dragør"},
        {"sub": "p-1", "municipality": "../koege"},
        {"sub": "p-1", "municipality": 7},
    ],
)
def test_what_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(DomainError, match="TOKEN_INVALID"):
        principal_of_claims(claims, NAMES)


def test_a_claim_by_its_name_or_its_path() -> None:
    claims = {"a": {"b": {"c": 1}}, "https://x.dk/roles": 2, "a.b": 3, "d": [1]}
    assert claim(claims, "a.b.c") == 1
    assert claim(claims, "https://x.dk/roles") == 2
    assert claim(claims, "a.b") == 3  # as it stands, before any path
    assert claim(claims, "d.0") is None
    assert claim(claims, "nothing.there") is None
