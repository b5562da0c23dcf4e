"""The same calls over gRPC and REST: answers, errors by field, promises, etags, request ids, events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_up_pb
from borgerting.volunteer.v1 import task_service_pb2 as pb
from chassis.auth.principal import Principal
from tests.component.volunteer.suite import COORDINATOR, HERE, THERE, Running, principal

UNHEARD_OF = "7b1c8f0e-52a4-4d0b-9c3e-0f6a5d2e4b19"  # of nothing; fixed, so that every run has the same tests
TASKS = f"municipalities/{HERE}/tasks"
ME = f"municipalities/{HERE}/people/me"
WORDS = {
    "title": "Reading friends",
    "text": "Read aloud.",
    "place": "The school",
    "contactOffice": "The coordinator",
    "contactPhone": "20 00 00 01",
}
WHEN = {"startTime": "2027-04-06T14:00:00+02:00", "endTime": "2027-04-06T16:00:00+02:00", "capacity": 1}


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


def made(running: Running, path: str, body: Any, **options: Any) -> dict[str, Any]:
    answer = running.rest("POST", path, body, **options)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def a_slot(running: Running, *, opened: bool = True, **changes: Any) -> dict[str, Any]:
    task = made(running, TASKS, WORDS)
    slot = made(running, f"{task['name']}/slots", {**WHEN, **changes})
    if opened:
        made(running, f"{task['name']}:publish", {})
    return slot


def volunteer(running: Running, subject: str = "") -> Principal:
    who = principal("volunteer", subject=subject or f"v-{uuid.uuid4().hex[:8]}")
    answer = running.rest("PATCH", ME, {"displayName": "NAMEMARK", "phone": "20 77 77 77"}, who=who)
    assert answer.status_code == 200, answer.text
    return who


def eventually(check: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)


class TestBothSurfaces:
    def test_tell_the_same(self, running: Running) -> None:
        slot = a_slot(running)
        task = slot["name"].split("/slots/")[0]
        rest = running.rest("GET", task, who=None).json()
        rpc = running.tasks.GetTask(pb.GetTaskRequest(name=task), metadata=running.metadata(None))
        assert (rpc.title, rpc.places, rpc.free, rpc.etag) == ("Reading friends", 1, 1, rest["etag"])
        assert (rpc.state, rest["state"]) == (pb.Task.STATE_OPEN, "OPEN")
        got = running.tasks.GetSlot(pb.GetSlotRequest(name=slot["name"]), metadata=running.metadata(None))
        assert got.start_time.ToJsonString() == slot["startTime"] == "2027-04-06T12:00:00Z"
        assert (got.time_zone, got.capacity) == ("Europe/Copenhagen", 1)
        listed = running.rest("GET", TASKS, who=None, params={"state": "OPEN", "pageSize": "1000"}).json()
        assert task in [each["name"] for each in listed["tasks"]]

    def test_every_wrong_field_is_told_at_once(self, running: Running) -> None:
        bad = {"title": "", "text": "x" * 4001, "contactPhone": "none", "place": "p\0", "contactOffice": "o"}
        wrong = {
            "title": "REQUIRED",
            "text": "TOO_LONG",
            "place": "TEXT_UNPRINTABLE",
            "contactPhone": "PHONE_INVALID",
        }
        assert problem(running.rest("POST", TASKS, bad)) == (400, "TASK_INVALID", wrong)
        message = pb.Task(text="x" * 4001, contact_phone="none", place="p", contact_office="o")
        request = pb.CreateTaskRequest(parent=f"municipalities/{HERE}", task=message)
        code, reason, fields = refused(running.tasks.CreateTask, request, running.metadata())
        assert (code, reason) == ("INVALID_ARGUMENT", "TASK_INVALID")
        assert fields == {
            "task.title": "REQUIRED",
            "task.text": "TOO_LONG",
            "task.contact_phone": "PHONE_INVALID",
        }

    @pytest.mark.parametrize(
        ("changes", "wrong"),
        [
            (
                {"startTime": "2020-01-01T10:00:00Z"},
                {"startTime": "SLOT_IN_THE_PAST", "endTime": "SLOT_TOO_LONG"},
            ),
            (
                {"startTime": "2099-01-01T10:00:00Z"},
                {"startTime": "SLOT_TOO_FAR", "endTime": "ENDS_BEFORE_START"},
            ),
            ({"endTime": WHEN["startTime"]}, {"endTime": "ENDS_BEFORE_START"}),
            ({"endTime": "2027-04-07T14:00:01+02:00"}, {"endTime": "SLOT_TOO_LONG"}),
            (
                {"capacity": 0, "timeZone": "Mars/Olympus"},
                {"capacity": "CAPACITY_OUT_OF_RANGE", "timeZone": "TIME_ZONE_UNKNOWN"},
            ),
            (
                {"capacity": 1001, "startTime": None},
                {"capacity": "CAPACITY_OUT_OF_RANGE", "startTime": "REQUIRED"},
            ),
            ({"timeZone": "../etc/passwd"}, {"timeZone": "TIME_ZONE_UNKNOWN"}),
        ],
    )
    def test_a_slots_wrong_fields(self, running: Running, changes: Any, wrong: Any) -> None:
        task = made(running, TASKS, WORDS)["name"]
        status, reason, fields = problem(running.rest("POST", f"{task}/slots", {**WHEN, **changes}))
        assert (status, reason, fields) == (400, "SLOT_INVALID", wrong)

    @pytest.mark.parametrize(
        "instant", ["yesterday", "2027-04-06 14:00", "2027-04-06T14:00:00", 7, "2027-02-30T10:00:00Z"]
    )
    def test_an_instant_needs_an_offset(self, running: Running, instant: Any) -> None:
        task = made(running, TASKS, WORDS)["name"]
        answer = problem(running.rest("POST", f"{task}/slots", {**WHEN, "startTime": instant}))
        assert answer == (400, "REQUEST_INVALID", {"startTime": "FIELD_INVALID"})

    def test_an_answer_sent_back_changes_nothing_that_is_not_the_clients(self, running: Running) -> None:
        slot = a_slot(running)
        again = running.rest("PATCH", slot["name"], {**slot, "capacity": 3})
        assert (again.status_code, again.json()["capacity"], again.json()["sequence"]) == (200, 3, 1)
        assert again.json()["createTime"] == slot["createTime"]

    def test_a_stale_etag_is_aborted_and_a_sign_up_makes_none_stale(self, running: Running) -> None:
        slot = a_slot(running)
        made(running, f"{slot['name']}/signUps", {}, who=volunteer(running))
        header = {"if-match": slot["etag"]}
        assert running.rest("PATCH", slot["name"], {"capacity": 2}, headers=header).status_code == 200
        stale = running.rest("PATCH", slot["name"], {"capacity": 3}, headers=header)
        assert problem(stale)[:2] == (409, "ETAG_STALE")

    def test_a_request_id_does_it_once(self, running: Running) -> None:
        slot, who, key = a_slot(running), volunteer(running), str(uuid.uuid4())
        path, header = f"{slot['name']}/signUps", {"idempotency-key": key}
        first = made(running, path, {}, who=who, headers=header)
        assert made(running, path, {}, who=who, headers=header) == first
        assert problem(running.rest("POST", path, {}, who=who))[:2] == (409, "SIGNED_UP_ALREADY")

    def test_a_repeated_change_of_ones_details_keeps_no_name_in_the_store(self, running: Running) -> None:
        who, header = volunteer(running), {"idempotency-key": str(uuid.uuid4())}
        body = {"displayName": "REPEATMARK", "phone": "20 88 88 88"}
        first = running.rest("PATCH", ME, body, who=who, headers=header).json()
        assert running.rest("PATCH", ME, body, who=who, headers=header).json() == first
        assert first["displayName"] == "REPEATMARK"
        with running.store() as transaction:
            kept = transaction.connection.exec_driver_sql("SELECT response FROM idempotency").scalars()
            assert not any(b"REPEATMARK" in bytes(each) for each in kept)

    @pytest.mark.parametrize(
        "path",
        [
            f"{TASKS}/{UNHEARD_OF}",
            f"{TASKS}/nonsense",
            f"{TASKS}/{UNHEARD_OF}/slots/{UNHEARD_OF}",
            f"{TASKS}/{UNHEARD_OF}/slots/{UNHEARD_OF}/signUps/{UNHEARD_OF}",
            f"municipalities/{HERE}/people/{UNHEARD_OF}",
        ],
    )
    def test_what_there_is_not(self, running: Running, path: str) -> None:
        assert running.rest("GET", path).status_code == 404

    def test_the_document_has_every_call(self, running: Running) -> None:
        document = running.http.get("/volunteer/api/v1/openapi.json").json()
        calls = {op["summary"] for path in document["paths"].values() for op in path.values()}
        assert len(calls) == 23 + 1  # the chassis's own: a municipality's export
        assert {"Create sign up", "Cancel slot", "Delete person", "Export person"} <= calls


class TestPlaces:
    def test_the_next_waits_and_moves_up(self, running: Running) -> None:
        slot = a_slot(running)
        first, second, third = (volunteer(running) for _ in range(3))
        path = f"{slot['name']}/signUps"
        place = made(running, path, {}, who=first)
        waits = made(running, path, {}, who=second)
        assert (place["state"], waits["state"], waits["queueNumber"]) == ("CONFIRMED", "WAITLISTED", 1)
        assert made(running, path, {}, who=third)["queueNumber"] == 2
        assert made(running, f"{place['name']}:cancel", {}, who=first)["cancelledBy"] == "VOLUNTEER"
        assert running.rest("GET", waits["name"], who=second).json()["state"] == "CONFIRMED"
        contacts = running.rest("GET", f"{slot['name']}/signUpContacts").json()["signUpContacts"]
        assert [(c["signUp"]["name"], c["phone"]) for c in contacts] == [(waits["name"], "20 77 77 77")]
        mine = running.rest("GET", f"{ME}/signUps", who=third).json()["signUps"]
        assert [each["queueNumber"] for each in mine] == [1]

    def test_over_grpc(self, running: Running) -> None:
        slot, who = a_slot(running), volunteer(running)
        request = sign_up_pb.CreateSignUpRequest(parent=slot["name"])
        done = running.sign_ups.CreateSignUp(request, metadata=running.metadata(who))
        assert done.state == sign_up_pb.SignUp.STATE_CONFIRMED
        again = refused(running.sign_ups.CreateSignUp, request, running.metadata(who))
        assert again == ("ALREADY_EXISTS", "SIGNED_UP_ALREADY", {})

    def test_who_has_not_said_how_to_be_reached(self, running: Running) -> None:
        slot, new = a_slot(running), principal("volunteer", subject=f"new-{uuid.uuid4().hex[:6]}")
        answer = running.rest("POST", f"{slot['name']}/signUps", {}, who=new)
        assert problem(answer)[:2] == (400, "CONTACT_MISSING")
        assert problem(running.rest("PATCH", ME, {"phone": "x"}, who=new)) == (
            400,
            "VOLUNTEER_INVALID",
            {"displayName": "REQUIRED", "phone": "PHONE_INVALID"},
        )
        assert problem(running.rest("GET", ME, who=new))[:2] == (404, "VOLUNTEER_UNKNOWN")

    def test_a_coordinator_says_whom(self, running: Running) -> None:
        slot = a_slot(running)
        path = f"{slot['name']}/signUps"
        assert problem(running.rest("POST", path, {})) == (400, "SIGN_UP_INVALID", {"person": "REQUIRED"})
        elsewhere = {"person": f"municipalities/{THERE}/people/{uuid.uuid4()}"}
        answer = problem(running.rest("POST", path, elsewhere))
        assert answer == (400, "SIGN_UP_INVALID", {"person": "VOLUNTEER_UNKNOWN"})
        body = {"displayName": "Ada", "phone": "20 00 00 09"}
        phoned = made(running, f"municipalities/{HERE}/people", body)
        assert made(running, path, {"person": phoned["name"]})["state"] == "CONFIRMED"

    def test_a_closed_a_cancelled_and_a_draft_task_take_nobody(self, running: Running) -> None:
        who = volunteer(running)
        for act, expected in (("close", (400, "TASK_NOT_OPEN")), ("cancel", (400, "TASK_NOT_OPEN"))):
            slot = a_slot(running)
            made(running, f"{slot['name'].split('/slots/')[0]}:{act}", {})
            assert problem(running.rest("POST", f"{slot['name']}/signUps", {}, who=who))[:2] == expected
        draft = a_slot(running, opened=False)
        answer = running.rest("POST", f"{draft['name']}/signUps", {}, who=who)
        assert problem(answer)[:2] == (404, "TASK_UNKNOWN")

    def test_what_a_task_cannot_do(self, running: Running) -> None:
        empty = made(running, TASKS, WORDS)["name"]
        assert problem(running.rest("POST", f"{empty}:publish", {}))[:2] == (400, "TASK_WITHOUT_SLOT")
        assert problem(running.rest("POST", f"{empty}:close", {}))[:2] == (400, "TASK_NOT_OPEN")
        slot = a_slot(running)
        task = slot["name"].split("/slots/")[0]
        assert problem(running.rest("POST", f"{task}:publish", {}))[:2] == (400, "TASK_OPEN")
        made(running, f"{task}:cancel", {})
        for act in ("publish", "cancel"):
            assert problem(running.rest("POST", f"{task}:{act}", {}))[:2] == (400, "TASK_CANCELLED")
        assert problem(running.rest("PATCH", task, {"title": "New"}))[:2] == (400, "TASK_CANCELLED")
        assert problem(running.rest("POST", f"{task}/slots", WHEN))[:2] == (400, "TASK_CANCELLED")
        assert problem(running.rest("POST", f"{slot['name']}:cancel", {}))[:2] == (400, "SLOT_CANCELLED")


class TestPromises:
    def test_a_task_comes_from_an_initiative_that_seeks_volunteers(self, running: Running) -> None:
        promise = running.followup.promise("Volunteer mentors", 5, task="Mentors for the young")
        task = made(running, TASKS, {**WORDS, "promise": promise})
        assert (task["promise"], task["promiseTitle"]) == (promise, "Volunteer mentors")
        sent_back = running.rest("PATCH", task["name"], {"promise": promise, "title": "Mentors"})
        assert (sent_back.status_code, sent_back.json()["promise"]) == (200, promise)

    def test_one_that_seeks_nobody_or_is_not_there(self, running: Running) -> None:
        served = running.followup.promise("Served", 0)
        elsewhere = running.followup.promise("Elsewhere", 5, municipality=THERE)
        for promise, reason in (
            (served, "PROMISE_SEEKS_NOBODY"),
            (elsewhere, "PROMISE_UNKNOWN"),
            (f"municipalities/{HERE}/promises/{UNHEARD_OF}", "PROMISE_UNKNOWN"),
            ("nonsense", "PROMISE_UNKNOWN"),
        ):
            answer = problem(running.rest("POST", TASKS, {**WORDS, "promise": promise}))
            assert answer == (400, "TASK_INVALID", {"promise": reason})

    def test_when_followup_is_away_nothing_is_half_done(self, running: Running) -> None:
        promise = running.followup.promise("Mentors", 5)
        before = running.rest("GET", TASKS, params={"state": "DRAFT", "pageSize": "1000"}).json()
        running.followup.away = True
        try:
            answer = running.rest("POST", TASKS, {**WORDS, "promise": promise})
            assert problem(answer)[0] == 503
            request = pb.CreateTaskRequest(parent=f"municipalities/{HERE}", task=pb.Task(promise=promise))
            assert refused(running.tasks.CreateTask, request, running.metadata())[0] == "UNAVAILABLE"
            # What needs no promise still works.
            made(running, TASKS, {**WORDS, "title": "Without"})
        finally:
            running.followup.away = False
        after = running.rest("GET", TASKS, params={"state": "DRAFT", "pageSize": "1000"}).json()
        assert len(after["tasks"]) == len(before["tasks"]) + 1

    def test_who_may_not_make_tasks_has_nothing_asked_for_them(self, running: Running) -> None:
        promise = running.followup.promise("Mentors", 5)
        running.followup.asked.clear()
        for who in (None, principal("volunteer"), principal("coordinator", THERE)):
            assert running.rest("POST", TASKS, {**WORDS, "promise": promise}, who=who).status_code in (
                401,
                403,
            )
        assert running.followup.asked == []

    def test_the_coordinators_list_follows_the_events(self, running: Running) -> None:
        promise = running.followup.promise("MENTORMARK", 5)
        page = f"/volunteer/{HERE}/desk"
        eventually(lambda: "MENTORMARK" in running.page(page, COORDINATOR))
        made(running, TASKS, {**WORDS, "promise": promise})
        assert "MENTORMARK" not in running.page(page, COORDINATOR)
        identity = uuid.UUID(running.followup.promise("GONEMARK", 2).rsplit("/", 1)[1])
        eventually(lambda: "GONEMARK" in running.page(page, COORDINATOR))
        running.followup.promise("GONEMARK", 0, identity=identity)
        eventually(lambda: "GONEMARK" not in running.page(page, COORDINATOR))

    def test_the_desk_says_when_followup_is_away(self, running: Running) -> None:
        running.followup.promise("AWAYMARK", 3)
        page = f"/volunteer/{HERE}/desk"
        eventually(lambda: "AWAYMARK" in running.page(page, COORDINATOR))
        running.followup.away = True
        try:
            shown = running.page(page, COORDINATOR)
        finally:
            running.followup.away = False
        assert "AWAYMARK" not in shown
        assert "alert-warning" in shown


class TestCalendar:
    def new_link(self, running: Running, who: Principal) -> str:
        """The address that the page shows once."""
        headers = {**running.signed_in(who), "origin": running.addresses.http}
        page = running.http.get(f"/volunteer/{HERE}/me", headers=headers).text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        answer = running.http.post(
            f"/volunteer/{HERE}/me/calendar", data={"csrf_token": token}, headers=headers
        )
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        return answer.text.split("<code>")[1].split("</code>")[0].removeprefix(running.addresses.http)

    def test_it_has_places_and_keeps_what_was_cancelled(self, running: Running) -> None:
        who, slot = volunteer(running), a_slot(running)
        place = made(running, f"{slot['name']}/signUps", {}, who=who)
        link = self.new_link(running, who)
        feed = running.http.get(link)
        assert feed.headers["content-type"].startswith("text/calendar")
        assert "SUMMARY:Reading friends" in feed.text
        assert "DTSTART;TZID=Europe/Copenhagen:20270406T140000" in feed.text
        assert ("STATUS:CONFIRMED" in feed.text, "SEQUENCE:0" in feed.text) == (True, True)
        assert not [mark for mark in ("NAMEMARK", "20 77 77 77", who.subject) if mark in feed.text]
        made(running, f"{place['name']}:cancel", {}, who=who)
        feed = running.http.get(link)
        assert ("STATUS:CANCELLED" in feed.text, "SEQUENCE:1" in feed.text) == (True, True)
        made(running, f"{slot['name']}/signUps", {}, who=who)
        feed = running.http.get(link)
        assert ("STATUS:CONFIRMED" in feed.text, "SEQUENCE:2" in feed.text) == (True, True)
        made(running, f"{slot['name']}:cancel", {})
        feed = running.http.get(link)
        assert ("STATUS:CANCELLED" in feed.text, "SEQUENCE:3" in feed.text) == (True, True)
        assert feed.text.count("BEGIN:VEVENT") == 1

    def test_who_waits_has_nothing_in_it_yet(self, running: Running) -> None:
        first, second, slot = volunteer(running), volunteer(running), a_slot(running)
        place = made(running, f"{slot['name']}/signUps", {}, who=first)
        made(running, f"{slot['name']}/signUps", {}, who=second)
        link = self.new_link(running, second)
        assert "BEGIN:VEVENT" not in running.http.get(link).text
        made(running, f"{place['name']}:cancel", {}, who=first)
        assert "STATUS:CONFIRMED" in running.http.get(link).text

    def test_a_new_address_closes_the_old_one_and_erasing_closes_both(self, running: Running) -> None:
        who = volunteer(running)
        old, new = self.new_link(running, who), self.new_link(running, who)
        assert [running.http.get(link).status_code for link in (old, new)] == [404, 200]
        assert running.http.get(new.replace(HERE, THERE)).status_code == 404
        with running.store() as transaction:
            kept = transaction.connection.exec_driver_sql("SELECT digest FROM calendar_links").scalars()
            assert new.rsplit("/", 1)[1].removesuffix(".ics") not in list(kept)
        assert running.rest("DELETE", ME, who=who).status_code == 204
        assert running.http.get(new).status_code == 404


def test_measures(running: Running) -> None:
    def value(line: str) -> float:
        found = [row for row in running.metrics().splitlines() if row.startswith(line + " ")]
        return float(found[0].rsplit(" ", 1)[1]) if found else 0.0

    confirmed = 'borgerting_volunteer_sign_ups_total{outcome="confirmed"}'
    free = f'borgerting_volunteer_free_places{{municipality="{HERE}"}}'
    before = value(confirmed), value(free)
    slot = a_slot(running, capacity=3)
    made(running, f"{slot['name']}/signUps", {}, who=volunteer(running))
    assert value(confirmed) == before[0] + 1
    assert value(free) == before[1] + 2
    who = volunteer(running)
    made(running, f"{slot['name']}/signUps", {}, who=who)
    running.rest("POST", f"{slot['name']}/signUps", {}, who=who)  # refused: it counts for nothing
    assert value(confirmed) == before[0] + 2
