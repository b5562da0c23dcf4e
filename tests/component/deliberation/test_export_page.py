"""A secretariat fetches its municipality's data by a button, without a script."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html import unescape

import httpx
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from chassis.auth.principal import Principal
from tests.component.deliberation.conftest import OPERATOR, House, principal

PATH = "/deliberation/dragoer/export"
STAFF = principal("secretariat", "dragoer")


@pytest.fixture(autouse=True)
def dragoer(house: House) -> None:
    house.enter("dragoer", "Dragør Kommune")
    house.enter("koege", "Køge Kommune")


def page(house: House, who: Principal | None, language: str = "en") -> httpx.Response:
    return house.http.get(PATH, params={"language": language}, headers=house.session(who))


def press(house: House, who: Principal, at: str = PATH) -> httpx.Response:
    """The button, with the token of the page `at`: a session's token holds for all its forms."""
    session = house.session(who)
    (*_, token) = re.findall(r'name="csrf_token" value="([^"]*)"', house.http.get(at, headers=session).text)
    origin = {"origin": str(house.http.base_url).rstrip("/")}
    return house.http.post(PATH, data={"csrf_token": token}, headers={**session, **origin})


def test_the_page_says_what_the_file_holds_and_who_may_have_it(house: House) -> None:
    text = unescape(page(house, STAFF).text)
    assert "Fetch all that Borgerting holds of Dragør Kommune" in text
    assert "Only the municipality's own secretariat can fetch them" in text
    assert f'action="{PATH}"' in text
    assert "Hent alt, hvad Borgerting har om Dragør Kommune" in page(house, STAFF, "da").text
    front = house.http.get("/deliberation/dragoer", headers=house.session(STAFF)).text
    assert f'href="{PATH}"' in front


def test_the_button_answers_with_the_file_and_the_trail_has_it(house: House) -> None:
    answer = press(house, STAFF)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="dragoer-deliberation.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        assert b"Drag\xc3\xb8r Kommune" in packed.read("municipalities.jsonl")
    assert manifest["municipality"] == "municipalities/dragoer"
    again = press(house, STAFF)
    with zipfile.ZipFile(io.BytesIO(again.content)) as packed:
        trail = [json.loads(line) for line in packed.read("audit_log.jsonl").splitlines()]
    assert (trail[-1]["action"], trail[-1]["subject"]) == ("municipality.export", STAFF.subject)


def test_it_works_while_the_municipality_is_suspended(house: House) -> None:
    house.registry.SuspendMunicipality(
        pb.SuspendMunicipalityRequest(name="municipalities/dragoer", reason="case 7"),
        metadata=house.metadata(OPERATOR),
    )
    assert press(house, STAFF).status_code == 200


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        (OPERATOR, 403),
        (principal("secretariat", "koege"), 403),
        (principal("coordinator", "dragoer"), 403),
    ],
)
def test_for_its_own_secretariat_alone(house: House, who: Principal | None, status: int) -> None:
    assert page(house, who).status_code == status
    front = house.http.get("/deliberation/dragoer", headers=house.session(who)).text
    assert PATH not in front
    if who is not None:
        refused = press(house, who, "/deliberation/dragoer")
        assert refused.status_code == 403
        assert refused.headers["content-type"].startswith("text/html")
        assert "Formularen" not in refused.text  # it is not the token that is refused


def test_another_site_s_form_causes_none(house: House) -> None:
    origin = {"origin": str(house.http.base_url).rstrip("/")}
    answer = house.http.post(PATH, data={"csrf_token": "x"}, headers={**house.session(STAFF), **origin})
    assert answer.status_code == 403
