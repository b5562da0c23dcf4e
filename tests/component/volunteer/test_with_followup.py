"""From an answer of the council's to a place taken, with follow-up itself beside the portal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from borgerting.followup.v1 import promise_service_pb2 as pb
from tests.component.followup.suite import COORDINATOR, HERE, Running, principal, running_suite


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_suite(tmp_path_factory.mktemp("suite")) as made:
        yield made


def call(running: Running, method: str, path: str, body: Any = None, who: Any = COORDINATOR) -> Any:
    headers = running.bearer(who)
    answer = running.http.request(method, f"/volunteer/api/v1/{path}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def test_an_accepted_initiative_becomes_a_task_that_people_take(running: Running) -> None:
    promise = running.handed_over()[0]
    running.promises.CreateAnswer(
        pb.CreateAnswerRequest(
            parent=promise.checkpoints[0].name,
            answer=pb.Answer(decision=pb.Answer.DECISION_FOLLOWED, reason="Ja"),
        ),
        metadata=running.metadata(),
    )
    seek = pb.SeekVolunteersRequest(name=promise.name, wanted=5, task="Vise vej til metroen")
    running.promises.SeekVolunteers(seek, metadata=running.metadata())
    wanted = {
        "title": "Vis vej",
        "text": "Vis folk til metroen.",
        "place": "Torvet",
        "contactOffice": "Koordinatoren",
        "contactPhone": "20 00 00 01",
        "promise": promise.name,
    }
    task = call(running, "POST", f"municipalities/{HERE}/tasks", wanted)
    assert (task["promise"], task["promiseTitle"]) == (promise.name, promise.title)
    when = {"startTime": "2025-09-10T14:00:00Z", "endTime": "2025-09-10T16:00:00Z", "capacity": 1}
    slot = call(running, "POST", f"{task['name']}/slots", when)
    call(running, "POST", f"{task['name']}:publish", {})
    states = []
    for number in (1, 2):
        who = principal("volunteer")
        who = type(who)(f"volunteer-{number}", who.municipality, who.roles)
        me = {"displayName": f"Navn {number}", "phone": "20 00 00 02"}
        call(running, "PATCH", f"municipalities/{HERE}/people/me", me, who)
        states.append(call(running, "POST", f"{slot['name']}/signUps", {}, who)["state"])
    assert states == ["CONFIRMED", "WAITLISTED"]
    # The front page hears of it by event.
    page, until = f"/deliberation/{HERE}", time.monotonic() + 20
    while "/volunteer/" not in running.http.get(page).text:
        assert time.monotonic() < until
        time.sleep(0.05)
