"""The whole way beside the real deliberation, and the same calls over gRPC and REST."""

from __future__ import annotations

import time
import uuid
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from google.type.date_pb2 import Date
from grpc_status import rpc_status
from sqlalchemy import select

from borgerting.deliberation.v1 import assembly_service_pb2 as assembly_pb
from borgerting.followup.v1 import promise_service_pb2 as pb
from borgerting.followup.v1.events_pb2 import PromiseMade
from chassis.context import system
from chassis.db import Database
from chassis.reemission import reemit
from chassis.tables import outbox
from services.deliberation.adapters.reemitters import REEMITTERS as DELIBERATIONS
from services.followup.adapters.reemitters import REEMITTERS
from tests.component.followup.suite import COORDINATOR, HERE, OFFICER, THERE, Running, principal

UNHEARD_OF = "7b1c8f0e-52a4-4d0b-9c3e-0f6a5d2e4b19"  # of nothing; fixed, so that every run has the same tests
PROMISES = f"municipalities/{HERE}/promises"
ANSWER = {"decision": "PARTLY", "reason": "Fordi halvdelen er gjort"}


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


@pytest.fixture(scope="module")
def promises(running: Running) -> list[pb.Promise]:
    running.go("2025-08-28")
    return running.handed_over()


@pytest.fixture
def promise(running: Running) -> pb.Promise:
    """A promise that no other test has touched."""
    running.go("2025-08-28")
    return running.handed_over()[0]


def dated(day: Date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


class TestTheWholeWay:
    def test_the_reference_case(self, running: Running, promises: list[pb.Promise]) -> None:
        assert [(p.recommendation_title, p.title) for p in promises] == [
            ("Økonomi 2035", "Buslinje til metroen"),
            ("Økonomi 2035", "Permanent borgerråd"),
            ("Forebyggelse", "Frivillige mentorer"),
        ]
        for found in promises:
            assert dated(found.handover_date) == (2025, 8, 28)
            assert found.text == "Hvad og hvordan"
            assert [dated(c.due_date) for c in found.checkpoints] == [
                (2025, 11, 28),
                (2026, 6, 29),
                (2027, 8, 30),
            ]
            assert [dated(c.nominal_date) for c in found.checkpoints] == [
                (2025, 11, 28),
                (2026, 6, 28),
                (2027, 8, 28),
            ]
            assert [c.months for c in found.checkpoints] == [3, 10, 24]

    def test_a_promise_per_recommendation_where_the_council_promised_so(self, running: Running) -> None:
        running.go("2025-08-28")
        unit = assembly_pb.Assembly.ANSWER_UNIT_RECOMMENDATION
        checkpoint = assembly_pb.Checkpoint(
            months=10,
            kind=assembly_pb.Checkpoint.KIND_AFTER,
            working_day_rule=assembly_pb.Checkpoint.WORKING_DAY_RULE_BACK,
        )
        found = running.handed_over(answer_unit=unit, checkpoints=[checkpoint])
        assert [(p.title, p.text) for p in found] == [
            ("Økonomi 2035", "En vision"),
            ("Forebyggelse", "En vision"),
        ]
        (only,) = found[0].checkpoints
        assert (only.kind, only.working_day_rule) == (
            pb.Checkpoint.KIND_AFTER,
            pb.Checkpoint.WORKING_DAY_RULE_BACK,
        )
        assert (dated(only.nominal_date), dated(only.due_date)) == ((2026, 6, 28), (2026, 6, 26))

    def test_told_again_by_deliberation_nothing_is_made_again(
        self, running: Running, promises: list[pb.Promise]
    ) -> None:
        database = Database(f"sqlite:///{running.folder / 'deliberation.sqlite3'}", clock=running.clock)
        reemit(database, "deliberation", DELIBERATIONS, system("test"), promises[0].assembly)
        database.close()
        time.sleep(0.5)
        assert running.of_assembly(promises[0].assembly) == promises

    def test_its_own_state_can_be_told_again(self, running: Running, promise: pb.Promise) -> None:
        database = Database(f"sqlite:///{running.folder / 'followup.sqlite3'}", clock=running.clock)
        extension = pb.Extension(office="Veje", reason="Budget", until_date=Date(year=2026, month=1, day=30))
        running.promises.CreateExtension(
            pb.CreateExtensionRequest(parent=promise.checkpoints[0].name, extension=extension),
            metadata=running.metadata(),
        )
        event_id = reemit(database, "followup", REEMITTERS, system("test"), promise.name)
        with database.reading(HERE) as transaction:
            query = select(outbox.c.payload).where(outbox.c.id == event_id)
            told = PromiseMade.FromString(transaction.connection.execute(query).scalar_one())
        assert told.promise == promise.name
        assert [dated(day) for day in told.due_dates] == [(2026, 1, 30), (2026, 6, 29), (2027, 8, 30)]
        database.close()

    def test_a_date_passes_and_is_told_by_itself(self, running: Running, promise: pb.Promise) -> None:
        running.go("2025-11-29")
        found = running.promises.GetPromise(pb.GetPromiseRequest(name=promise.name))
        assert found.checkpoints[0].state == pb.Checkpoint.STATE_OVERDUE
        running.until(lambda: "borgerting_followup_overdue_told_total 0.0" not in running.metrics())
        running.go("2025-08-28")


class TestAnswers:
    def test_over_rest_and_grpc_they_stand_beside_one_another(
        self, running: Running, promise: pb.Promise
    ) -> None:
        checkpoint = promise.checkpoints[0].name
        body = {**ANSWER, "committee": "Klima", "evidenceUris": ["https://hjemby.dk/referat"]}
        made = running.rest("POST", f"{checkpoint}/answers", body)
        assert made.status_code == 201, made.text
        assert made.headers["location"] == f"/followup/api/v1/{made.json()['name']}"
        assert made.json()["answerDate"] == {"year": 2025, "month": 8, "day": 28}
        answer = pb.Answer(decision=pb.Answer.DECISION_FOLLOWED, reason="Nu er det hele gjort")
        running.promises.CreateAnswer(
            pb.CreateAnswerRequest(parent=checkpoint, answer=answer), metadata=running.metadata()
        )
        shown = running.rest("GET", promise.name, who=None)
        answers = shown.json()["checkpoints"][0]["answers"]
        assert [each["decision"] for each in answers] == ["PARTLY", "FOLLOWED"]
        assert answers[0]["evidenceUris"] == ["https://hjemby.dk/referat"]
        assert shown.headers["etag"] == shown.json()["etag"] != promise.etag
        rpc = running.promises.GetPromise(pb.GetPromiseRequest(name=promise.name))
        assert rpc.etag == shown.json()["etag"]
        assert rpc.checkpoints[0].state == pb.Checkpoint.STATE_ANSWERED_IN_TIME

    def test_every_wrong_field_is_told_at_once(self, running: Running, promise: pb.Promise) -> None:
        checkpoint = promise.checkpoints[0].name
        bad = {"decision": "", "reason": " ", "evidenceUris": ["x"], "office": "k" * 121}
        fields = {
            "answer.decision": "DECISION_REQUIRED",
            "answer.reason": "REASON_REQUIRED",
            "answer.evidence_uris[0]": "ADDRESS_INVALID",
            "answer.office": "TEXT_TOO_LONG",
        }
        told = problem(running.rest("POST", f"{checkpoint}/answers", bad))
        assert told == (
            400,
            "ANSWER_INVALID",
            {
                name.removeprefix("answer.").replace("evidence_uris", "evidenceUris"): reason
                for name, reason in fields.items()
            },
        )
        answer = pb.Answer(reason=" ", evidence_uris=["x"], office="k" * 121)
        answer.decision = 99  # type: ignore[assignment]  # of a newer release than this one
        request = pb.CreateAnswerRequest(parent=checkpoint, answer=answer)
        assert refused(running.promises.CreateAnswer, request, running.metadata()) == (
            "INVALID_ARGUMENT",
            "ANSWER_INVALID",
            fields,
        )
        assert running.promises.GetPromise(pb.GetPromiseRequest(name=promise.name)) == promise

    def test_what_rest_cannot_read(self, running: Running, promise: pb.Promise) -> None:
        path = f"{promise.checkpoints[0].name}/answers"
        assert problem(running.rest("POST", path, {**ANSWER, "reson": "x"}))[2] == {"reson": "FIELD_UNKNOWN"}
        assert problem(running.rest("POST", path, {**ANSWER, "decision": "MAYBE"}))[2] == {
            "decision": "FIELD_INVALID"
        }
        assert problem(running.rest("POST", path, content=b"{"))[1] == "REQUEST_INVALID"

    def test_too_early(self, running: Running, promise: pb.Promise) -> None:
        told = problem(running.rest("POST", f"{promise.checkpoints[1].name}/answers", ANSWER))
        assert told[:2] == (400, "CHECKPOINT_NOT_OPEN")

    def test_a_request_id_counts_once(self, running: Running, promise: pb.Promise) -> None:
        path, key = f"{promise.checkpoints[0].name}/answers", {"idempotency-key": str(uuid.uuid4())}
        first = running.rest("POST", path, ANSWER, headers=key)
        again = running.rest("POST", path, ANSWER, headers=key)
        assert first.json() == again.json()
        other = running.rest("POST", path, {**ANSWER, "reason": "En anden"}, headers=key)
        assert problem(other)[:2] == (409, "REQUEST_ID_REUSED")
        assert len(running.of_assembly(promise.assembly)[0].checkpoints[0].answers) == 1
        assert problem(running.rest("POST", path, ANSWER, headers={"idempotency-key": "x"}))[1] == (
            "REQUEST_ID_INVALID"
        )


class TestExtensionsAndVolunteers:
    def test_more_time(self, running: Running, promise: pb.Promise) -> None:
        path = f"{promise.checkpoints[0].name}/extensions"
        body = {
            "untilDate": {"year": 2026, "month": 1, "day": 31},
            "office": "Veje",
            "reason": "Budgettet",
        }
        made = running.rest("POST", path, body)
        assert made.status_code == 201, made.text
        assert made.json()["dueDate"] == {"year": 2026, "month": 2, "day": 2}
        checkpoint = running.of_assembly(promise.assembly)[0].checkpoints[0]
        assert dated(checkpoint.due_date) == (2025, 11, 28)
        assert dated(checkpoint.effective_due_date) == (2026, 2, 2)
        assert problem(running.rest("POST", path, body))[2] == {"untilDate": "EXTENSION_NOT_LATER"}

    def test_more_time_with_wrong_fields(self, running: Running, promise: pb.Promise) -> None:
        path = f"{promise.checkpoints[0].name}/extensions"
        told = problem(running.rest("POST", path, {"untilDate": {"year": 2026, "month": 2, "day": 30}}))
        assert told == (
            400,
            "EXTENSION_INVALID",
            {"untilDate": "DATE_INVALID", "office": "FIELD_REQUIRED", "reason": "REASON_REQUIRED"},
        )
        request = pb.CreateExtensionRequest(parent=promise.checkpoints[0].name)
        fields = refused(running.promises.CreateExtension, request, running.metadata())[2]
        assert fields["extension.until_date"] == "DATE_REQUIRED"

    def test_volunteers(self, running: Running, promise: pb.Promise) -> None:
        path, body = f"{promise.name}:seekVolunteers", {"wanted": 5, "task": "Gå ture"}
        assert problem(running.rest("POST", path, body, who=COORDINATOR))[:2] == (400, "PROMISE_NOT_FOLLOWED")
        running.rest("POST", f"{promise.checkpoints[0].name}/answers", ANSWER)
        etag = running.rest("GET", promise.name).headers["etag"]
        made = running.rest("POST", path, body, who=COORDINATOR, headers={"if-match": etag})
        assert (made.status_code, made.json()["volunteersWanted"]) == (200, 5)
        stale = running.rest("POST", path, body, who=COORDINATOR, headers={"if-match": etag})
        assert problem(stale)[:2] == (409, "ETAG_STALE")
        listed = running.rest(
            "GET", PROMISES, params={"volunteersWanted": "true", "assembly": promise.assembly}, who=None
        )
        assert [each["name"] for each in listed.json()["promises"]] == [promise.name]
        assert problem(running.rest("POST", path, {"wanted": 1001}, who=COORDINATOR))[2] == {
            "wanted": "WANTED_OUT_OF_RANGE",
            "task": "FIELD_REQUIRED",
        }


class TestReading:
    def test_anyone_may_and_the_dates_are_explained_in_their_language(
        self, running: Running, promises: list[pb.Promise]
    ) -> None:
        request = pb.GetPromiseRequest(name=promises[0].name)
        english = running.promises.GetPromise(request, metadata=running.metadata(None))
        danish = running.promises.GetPromise(request, metadata=running.metadata(None, "da"))
        second = danish.checkpoints[1]
        assert list(second.explanation) == [
            "Rapporten blev overdraget torsdag 28. august 2025. Fra den dag tælles der.",
            "10 måneder efter torsdag 28. august 2025 er søndag 28. juni 2026.",
            "Søndag 28. juni 2026 er ikke en arbejdsdag: det er en søndag.",
            "Fristen er derfor den næste arbejdsdag, mandag 29. juni 2026.",
            "Et svar tæller fra søndag 28. juni 2026, når månederne er gået, og skal være givet senest "
            "mandag 29. juni 2026.",
            "Er der intet svar, er fristen overskredet fra tirsdag 30. juni 2026.",
            "Det er endnu ikke tid til at svare. Der er 305 dage til fristen, mandag 29. juni 2026.",
        ]
        assert english.checkpoints[0].explanation[0] == (
            "The report was handed over on Thursday 28 August 2025. Counting begins on that day."
        )

    def test_pages_and_filters(self, running: Running, promises: list[pb.Promise]) -> None:
        assembly = promises[0].assembly
        first = running.rest("GET", PROMISES, params={"pageSize": 2, "assembly": assembly}, who=None).json()
        rest = running.rest(
            "GET",
            PROMISES,
            params={"pageSize": 2, "assembly": assembly, "pageToken": first["nextPageToken"]},
            who=None,
        ).json()
        names = [each["name"] for each in (*first["promises"], *rest["promises"])]
        assert names == [each.name for each in promises]
        assert rest["nextPageToken"] == ""
        overdue = running.rest("GET", PROMISES, params={"overdue": "true", "assembly": assembly}, who=None)
        assert overdue.json()["promises"] == []

    @pytest.mark.parametrize(
        ("params", "field", "reason"),
        [
            ({"pageSize": "-1"}, "pageSize", "PAGE_SIZE_INVALID"),
            ({"pageToken": "x"}, "pageToken", "PAGE_TOKEN_INVALID"),
            ({"assembly": "x"}, "assembly", "NAME_INVALID"),
            ({"assembly": f"municipalities/{THERE}/assemblies/{UNHEARD_OF}"}, "assembly", "NAME_INVALID"),
            ({"assembly": f"municipalities/{HERE}/assemblies/1"}, "assembly", "NAME_INVALID"),
            ({"overdue": "perhaps"}, "overdue", "FIELD_INVALID"),
            ({"state": "x"}, "state", "FIELD_UNKNOWN"),
        ],
    )
    def test_wrong_questions(self, running: Running, params: dict[str, str], field: str, reason: str) -> None:
        status, _, fields = problem(running.rest("GET", PROMISES, params=params, who=None))
        assert (status, fields) == (400, {field: reason})

    @pytest.mark.parametrize(
        ("name", "status", "reason"),
        [
            (f"{PROMISES}/{UNHEARD_OF}", 404, "PROMISE_UNKNOWN"),
            (f"{PROMISES}/x", 404, "PROMISE_UNKNOWN"),
            (f"{PROMISES}/X", 400, "NAME_INVALID"),
            (f"municipalities/atlantis/promises/{UNHEARD_OF}", 404, "MUNICIPALITY_UNKNOWN"),
        ],
    )
    def test_what_is_not_there(self, running: Running, name: str, status: int, reason: str) -> None:
        assert problem(running.rest("GET", name, who=None))[:2] == (status, reason)


class TestRights:
    @pytest.mark.parametrize("verb", ["answers", "extensions", "seekVolunteers"])
    def test_on_both_surfaces_nobody_else_writes(
        self, running: Running, promises: list[pb.Promise], verb: str
    ) -> None:
        promise = promises[0]
        checkpoint = promise.checkpoints[0].name
        path = f"{promise.name}:seekVolunteers" if verb == "seekVolunteers" else f"{checkpoint}/{verb}"
        stubs: dict[str, tuple[Any, Any]] = {
            "answers": (running.promises.CreateAnswer, pb.CreateAnswerRequest(parent=checkpoint)),
            "extensions": (running.promises.CreateExtension, pb.CreateExtensionRequest(parent=checkpoint)),
            "seekVolunteers": (running.promises.SeekVolunteers, pb.SeekVolunteersRequest(name=promise.name)),
        }
        call, request = stubs[verb]
        for who, status, code, reason in (
            (None, 401, "UNAUTHENTICATED", "SIGN_IN_REQUIRED"),
            (principal("secretariat"), 403, "PERMISSION_DENIED", "ROLE_REQUIRED"),
            (principal("officer", THERE), 403, "PERMISSION_DENIED", "ROLE_REQUIRED"),
            (principal("operator", None), 403, "PERMISSION_DENIED", "ROLE_REQUIRED"),
        ):
            assert problem(running.rest("POST", path, {}, who=who))[:2] == (status, reason)
            assert refused(call, request, running.metadata(who))[:2] == (code, reason)
        assert running.rest("GET", promise.name, who=OFFICER).status_code == 200


def test_the_document_of_the_api_has_every_method(running: Running) -> None:
    paths = running.http.get("/followup/api/v1/openapi.json").json()["paths"]
    found = {(path, verb) for path, verbs in paths.items() for verb in verbs}
    below = "/followup/api/v1/municipalities/{municipality}/promises"
    one = f"{below}/{{promise}}"
    wanted = {
        (below, "get"),
        (one, "get"),
        (f"{one}:seekVolunteers", "post"),
        (f"{one}/checkpoints/{{checkpoint}}/answers", "post"),
        (f"{one}/checkpoints/{{checkpoint}}/extensions", "post"),
    }
    assert {(path.removeprefix("/followup/api/v1"), verb) for path, verb in found} >= {
        (path.removeprefix("/followup/api/v1"), verb) for path, verb in wanted
    }
