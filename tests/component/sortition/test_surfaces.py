"""The same calls over gRPC and REST: answers, errors by field, pages, etags, request ids, files."""

from __future__ import annotations

import time
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from borgerting.sortition.v1 import draw_service_pb2 as draw_pb
from borgerting.sortition.v1 import selection_service_pb2 as pb
from tests.component.sortition.conftest import HERE, INTEGRATOR, OPERATOR, SECRETARIAT, Running, principal
from tests.unit.sortition.house import pool_csv

UNHEARD_OF = "7b1c8f0e-52a4-4d0b-9c3e-0f6a5d2e4b19"  # of nothing; fixed, so that every run has the same tests
SELECTIONS = f"municipalities/{HERE}/selections"
TARGETS = [
    {"feature": "gender", "value": "female", "minimum": 4, "maximum": 4},
    {"feature": "gender", "value": "male", "minimum": 4, "maximum": 4},
    {"feature": "age", "value": "young", "minimum": 2, "maximum": 4},
    {"feature": "age", "value": "old", "minimum": 4, "maximum": 6},
]


def refused(call: Any, request: Any, metadata: Any) -> tuple[str, str, dict[str, str]]:
    """Code, reason, and reasons by field."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, metadata=metadata)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(caught.value).details:  # type: ignore[arg-type]
        if not detail.Unpack(info):
            detail.Unpack(bad)
    return caught.value.code().name, info.reason, {v.field: v.reason for v in bad.field_violations}


def problem(answer: Any) -> tuple[int, str, dict[str, str]]:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["detail"]
    assert all(error["detail"] for error in body["errors"])
    return answer.status_code, body["reason"], {error["field"]: error["reason"] for error in body["errors"]}


def made(running: Running, **fields: Any) -> dict[str, Any]:
    body = {"title": "Welfare", "size": 8, "perAddress": 1, "targets": TARGETS, **fields}
    answer = running.rest("POST", SELECTIONS, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def filled(running: Running) -> str:
    name = str(made(running)["name"])
    answer = running.rest(
        "POST",
        f"{name}:importPool",
        content=pool_csv(),
        params={"addressColumns": "street", "contactColumns": "name"},
        headers={"content-type": "text/csv"},
    )
    assert answer.json()["state"] == "APPLIED", answer.text
    return name


class TestBothSurfaces:
    def test_tell_the_same(self, running: Running) -> None:
        rest = made(running)
        rpc = running.selections.GetSelection(
            pb.GetSelectionRequest(name=rest["name"]), metadata=running.metadata()
        )
        assert (rpc.title, rpc.size, rpc.per_address, rpc.etag) == ("Welfare", 8, 1, rest["etag"])
        assert rpc.state == pb.Selection.STATE_PREPARING
        assert rest["state"] == "PREPARING"
        assert [(t.feature, t.value, t.minimum) for t in rpc.targets] == [
            (t["feature"], t["value"], t["minimum"]) for t in rest["targets"]
        ]
        assert rest["targets"][0]["minFlex"] is None
        got = running.rest("GET", rest["name"])
        assert got.json() == rest
        assert got.headers["etag"] == rest["etag"]

    def test_a_new_thing_says_where_it_is(self, running: Running) -> None:
        answer = running.rest("POST", SELECTIONS, {"title": "Here", "size": 8})
        assert answer.headers["location"] == f"/sortition/api/v1/{answer.json()['name']}"
        assert running.http.get(answer.headers["location"]).status_code == 401

    def test_every_wrong_field_is_told_at_once(self, running: Running) -> None:
        bad = {"title": "", "size": 0, "perAddress": 7, "targets": [{**TARGETS[0], "maximum": 1}]}
        wrong = {
            "title": "REQUIRED",
            "size": "SIZE_OUT_OF_RANGE",
            "perAddress": "PER_ADDRESS_OUT_OF_RANGE",
            "targets[0].maximum": "MINIMUM_OVER_MAXIMUM",
        }
        answer = running.rest("POST", SELECTIONS, bad)
        assert problem(answer) == (400, "SELECTION_INVALID", wrong)
        target = pb.Target(feature="gender", value="female", minimum=4, maximum=1)
        message = pb.Selection(title="", size=0, per_address=7, targets=[target])
        request = pb.CreateSelectionRequest(parent=f"municipalities/{HERE}", selection=message)
        code, reason, fields = refused(running.selections.CreateSelection, request, running.metadata())
        assert (code, reason) == ("INVALID_ARGUMENT", "SELECTION_INVALID")
        assert fields == {
            "selection.title": "REQUIRED",
            "selection.size": "SIZE_OUT_OF_RANGE",
            "selection.per_address": "PER_ADDRESS_OUT_OF_RANGE",
            "selection.targets[0].maximum": "MINIMUM_OVER_MAXIMUM",
        }

    def test_a_stale_etag_is_aborted(self, running: Running) -> None:
        selection = made(running)
        first = running.rest(
            "PATCH", selection["name"], {"title": "Two"}, headers={"if-match": selection["etag"]}
        )
        assert (first.status_code, first.json()["title"], first.json()["size"]) == (200, "Two", 8)
        again = running.rest(
            "PATCH", selection["name"], {"title": "Three"}, headers={"if-match": selection["etag"]}
        )
        assert problem(again)[:2] == (409, "ETAG_STALE")
        request = pb.UpdateSelectionRequest(
            selection=pb.Selection(name=selection["name"], title="Four", etag=selection["etag"]),
            update_mask=FieldMask(paths=["title"]),
        )
        code, reason, _ = refused(running.selections.UpdateSelection, request, running.metadata())
        assert (code, reason) == ("ABORTED", "ETAG_STALE")

    def test_a_mask_chooses_what_changes(self, running: Running) -> None:
        selection = made(running)
        answer = running.rest(
            "PATCH",
            selection["name"],
            {**selection, "title": "New", "size": 9, "perAddress": 2},
            params={"updateMask": "title,perAddress"},
        )
        shown = answer.json()
        assert (shown["title"], shown["size"], shown["perAddress"]) == ("New", 8, 2)
        wrong = running.rest("PATCH", selection["name"], {}, params={"updateMask": "state"})
        assert problem(wrong)[1] == "FIELD_MASK_INVALID"
        request = pb.UpdateSelectionRequest(
            selection=pb.Selection(name=selection["name"]), update_mask=FieldMask(paths=["title", "state"])
        )
        refusal = refused(running.selections.UpdateSelection, request, running.metadata())
        assert refusal == (
            "INVALID_ARGUMENT",
            "FIELD_MASK_INVALID",
            {"update_mask.paths[1]": "FIELD_MASK_INVALID"},
        )

    def test_a_request_id_is_answered_once(self, running: Running) -> None:
        request_id = str(uuid.uuid4())
        headers = {"idempotency-key": request_id}
        body = {"title": "Once", "size": 8}
        first = running.rest("POST", SELECTIONS, body, headers=headers)
        again = running.rest("POST", SELECTIONS, body, headers=headers)
        assert first.json() == again.json()
        other = running.rest("POST", SELECTIONS, {**body, "size": 9}, headers=headers)
        assert problem(other)[:2] == (409, "REQUEST_ID_REUSED")
        request = pb.CreateSelectionRequest(
            parent=f"municipalities/{HERE}",
            selection=pb.Selection(title="Once", size=8),
            request_id=request_id,
        )
        over_grpc = running.selections.CreateSelection(request, metadata=running.metadata())
        assert over_grpc.name == first.json()["name"]
        wrong = running.rest("POST", SELECTIONS, body, headers={"idempotency-key": "x"})
        assert problem(wrong) == (400, "REQUEST_ID_INVALID", {"requestId": "REQUEST_ID_INVALID"})

    def test_lists_are_paged(self, running: Running) -> None:
        names = [made(running, title=f"Page {number}")["name"] for number in range(3)]
        first = running.rest("GET", SELECTIONS, params={"pageSize": 2}).json()
        assert [item["name"] for item in first["selections"]] == names[:0:-1]
        second = running.selections.ListSelections(
            pb.ListSelectionsRequest(
                parent=f"municipalities/{HERE}", page_size=2, page_token=first["nextPageToken"]
            ),
            metadata=running.metadata(),
        )
        assert second.selections[0].name == names[0]
        wrong = running.rest("GET", SELECTIONS, params={"pageToken": "zz"})
        assert problem(wrong)[1:] == ("PAGE_TOKEN_INVALID", {"pageToken": "PAGE_TOKEN_INVALID"})
        assert problem(running.rest("GET", SELECTIONS, params={"pageSize": -1}))[1] == "PAGE_SIZE_INVALID"

    @pytest.mark.parametrize("name", ["selections/1", "municipalities/hjemby/selections/no uuid"])
    def test_a_name_of_no_selection_is_refused(self, running: Running, name: str) -> None:
        request = pb.GetSelectionRequest(name=name)
        code, reason, fields = refused(running.selections.GetSelection, request, running.metadata())
        assert (code, reason, fields) == ("INVALID_ARGUMENT", "NAME_INVALID", {"name": "NAME_INVALID"})

    @pytest.mark.parametrize("tail", ["selections/unheard-of", f"selections/{UNHEARD_OF}"])
    def test_an_unknown_selection_is_not_found(self, running: Running, tail: str) -> None:
        answer = running.rest("GET", f"municipalities/{HERE}/{tail}")
        assert problem(answer)[:2] == (404, "SELECTION_UNKNOWN")

    def test_who_may_not_is_turned_away_alike(self, running: Running) -> None:
        name = made(running)["name"]
        cases = [
            (None, 401, "UNAUTHENTICATED", "SIGN_IN_REQUIRED"),
            (OPERATOR, 403, "PERMISSION_DENIED", "ROLE_REQUIRED"),
            (principal("secretariat", "naboby"), 403, "PERMISSION_DENIED", "ROLE_REQUIRED"),
        ]
        for who, status, code, reason in cases:
            assert problem(running.rest("GET", name, who=who))[:2] == (status, reason)
            request = pb.GetSelectionRequest(name=name)
            refusal = refused(running.selections.GetSelection, request, running.metadata(who))
            assert refusal[:2] == (code, reason)
        assert running.rest("GET", name, who=INTEGRATOR).status_code == 200

    def test_a_municipality_that_nobody_entered_is_not_found(self, running: Running) -> None:
        answer = running.rest("GET", "municipalities/atlantis/publishedDraws", who=None)
        assert problem(answer)[:2] == (404, "MUNICIPALITY_UNKNOWN")


class TestJson:
    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            ({"titel": "x"}, {"titel": "FIELD_UNKNOWN"}),
            ({"title": 5, "size": "8"}, {"title": "FIELD_INVALID", "size": "FIELD_INVALID"}),
            ({"size": 8.5}, {"size": "FIELD_INVALID"}),
            ({"size": True}, {"size": "FIELD_INVALID"}),
            ({"size": 10**12}, {"size": "FIELD_INVALID"}),
            ({"targets": {}}, {"targets": "FIELD_INVALID"}),
            ({"targets": [{"minimum": "a", "x y": 1}, 3]}, None),
            ([], {"": "FIELD_INVALID"}),
        ],
    )
    def test_what_does_not_fit_is_named(
        self, running: Running, body: Any, wrong: dict[str, str] | None
    ) -> None:
        status, reason, fields = problem(running.rest("POST", SELECTIONS, body))
        assert (status, reason) == (400, "REQUEST_INVALID")
        expected = {
            "targets[0].minimum": "FIELD_INVALID",
            "targets[0]": "FIELD_UNKNOWN",
            "targets[1]": "FIELD_INVALID",
        }
        assert fields == (expected if wrong is None else wrong)

    def test_what_is_no_json_is_refused(self, running: Running) -> None:
        answer = running.rest("POST", SELECTIONS, content=b"{", headers={"content-type": "application/json"})
        assert problem(answer) == (400, "REQUEST_INVALID", {"": "BODY_INVALID"})

    def test_a_query_that_is_not_meant_is_refused(self, running: Running) -> None:
        answer = running.rest("GET", SELECTIONS, params={"page_size": 2})
        assert problem(answer)[:2] == (400, "REQUEST_INVALID")

    def test_the_document_describes_every_method_with_examples(self, running: Running) -> None:
        document = running.http.get("/sortition/api/v1/openapi.json").json()
        operations = [
            operation
            for path in document["paths"].values()
            for method, operation in path.items()
            if method in ("get", "post", "patch", "delete")
        ]
        methods = [
            method.name
            for module, service in ((pb, "SelectionService"), (draw_pb, "DrawService"))
            for method in module.DESCRIPTOR.services_by_name[service].methods
        ]
        # And the export of a municipality, a download, which every service has.
        assert len(operations) == len(methods) + 1
        create = document["paths"]["/municipalities/{municipality}/selections"]["post"]
        body = create["requestBody"]["content"]["application/json"]
        assert body["example"]["size"] == 36
        assert body["schema"]["properties"]["targets"]["items"]["properties"]["minFlex"]["anyOf"]
        names = {parameter["name"] for parameter in create["parameters"]}
        assert names == {"municipality", "requestId", "Idempotency-Key"}
        update = document["paths"]["/municipalities/{municipality}/selections/{selection}"]["patch"]
        names = {parameter["name"] for parameter in update["parameters"]}
        assert names == {
            "municipality",
            "selection",
            "updateMask",
            "requestId",
            "Idempotency-Key",
            "If-Match",
        }


class TestPool:
    def test_upload_as_a_form(self, running: Running) -> None:
        name = made(running)["name"]
        answer = running.rest(
            "POST",
            f"{name}:importPool",
            files={"file": ("pool.csv", pool_csv(), "text/csv")},
            params={"contactColumns": "name, street"},
        )
        assert (answer.json()["state"], answer.json()["acceptedRows"]) == ("APPLIED", 24)

    def test_errors_by_cell_and_the_good_rows_accepted(self, running: Running) -> None:
        name = made(running)["name"]
        content = pool_csv(10).replace(b"p003,male", b"p003,mlae")
        refused_import = running.selections.ImportPool(
            pb.ImportPoolRequest(name=name, file=content, contact_columns=["name"]),
            metadata=running.metadata(INTEGRATOR),
        )
        assert refused_import.state == pb.PoolImport.STATE_WAITING
        (error,) = refused_import.errors
        assert (error.row, error.column, error.found, error.reason) == (
            5,
            "gender",
            "mlae",
            "UNKNOWN_VALUE",
        )
        assert "male" in error.message
        corrections = running.rest("GET", f"{name}/poolImport/corrections")
        assert corrections.headers["content-type"] == "text/csv; charset=utf-8"
        assert "mlae" in corrections.text
        done = running.rest("POST", f"{name}:acceptPoolImport", {})
        assert (done.json()["state"], done.json()["acceptedRows"]) == ("APPLIED", 9)
        pool = running.rest("GET", f"{name}/pool").json()
        assert (pool["people"], pool["name"]) == (9, f"{name}/pool")

    def test_an_empty_and_a_too_large_upload(self, running: Running) -> None:
        name = made(running)["name"]
        empty = running.rest("POST", f"{name}:importPool", content=b"", headers={"content-type": "text/csv"})
        assert problem(empty) == (400, "FILE_MISSING", {"file": "REQUIRED"})
        large = running.rest(
            "POST", f"{name}:importTargets", content=b"x" * 1_100_000, headers={"content-type": "text/csv"}
        )
        assert problem(large)[0] in (413, 429)

    def test_checking_targets_while_they_are_typed(self, running: Running) -> None:
        name = filled(running)
        typed = [{**target, "minimum": 5, "maximum": 5} for target in TARGETS[:2]] + TARGETS[2:]
        check = running.rest("POST", f"{name}:checkTargets", {"targets": typed, "size": 10}).json()
        assert check["feasible"] is True
        assert [f["people"] for f in check["findings"]][:2] == [16, 8]
        none = running.rest("POST", f"{name}:checkTargets", {"size": 7}).json()
        assert [p["reason"] for p in none["problems"]] == ["MINIMA_OVER_SIZE"]
        assert none["problems"][0]["message"]
        assert 'borgerting_sortition_pool_checks_total{outcome="problem"}' in running.metrics()

    def test_people_are_included_exported_and_erased(self, running: Running) -> None:
        name = filled(running)
        people = running.rest("GET", f"{name}/people", params={"pageSize": 3}).json()["people"]
        assert [person["poolId"] for person in people] == ["p000", "p001", "p002"]
        person = people[0]
        changed = running.rest("PATCH", person["name"], {"inclusion": "MUST_NOT"})
        assert changed.json()["inclusion"] == "MUST_NOT"
        nothing = running.rest("PATCH", person["name"], {})
        assert problem(nothing) == (400, "INCLUSION_INVALID", {"inclusion": "REQUIRED"})
        export = running.rest("GET", f"{person['name']}:export").json()
        assert {field["column"] for field in export["contact"]} == {"name", "street"}
        key = {"idempotency-key": str(uuid.uuid4())}
        assert running.rest("DELETE", person["name"], headers=key).status_code == 204
        assert running.rest("DELETE", person["name"], headers=key).status_code == 204
        assert problem(running.rest("GET", f"{person['name']}:export"))[:2] == (404, "PERSON_UNKNOWN")


class TestDraw:
    def wait(self, running: Running, name: str, *states: int) -> draw_pb.Draw:
        until = time.monotonic() + 60
        while True:
            draw = running.draws.GetDraw(draw_pb.GetDrawRequest(name=name), metadata=running.metadata())
            if draw.state in states:
                return draw
            assert time.monotonic() < until, draw
            time.sleep(0.05)

    def test_a_seeded_draw_over_grpc_from_asking_to_the_confirmed_panel(self, running: Running) -> None:
        staff = running.metadata()
        selection = filled(running)
        draw = running.draws.CreateDraw(
            draw_pb.CreateDrawRequest(
                parent=selection,
                draw=draw_pb.Draw(mode=draw_pb.Draw.MODE_SEEDED, panels=100, seed="2027"),
            ),
            metadata=running.metadata(INTEGRATOR),
        )
        drawn = self.wait(running, draw.name, draw_pb.Draw.STATE_DRAWN)
        assert (drawn.seed, drawn.HasField("number")) == ("2027", True)
        act = draw_pb.PublishCommitmentRequest(name=draw.name)
        assert refused(running.draws.PublishCommitment, act, staff)[:2] == (
            "FAILED_PRECONDITION",
            "DRAW_NOT_PUBLIC",
        )
        published = running.draws.PublishDraw(
            draw_pb.PublishDrawRequest(name=draw.name, etag=drawn.etag), metadata=staff
        )
        assert published.state == draw_pb.Draw.STATE_PUBLISHED
        shown = running.draws.GetPublishedDraw(
            draw_pb.GetPublishedDrawRequest(name=draw.name), metadata=running.metadata(None)
        )
        assert (shown.number, len(shown.outcome)) == (drawn.number, 8)
        listed = running.draws.ListPublishedDraws(
            draw_pb.ListPublishedDrawsRequest(parent=f"municipalities/{HERE}", page_size=1)
        )
        assert listed.published_draws[0].name == draw.name
        states = running.draws.ListDrawStates(
            draw_pb.ListDrawStatesRequest(parent=f"municipalities/{HERE}"),
            metadata=running.metadata(OPERATOR),
        )
        assert draw.name in [state.name for state in states.draw_states]
        seats = running.selections.ListSeats(pb.ListSeatsRequest(parent=selection), metadata=staff).seats
        for seat in seats:
            running.selections.SetSeatAnswer(
                pb.SetSeatAnswerRequest(name=seat.name, answer=pb.Seat.ANSWER_ACCEPTED, etag=seat.etag),
                metadata=staff,
            )
        panel = running.selections.GetPanel(pb.GetPanelRequest(name=selection), metadata=staff)
        request = pb.ConfirmPanelRequest(name=selection, etag=panel.etag, request_id=str(uuid.uuid4()))
        confirmed = running.selections.ConfirmPanel(request, metadata=staff)
        assert confirmed.accepted == 8
        # The same request again is the same answer; another one is refused.
        assert running.selections.ConfirmPanel(request, metadata=staff) == confirmed
        request.request_id = ""
        assert refused(running.selections.ConfirmPanel, request, staff)[1] == "PANEL_CONFIRMED"
        metrics = running.metrics()
        assert f'borgerting_sortition_draws{{municipality="{HERE}",state="PUBLISHED"}} 1.0' in metrics
        assert "borgerting_sortition_draw_seconds_count" in metrics

    def test_wrong_fields_of_a_draw(self, running: Running) -> None:
        selection = filled(running)
        answer = running.rest("POST", f"{selection}/draws", {"mode": "SEEDED", "panels": 7})
        assert problem(answer) == (
            400,
            "DRAW_INVALID",
            {"panels": "PANELS_OUT_OF_RANGE", "seed": "REQUIRED"},
        )
        unknown = running.rest("POST", f"{selection}/draws", {"mode": "DICE"})
        assert problem(unknown) == (400, "REQUEST_INVALID", {"mode": "FIELD_INVALID"})
        draw = running.rest("POST", f"{selection}/draws", {"mode": "PUBLIC"}).json()["name"]
        both = running.rest("POST", f"{draw}:reveal", {"number": 0, "randomness": "text"})
        assert problem(both)[1] == "DRAW_NOT_COMMITTED"
        early = running.rest("POST", f"{draw}:reveal", {"number": 1})
        assert problem(early)[:2] == (400, "DRAW_NOT_COMMITTED")
        assert running.rest("POST", f"{draw}:cancel", {}).json()["state"] == "CANCELLED"
        over = running.rest("POST", f"{draw}:cancel", {})
        assert problem(over)[:2] == (400, "DRAW_OVER")

    @pytest.mark.parametrize("file", ["..%2Fkeys.json", "Record.JSON", "no-such.json"])
    def test_a_file_that_is_none_is_not_found(self, running: Running, file: str) -> None:
        draw = f"{SELECTIONS}/{uuid.uuid4()}/draws/{uuid.uuid4()}"
        answer = running.rest("GET", f"{draw}/files/{file}", who=None)
        assert answer.status_code in (400, 404)
        assert SECRETARIAT.subject not in answer.text
