"""Operators hold a municipality still, remove it and have it back, on pages without a script."""

from __future__ import annotations

import re

import httpx
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from tests.component.deliberation.conftest import OPERATOR, House, principal

BASE = "/deliberation/municipalities"
ENGLISH = {"language": "en"}


@pytest.fixture
def operator(house: House) -> httpx.Client:
    """The house's visitor, who is signed in as an operator, with a municipality to see to."""
    house.enter("dragoer", "Dragør Kommune")
    house.http.headers.update(house.session(OPERATOR))
    return house.http


def send(visitor: httpx.Client, path: str, **fields: str) -> httpx.Response:
    page = visitor.get(path)
    assert page.status_code == 200, page.text
    hidden = dict(re.findall(r'name="(csrf_token|etag)" value="([^"]*)"', page.text))
    origin = {"origin": str(visitor.base_url).rstrip("/")}
    etag = hidden["etag"].replace("&#34;", '"')
    return visitor.post(path, data={**hidden, "etag": etag, **fields}, headers=origin)


def state(house: House) -> str:
    found = house.registry.GetMunicipality(pb.GetMunicipalityRequest(name="municipalities/dragoer"))
    return pb.Municipality.State.Name(found.state).removeprefix("STATE_")


def test_from_in_use_to_removed_and_back(house: House, operator: httpx.Client) -> None:
    one = f"{BASE}/dragoer"
    assert "All are in use" in operator.get(BASE, params=ENGLISH).text
    done = send(operator, f"{one}/suspend", reason="case 2026-117")
    assert (done.status_code, done.headers["location"], state(house)) == (303, one, "SUSPENDED")
    assert "1 is not in use" in operator.get(BASE, params=ENGLISH).text
    assert "Dragør Kommune is suspended" in operator.get(one, params=ENGLISH).text
    asking = operator.get(f"{one}/remove", params=ENGLISH).text
    assert "The pages of the other services say whether theirs was" in asking
    assert 'href="/deliberation/ops/municipalities/dragoer"' in asking
    asked = send(
        operator, f"{one}/remove", reason="case 2026-117", confirmation="dragoer", without_export="no"
    )
    assert (asked.status_code, state(house)) == (400, "SUSPENDED")
    assert "not exported since" in asked.text or "ikke hentet, siden" in asked.text
    gone = send(operator, f"{one}/remove", reason="case 7", confirmation="dragoer", without_export="yes")
    assert (gone.status_code, state(house)) == (303, "REMOVED")
    assert "is erased for good" in operator.get(one, params=ENGLISH).text
    assert operator.get("/deliberation/dragoer").status_code == 404
    back = send(operator, f"{one}/undelete", reason="by mistake")
    assert (back.status_code, state(house)) == (303, "SUSPENDED")
    assert send(operator, f"{one}/resume", reason="renewed").status_code == 303
    assert state(house) == "ACTIVE"


def test_what_is_wrong_is_said_beside_its_field(house: House, operator: httpx.Client) -> None:
    path = f"{BASE}/dragoer"
    without = send(operator, f"{path}/suspend", reason=" ")
    assert without.status_code == 400
    assert 'id="reason-error"' in without.text
    assert send(operator, f"{path}/suspend", reason="case 7").status_code == 303
    wrong = send(operator, f"{path}/remove", reason="case 7", confirmation="koege", without_export="yes")
    assert wrong.status_code == 400
    assert 'id="confirmation-error"' in wrong.text
    assert 'value="case 7"' in wrong.text
    assert state(house) == "SUSPENDED"


def test_what_cannot_be_done_now_has_no_page(house: House, operator: httpx.Client) -> None:
    for act in ("resume", "remove", "undelete", "destroy"):
        assert operator.get(f"{BASE}/dragoer/{act}").status_code == 404
    assert operator.get(f"{BASE}/koege").status_code == 404


def test_what_changed_meanwhile_is_not_acted_on(house: House, operator: httpx.Client) -> None:
    page = operator.get(f"{BASE}/dragoer/suspend").text
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page)[-1]
    origin = {"origin": str(operator.base_url).rstrip("/")}
    sent = {"csrf_token": token, "reason": "case 7", "etag": '"old"'}
    answer = operator.post(f"{BASE}/dragoer/suspend", data=sent, headers=origin)
    assert (answer.status_code, state(house)) == (409, "ACTIVE")


@pytest.mark.parametrize("who", [None, ("secretariat", "dragoer"), ("operator", "dragoer")])
def test_for_operators_of_the_platform_alone(house: House, who: tuple[str, str] | None) -> None:
    house.enter("dragoer", "Dragør Kommune")
    session = house.session(principal(*who)) if who else {}
    for path in (
        BASE,
        f"{BASE}/dragoer",
        f"{BASE}/dragoer/suspend",
        "/deliberation/ops/municipalities/dragoer",
    ):
        assert house.http.get(path, headers=session).status_code == (403 if who else 401)
