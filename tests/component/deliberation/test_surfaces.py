"""The registry over gRPC and REST: answers, errors by field, pages, etags, request ids, events."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from jsonschema import Draft202012Validator

from borgerting.deliberation.v1 import events_pb2
from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from tests.component.deliberation.conftest import OPERATOR, House, principal

API = "/deliberation/api/v1"
SECRETARY = principal("secretariat", "dragoer")


def refused(call: Any, request: Any, metadata: Any) -> tuple[str, str, dict[str, str]]:
    """Code, reason, and reasons by field."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, metadata=metadata)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(caught.value).details:  # type: ignore[arg-type]
        if not detail.Unpack(info):
            detail.Unpack(bad)
    return caught.value.code().name, info.reason, {v.field: v.reason for v in bad.field_violations}


def test_entering_reading_and_listing(house: House) -> None:
    made = house.enter("dragoer", "Dragør  Kommune")
    assert made.name == "municipalities/dragoer"
    assert (made.display_name, made.time_zone, list(made.languages)) == (
        "Dragør Kommune",
        "Europe/Copenhagen",
        ["da", "en"],
    )
    assert made.state == pb.Municipality.STATE_ACTIVE
    assert made.etag.startswith('"')
    assert house.registry.GetMunicipality(pb.GetMunicipalityRequest(name=made.name)) == made
    rest = house.http.get(f"{API}/municipalities/dragoer")
    assert rest.headers["etag"] == made.etag
    assert rest.json() == {
        "name": "municipalities/dragoer",
        "displayName": "Dragør Kommune",
        "timeZone": "Europe/Copenhagen",
        "languages": ["da", "en"],
        "state": "ACTIVE",
        "createTime": rest.json()["createTime"],
        "updateTime": rest.json()["createTime"],
        "etag": made.etag,
        "stateTime": rest.json()["createTime"],
        "purgeTime": None,
    }
    assert rest.json()["createTime"].endswith("Z")


def test_pages_of_the_registry(house: House) -> None:
    slugs = sorted(f"kommune-{letter}" for letter in "abcdefg")
    for slug in reversed(slugs):
        house.enter(slug)
    seen, token = list[str](), ""
    for _ in range(4):
        page = house.registry.ListMunicipalities(pb.ListMunicipalitiesRequest(page_size=2, page_token=token))
        seen += [each.name.removeprefix("municipalities/") for each in page.municipalities]
        token = page.next_page_token
    assert (seen, token) == (slugs, "")
    first = house.http.get(f"{API}/municipalities", params={"pageSize": 3}).json()
    second = house.http.get(
        f"{API}/municipalities", params={"pageSize": 4, "pageToken": first["nextPageToken"]}
    ).json()
    assert [len(first["municipalities"]), len(second["municipalities"])] == [3, 4]
    assert second["nextPageToken"] == ""
    bad = house.http.get(f"{API}/municipalities", params={"pageSize": -1})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (400, "pageSize")
    wrong = house.http.get(f"{API}/municipalities", params={"pageToken": "x"}).json()
    assert (wrong["reason"], wrong["errors"][0]["field"]) == ("PAGE_TOKEN_INVALID", "pageToken")


def test_every_wrong_field_at_once_on_both_surfaces(house: House) -> None:
    request = pb.CreateMunicipalityRequest(
        municipality_id="api",
        municipality=pb.Municipality(display_name="", time_zone="Mars", languages=["da", "da"]),
    )
    code, reason, fields = refused(house.registry.CreateMunicipality, request, house.metadata(OPERATOR))
    assert (code, reason) == ("INVALID_ARGUMENT", "MUNICIPALITY_INVALID")
    assert fields == {
        "municipality_id": "SLUG_RESERVED",
        "municipality.display_name": "DISPLAY_NAME_REQUIRED",
        "municipality.time_zone": "TIME_ZONE_UNKNOWN",
        "municipality.languages": "LANGUAGES_INVALID",
    }
    rest = house.http.post(
        f"{API}/municipalities?municipalityId=api",
        json={"displayName": "", "timeZone": "Mars", "languages": ["da", "da"]},
        headers={**house.bearer(OPERATOR), "accept-language": "en"},
    )
    assert rest.status_code == 400
    assert rest.headers["content-type"] == "application/problem+json"
    problem = rest.json()
    assert problem["type"] == "urn:borgerting:error:MUNICIPALITY_INVALID"
    assert {error["field"]: error["reason"] for error in problem["errors"]} == {
        "municipalityId": "SLUG_RESERVED",
        "displayName": "DISPLAY_NAME_REQUIRED",
        "timeZone": "TIME_ZONE_UNKNOWN",
        "languages": "LANGUAGES_INVALID",
    }
    assert problem["errors"][0]["detail"] == "api is taken by the site's own addresses. Choose another word."
    assert problem["detail"] == "The municipality's particulars are not filled in correctly."


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b'{"displayNam": "x"}', "displayNam", "FIELD_UNKNOWN"),
        (b'{"Anna Hansen, Strandvejen": 1}', "", "FIELD_UNKNOWN"),
        (b'{"displayName": ["Anna Hansen"]}', "displayName", "FIELD_INVALID"),
        (b'{"displayName": "Anna Hansen"', "", "BODY_INVALID"),
        (b"\xff\xfe", "", "BODY_INVALID"),
        (b"", "", "FIELD_REQUIRED"),
    ],
)
def test_bodies_that_cannot_be_read_are_not_repeated(
    house: House, body: bytes, field: str, reason: str
) -> None:
    answer = house.http.post(
        f"{API}/municipalities?municipalityId=dragoer",
        content=body,
        headers={**house.bearer(OPERATOR), "content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["reason"]) == (400, "REQUEST_INVALID")
    [error] = answer.json()["errors"]
    assert (error["field"], error["reason"]) == (field, reason)
    assert "Anna" not in answer.text


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(house: House, declared: bool) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(70):
            yield b"x" * 1024 * 1024

    answer = house.http.post(
        f"{API}/municipalities?municipalityId=dragoer",
        content=endless(),
        headers={
            **house.bearer(OPERATOR),
            "content-type": "application/json",
            **({"content-length": str(70 * 1024 * 1024)} if declared else {}),
        },
    )
    assert (answer.status_code, answer.json()["reason"]) == (413, "REQUEST_TOO_LARGE")


def test_a_slug_is_taken_once(house: House) -> None:
    house.enter("dragoer")
    request = pb.CreateMunicipalityRequest(
        municipality_id="dragoer", municipality=pb.Municipality(display_name="x")
    )
    assert refused(house.registry.CreateMunicipality, request, house.metadata(OPERATOR)) == (
        "ALREADY_EXISTS",
        "MUNICIPALITY_EXISTS",
        {"municipality_id": "MUNICIPALITY_EXISTS"},
    )


def test_what_is_not_there(house: House) -> None:
    unknown = pb.GetMunicipalityRequest(name="municipalities/nowhere")
    assert refused(house.registry.GetMunicipality, unknown, ())[:2] == ("NOT_FOUND", "MUNICIPALITY_UNKNOWN")
    malformed = pb.GetMunicipalityRequest(name="Anna Hansen")
    assert refused(house.registry.GetMunicipality, malformed, ()) == (
        "INVALID_ARGUMENT",
        "NAME_INVALID",
        {"name": "NAME_INVALID"},
    )
    assert house.http.get(f"{API}/municipalities/nowhere").status_code == 404
    assert house.http.get(f"{API}/nothing").json()["reason"] == "PATH_UNKNOWN"
    assert house.http.put(f"{API}/municipalities").json()["reason"] == "METHOD_UNKNOWN"


def test_updates_with_mask_and_etag(house: House) -> None:
    before = house.enter("dragoer", "Dragør")
    wanted = pb.Municipality(name=before.name, display_name="Dragør By", time_zone="America/Nuuk")
    masked = pb.UpdateMunicipalityRequest(municipality=wanted)
    masked.update_mask.paths.append("display_name")
    after = house.registry.UpdateMunicipality(masked, metadata=house.metadata(SECRETARY))
    assert (after.display_name, after.time_zone) == ("Dragør By", "Europe/Copenhagen")
    assert after.etag != before.etag
    stale = pb.UpdateMunicipalityRequest(municipality=wanted)
    stale.municipality.etag = before.etag
    assert refused(house.registry.UpdateMunicipality, stale, house.metadata(SECRETARY)) == (
        "ABORTED",
        "ETAG_STALE",
        {"etag": "ETAG_STALE"},
    )
    wrong = pb.UpdateMunicipalityRequest(municipality=wanted)
    wrong.update_mask.paths.append("name")
    code, reason, fields = refused(house.registry.UpdateMunicipality, wrong, house.metadata(SECRETARY))
    assert (code, reason, list(fields)) == (
        "INVALID_ARGUMENT",
        "FIELD_MASK_INVALID",
        ["update_mask.paths[0]"],
    )


def test_updates_over_rest(house: House) -> None:
    house.enter("dragoer", "Dragør")
    first = house.http.get(f"{API}/municipalities/dragoer")
    headers = {**house.bearer(SECRETARY), "if-match": first.headers["etag"]}
    url = f"{API}/municipalities/dragoer"
    # The whole answer can be changed and sent back; only what may change is taken from it.
    body = {**first.json(), "displayName": "Dragør By", "name": "municipalities/koege", "state": "?"}
    changed = house.http.patch(url, json=body, headers=headers)
    assert changed.status_code == 200
    assert changed.json()["name"] == "municipalities/dragoer"
    assert changed.headers["etag"] != first.headers["etag"]
    stale = house.http.patch(url, json={"displayName": "x"}, headers=headers)
    assert (stale.status_code, stale.json()["reason"]) == (409, "ETAG_STALE")
    weak = {**headers, "if-match": f"W/{changed.headers['etag']}"}
    assert house.http.patch(url, json={"timeZone": "America/Nuuk"}, headers=weak).status_code == 200
    mask = house.http.patch(
        url, params={"updateMask": "displayName"}, json={"displayName": ""}, headers=house.bearer(SECRETARY)
    )
    assert mask.json()["errors"][0]["field"] == "displayName"


def test_a_request_id_does_it_once(house: House) -> None:
    request_id = str(uuid.uuid4())
    request = pb.CreateMunicipalityRequest(
        municipality_id="dragoer",
        municipality=pb.Municipality(display_name="Dragør"),
        request_id=request_id,
    )
    metadata = house.metadata(OPERATOR)
    first = house.registry.CreateMunicipality(request, metadata=metadata)
    request.request_id = request_id.upper()
    assert house.registry.CreateMunicipality(request, metadata=metadata) == first
    over_rest = house.http.post(
        f"{API}/municipalities?municipalityId=dragoer",
        json={"displayName": "Dragør"},
        headers={**house.bearer(OPERATOR), "idempotency-key": f'"{request_id}"'},
    )
    assert (over_rest.status_code, over_rest.json()["etag"]) == (201, first.etag)
    request.municipality.display_name = "Køge"
    assert refused(house.registry.CreateMunicipality, request, metadata)[:2] == (
        "ALREADY_EXISTS",
        "REQUEST_ID_REUSED",
    )
    request.request_id = "twice"
    assert refused(house.registry.CreateMunicipality, request, metadata)[2] == {
        "request_id": "REQUEST_ID_INVALID"
    }
    differing = house.http.post(
        f"{API}/municipalities?municipalityId=dragoer&requestId={uuid.uuid4()}",
        json={"displayName": "Dragør"},
        headers={**house.bearer(OPERATOR), "idempotency-key": request_id},
    )
    assert differing.json()["reason"] == "REQUEST_ID_INVALID"


def test_changes_are_told_in_order_and_nothing_twice(house: House) -> None:
    house.enter("dragoer", "Dragør")
    for name in ("Dragør", "Dragør By", "Dragør By"):
        request = pb.UpdateMunicipalityRequest(
            municipality=pb.Municipality(name="municipalities/dragoer", display_name=name)
        )
        house.registry.UpdateMunicipality(request, metadata=house.metadata(OPERATOR))
    with sqlite3.connect(house.folder / "deliberation.sqlite3") as store:
        rows = store.execute(
            "SELECT municipality, topic, key, type, payload FROM outbox ORDER BY seq"
        ).fetchall()
        audit = store.execute("SELECT action, resource, subject FROM audit_log ORDER BY seq").fetchall()
    store.close()
    assert [row[:4] for row in rows] == [
        (
            "dragoer",
            "borgerting.deliberation.v1",
            "dragoer/municipality",
            "borgerting.deliberation.v1.MunicipalityChanged",
        )
    ] * 2
    told = [events_pb2.MunicipalityChanged.FromString(row[4]) for row in rows]
    assert [event.display_name for event in told] == ["Dragør", "Dragør By"]
    assert told[1].municipality == "municipalities/dragoer"
    assert told[1].time_zone == "Europe/Copenhagen"
    assert audit == [
        ("municipality.create", "municipalities/dragoer", "op-1"),
        ("municipality.update", "municipalities/dragoer", "op-1"),
    ]


def test_links_are_made_on_both_surfaces_and_kept_nowhere(house: House) -> None:
    house.enter("dragoer")
    request_id = str(uuid.uuid4())
    wish = link_pb.SignInLink(municipality="municipalities/dragoer", role="secretariat", subject="staff-9")
    request = link_pb.CreateSignInLinkRequest(sign_in_link=wish, request_id=request_id)
    first = house.links.CreateSignInLink(request, metadata=house.metadata(SECRETARY))
    again = house.links.CreateSignInLink(request, metadata=house.metadata(SECRETARY))
    assert again == first
    assert first.subject == "staff-9"
    rest = house.http.post(
        f"{API}/signInLinks",
        json={"municipality": "municipalities/dragoer", "role": "secretariat", "ttlSeconds": 3600},
        headers=house.bearer(SECRETARY),
    )
    assert rest.status_code == 201
    assert rest.json()["uri"].startswith(f"{house.addresses.http}/deliberation/sign-in/")
    secrets = [uri.rpartition("/")[2] for uri in (first.uri, rest.json()["uri"])]
    assert all(len(secret) == 43 for secret in secrets)
    for path in house.folder.iterdir():
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path.name


def test_links_that_cannot_be_made(house: House) -> None:
    house.enter("dragoer")
    wish = link_pb.SignInLink(municipality="municipalities/dragoer", role="operator", subject="Anna Hansen")
    wish.ttl.FromSeconds(30)
    request = link_pb.CreateSignInLinkRequest(sign_in_link=wish)
    assert refused(house.links.CreateSignInLink, request, house.metadata(OPERATOR))[2] == {
        "sign_in_link.role": "SIGN_IN_ROLE_INVALID",
        "sign_in_link.subject": "SUBJECT_INVALID",
        "sign_in_link.ttl": "TTL_INVALID",
    }
    rest = house.http.post(
        f"{API}/signInLinks",
        json={"municipality": "municipalities/nowhere", "role": "secretariat"},
        headers=house.bearer(OPERATOR),
    )
    assert (rest.status_code, rest.json()["reason"]) == (404, "MUNICIPALITY_UNKNOWN")
    malformed = house.http.post(
        f"{API}/signInLinks",
        json={"municipality": "dragoer", "role": "secretariat"},
        headers=house.bearer(OPERATOR),
    )
    assert malformed.json()["errors"][0]["field"] == "municipality"


def test_the_document_names_every_path_and_the_problem(house: House) -> None:
    document = house.http.get(f"{API}/openapi.json").json()
    report = "/municipalities/{municipality}/assemblies/{assembly}/report"
    assert set(document["paths"]) == {
        "/municipalities",
        "/municipalities/{municipality}",
        "/municipalities/{municipality}:suspend",
        "/municipalities/{municipality}:resume",
        "/municipalities/{municipality}:undelete",
        "/municipalities/{municipality}:export",
        "/signInLinks",
        "/municipalities/{municipality}/assemblies",
        "/municipalities/{municipality}/assemblies/{assembly}",
        "/municipalities/{municipality}/assemblies/{assembly}/members",
        report,
        f"{report}:handOver",
        f"{report}/recommendations",
        f"{report}/recommendations/{{recommendation}}",
        f"{report}/recommendations/{{recommendation}}/initiatives",
        f"{report}/recommendations/{{recommendation}}/initiatives/{{initiative}}",
    }
    for path in document["paths"].values():
        for operation in path.values():
            # Written by the messages: each has an answer's schema, and an example where one says more.
            assert operation["responses"]
    assert document["servers"] == [{"url": "/deliberation/api/v1"}]
    assert "Problem" in document["components"]["schemas"]
    default = document["paths"]["/municipalities"]["get"]["responses"]["default"]
    assert default["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    Draft202012Validator.check_schema(document["components"]["schemas"]["Problem"])


def test_correlation_ids_and_metrics(house: House) -> None:
    answer = house.http.get(f"{API}/municipalities", headers={"x-correlation-id": "corr-7"})
    assert answer.headers["x-correlation-id"] == "corr-7"
    assert len(house.http.get("/", headers={"x-correlation-id": "a b"}).headers["x-correlation-id"]) == 32
    house.registry.ListMunicipalities(pb.ListMunicipalitiesRequest())
    metrics = house.metrics()
    assert 'surface="grpc"' in metrics
    assert 'surface="api"' in metrics
    assert "dragoer" not in metrics
