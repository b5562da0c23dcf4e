"""Every use case × every role × the same role of another municipality, over gRPC, REST and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
from tests.component.deliberation.conftest import House, principal

OK, WHO, NO = "OK", "UNAUTHENTICATED", "PERMISSION_DENIED"
PLACES = ("dragoer", "koege", None)

# Who asks, of the municipality `dragoer` throughout: nobody, and every role of it, of another and of none.
CALLERS: dict[tuple[Role | None, str | None], Principal | None] = {
    (None, None): None,
    **{(role, place): principal(role, place) for role in GRANTED_ROLES for place in PLACES},
}

SECRETARIAT, OPERATOR = (Role.SECRETARIAT, "dragoer"), (Role.OPERATOR, None)
EVERYONE = frozenset(CALLERS)

# Who may, that being whom else are refused.
TABLE: dict[str, frozenset[tuple[Role | None, str | None]]] = {
    "get_municipality": EVERYONE,
    "list_municipalities": EVERYONE,
    "create_municipality": frozenset({OPERATOR}),
    "update_municipality": frozenset({SECRETARIAT, OPERATOR}),
    "suspend_municipality": frozenset({OPERATOR}),
    "resume_municipality": frozenset({OPERATOR}),
    "delete_municipality": frozenset({OPERATOR}),
    "check_delete_municipality": frozenset({OPERATOR}),
    "undelete_municipality": frozenset({OPERATOR}),
    "create_sign_in_link": frozenset({SECRETARIAT, OPERATOR}),
    "create_sign_in_link of an operator": frozenset({OPERATOR}),
    # Who holds the link holds the right; it is tried on its page (test_attacks_on_links.py).
    "find_sign_in_link": EVERYONE,
    "spend_sign_in_link": EVERYONE,
}


def expected_for(use_case: str, who: tuple[Role | None, str | None]) -> str:
    return OK if who in TABLE[use_case] else WHO if who == (None, None) else NO


def suspend(house: House, who: Principal | None) -> None:
    request = pb.SuspendMunicipalityRequest(name="municipalities/dragoer", reason="case 7")
    house.registry.SuspendMunicipality(request, metadata=house.metadata(who))


def resume(house: House, who: Principal | None) -> None:
    request = pb.ResumeMunicipalityRequest(name="municipalities/dragoer", reason="case 7")
    house.registry.ResumeMunicipality(request, metadata=house.metadata(who))


def suspend_and_undo(house: House, who: Principal | None) -> None:
    suspend(house, who)
    resume(house, who)


def resume_and_undo(house: House, who: Principal | None) -> None:
    operator = CALLERS[OPERATOR]
    if state(house) == pb.Municipality.STATE_ACTIVE:
        suspend(house, operator)
    resume(house, who)
    suspend(house, operator)


def state(house: House) -> pb.Municipality.State.ValueType:
    return house.registry.GetMunicipality(pb.GetMunicipalityRequest(name="municipalities/dragoer")).state


def delete(house: House, who: Principal | None) -> None:
    request = pb.DeleteMunicipalityRequest(
        name="municipalities/dragoer", confirmation="dragoer", reason="case 7", without_export=True
    )
    house.registry.DeleteMunicipality(request, metadata=house.metadata(who))


def undelete(house: House, who: Principal | None) -> None:
    request = pb.UndeleteMunicipalityRequest(name="municipalities/dragoer", reason="case 7")
    house.registry.UndeleteMunicipality(request, metadata=house.metadata(who))


def delete_and_undo(house: House, who: Principal | None) -> None:
    operator = CALLERS[OPERATOR]
    if state(house) == pb.Municipality.STATE_ACTIVE:
        suspend(house, operator)
    delete(house, who)
    undelete(house, operator)


def undelete_and_undo(house: House, who: Principal | None) -> None:
    operator = CALLERS[OPERATOR]
    if state(house) == pb.Municipality.STATE_ACTIVE:
        suspend(house, operator)
        delete(house, operator)
    undelete(house, who)
    delete(house, operator)


BY_PAGE_ALONE = {"find_sign_in_link", "spend_sign_in_link"}


def call(house: House, use_case: str, who: Principal | None, number: int) -> None:
    """The use case over gRPC. Raises grpc.RpcError."""
    metadata = house.metadata(who)
    particulars = pb.Municipality(name="municipalities/dragoer", display_name="Dragør By")
    calls: dict[str, Callable[[], Any]] = {
        "get_municipality": lambda: house.registry.GetMunicipality(
            pb.GetMunicipalityRequest(name="municipalities/dragoer"), metadata=metadata
        ),
        "list_municipalities": lambda: house.registry.ListMunicipalities(
            pb.ListMunicipalitiesRequest(), metadata=metadata
        ),
        "create_municipality": lambda: house.registry.CreateMunicipality(
            pb.CreateMunicipalityRequest(
                municipality_id=f"greve-{number}", municipality=pb.Municipality(display_name="Greve")
            ),
            metadata=metadata,
        ),
        "update_municipality": lambda: house.registry.UpdateMunicipality(
            pb.UpdateMunicipalityRequest(municipality=particulars), metadata=metadata
        ),
        "suspend_municipality": lambda: suspend_and_undo(house, who),
        "resume_municipality": lambda: resume_and_undo(house, who),
        "delete_municipality": lambda: delete_and_undo(house, who),
        "check_delete_municipality": lambda: delete_and_undo(house, who),
        "undelete_municipality": lambda: undelete_and_undo(house, who),
        "create_sign_in_link": lambda: house.links.CreateSignInLink(
            link_pb.CreateSignInLinkRequest(
                sign_in_link=link_pb.SignInLink(municipality="municipalities/dragoer", role="secretariat")
            ),
            metadata=metadata,
        ),
        "create_sign_in_link of an operator": lambda: house.links.CreateSignInLink(
            link_pb.CreateSignInLinkRequest(sign_in_link=link_pb.SignInLink(role="operator")),
            metadata=metadata,
        ),
    }
    calls[use_case]()


_DELETED = "/municipalities/dragoer?confirmation=dragoer&reason=case&withoutExport=true"
REST: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "get_municipality": ("GET", "/municipalities/dragoer", None),
    "list_municipalities": ("GET", "/municipalities", None),
    "create_municipality": ("POST", "/municipalities?municipalityId=greve", {"displayName": "Greve"}),
    "update_municipality": ("PATCH", "/municipalities/dragoer", {"displayName": "Dragør By"}),
    "suspend_municipality": ("POST", "/municipalities/dragoer:suspend", {"reason": "case 7"}),
    "resume_municipality": ("POST", "/municipalities/dragoer:resume", {"reason": "case 7"}),
    "delete_municipality": ("DELETE", _DELETED, None),
    "check_delete_municipality": ("DELETE", _DELETED, None),
    "undelete_municipality": ("POST", "/municipalities/dragoer:undelete", {"reason": "case 7"}),
    "create_sign_in_link": (
        "POST",
        "/signInLinks",
        {"municipality": "municipalities/dragoer", "role": "secretariat"},
    ),
    "create_sign_in_link of an operator": ("POST", "/signInLinks", {"role": "operator"}),
}

PAGES = {
    "get_municipality": "/deliberation/dragoer",
    "list_municipalities": "/",
    "create_municipality": "/deliberation/new",
    "update_municipality": "/deliberation/dragoer/edit",
    "create_sign_in_link": "/deliberation/dragoer/sign-in-links/new",
}


@pytest.fixture
def prepared(house: House) -> House:
    house.enter("dragoer", "Dragør")
    house.enter("koege", "Køge")
    return house


@pytest.mark.parametrize("use_case", [name for name in TABLE if name not in BY_PAGE_ALONE])
def test_over_grpc_and_rest(prepared: House, use_case: str) -> None:
    for number, who in enumerate(CALLERS):
        expected, got = expected_for(use_case, who), OK
        try:
            call(prepared, use_case, CALLERS[who], number)
        except grpc.RpcError as error:
            got = error.code().name
        assert got == expected, f"gRPC: {who}"
        method, path, body = REST[use_case]
        answer = prepared.http.request(
            method,
            f"/deliberation/api/v1{path.replace('greve', f'ishoej-{number}')}",
            json=body,
            headers=prepared.bearer(CALLERS[who]),
        )
        status = {WHO: {401}, NO: {403}, OK: {200, 201}}[expected]
        assert answer.status_code in status, f"REST: {who}"
        if expected != OK:
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("use_case", PAGES)
def test_on_pages(prepared: House, use_case: str) -> None:
    for who in CALLERS:
        expected = expected_for(use_case, who)
        known = CALLERS[who]
        cookie = prepared.session(known)
        answer = prepared.http.get(PAGES[use_case], headers=cookie)
        assert answer.status_code == {WHO: 401, NO: 403, OK: 200}[expected], who
        # A bearer token is for the APIs, a session for the pages; neither counts at the other's.
        if expected == OK and TABLE[use_case] != EVERYONE:
            assert prepared.http.get(PAGES[use_case], headers=prepared.bearer(known)).status_code == 401
            method, path, body = REST[use_case]
            crossed = prepared.http.request(method, f"/deliberation/api/v1{path}", json=body, headers=cookie)
            assert crossed.status_code == 401
