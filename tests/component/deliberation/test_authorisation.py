"""Every use case × every role × the same role of another municipality, over gRPC, REST and pages."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import grpc
import pytest

import services.deliberation.app as app_package
from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis.auth.principal import Principal
from tests.component.deliberation.conftest import OPERATOR, House, principal

OK, WHO, NO = "OK", "UNAUTHENTICATED", "PERMISSION_DENIED"

# Who asks, of the municipality `dragoer` throughout.
CALLERS: dict[str, Principal | None] = {
    "nobody": None,
    "secretariat": principal("secretariat", "dragoer"),
    "secretariat of another": principal("secretariat", "koege"),
    "secretariat of none": principal("secretariat", None),
    "operator": OPERATOR,
    "operator bound to it": principal("operator", "dragoer"),
    "operator bound to another": principal("operator", "koege"),
    "integrator": principal("integrator", "dragoer"),
    "integrator of another": principal("integrator", "koege"),
}
ORDER = list(CALLERS)

# What each gets, in that order.
TABLE = {
    "get_municipality": [OK] * 9,
    "list_municipalities": [OK] * 9,
    "create_municipality": [WHO, NO, NO, NO, OK, NO, NO, NO, NO],
    "update_municipality": [WHO, OK, NO, NO, OK, NO, NO, NO, NO],
    "create_sign_in_link": [WHO, OK, NO, NO, OK, NO, NO, NO, NO],
    "create_sign_in_link of an operator": [WHO, NO, NO, NO, OK, NO, NO, NO, NO],
    # Who holds the link holds the right; it is tried on its page below.
    "find_sign_in_link": [OK] * 9,
    "spend_sign_in_link": [OK] * 9,
}
BY_PAGE_ALONE = {"find_sign_in_link", "spend_sign_in_link"}


def call(house: House, use_case: str, who: Principal | None) -> None:
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
                municipality_id="greve", municipality=pb.Municipality(display_name="Greve")
            ),
            metadata=metadata,
        ),
        "update_municipality": lambda: house.registry.UpdateMunicipality(
            pb.UpdateMunicipalityRequest(municipality=particulars), metadata=metadata
        ),
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


REST: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "get_municipality": ("GET", "/municipalities/dragoer", None),
    "list_municipalities": ("GET", "/municipalities", None),
    "create_municipality": ("POST", "/municipalities?municipalityId=greve", {"displayName": "Greve"}),
    "update_municipality": ("PATCH", "/municipalities/dragoer", {"displayName": "Dragør By"}),
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
    for who, expected in zip(ORDER, TABLE[use_case], strict=True):
        got = OK
        try:
            call(prepared, use_case, CALLERS[who])
        except grpc.RpcError as error:
            got = error.code().name
        # The operator's first creation took the slug.
        assert got == expected, f"gRPC: {who}"
        method, path, body = REST[use_case]
        answer = prepared.http.request(
            method,
            f"/deliberation/api/v1{path.replace('greve', 'ishoej')}",
            json=body,
            headers=prepared.bearer(CALLERS[who]),
        )
        status = {WHO: {401}, NO: {403}, OK: {200, 201}}[expected]
        assert answer.status_code in status, f"REST: {who}"
        if expected != OK:
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("use_case", PAGES)
def test_on_pages(prepared: House, use_case: str) -> None:
    for who, expected in zip(ORDER, TABLE[use_case], strict=True):
        known = CALLERS[who]
        cookie = prepared.session(known)
        answer = prepared.http.get(PAGES[use_case], headers=cookie)
        assert answer.status_code == {WHO: 401, NO: 403, OK: 200}[expected], who
        # A bearer token is for the APIs, a session for the pages; neither counts at the other's.
        if expected == OK and TABLE[use_case][0] == WHO:
            assert prepared.http.get(PAGES[use_case], headers=prepared.bearer(known)).status_code == 401
            method, path, body = REST[use_case]
            crossed = prepared.http.request(method, f"/deliberation/api/v1{path}", json=body, headers=cookie)
            assert crossed.status_code == 401


def test_no_use_case_is_missing_from_the_table() -> None:
    found = set()
    for module in pkgutil.iter_modules(app_package.__path__):
        source = importlib.import_module(f"{app_package.__name__}.{module.name}")
        for name, function in inspect.getmembers(source, inspect.isfunction):
            parameters = inspect.signature(function).parameters
            if function.__module__ != source.__name__ or list(parameters)[:2] != ["uow", "caller"]:
                continue
            # Those of assemblies and reports stand in tests/unit/deliberation/test_authorisation.py.
            if parameters["uow"].annotation != "AssemblyUnitOfWork":
                found.add(name)
    assert found == {name.split(" ")[0] for name in TABLE}
