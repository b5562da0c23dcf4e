"""One suite for the port to followup: the fake, and the client to followup itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import grpc
import pytest

from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis.context import nobody
from chassis.errors import Code, DomainError
from chassis.rpc.client import tcp_channel
from services.volunteer.adapters.clients import FollowupPromises
from services.volunteer.app.ports import Promises, SoughtPromise
from tests.component.followup.suite import Running, running_suite
from tests.contract.volunteer.memory import MemoryPromises

HERE, THERE = "hjemby", "naboby"
WHO = nobody("en")


@dataclass
class Scene:
    """`seek` keeps a promise that seeks so many volunteers, and tells its name and title."""

    promises: Promises
    seek: Callable[[int], tuple[str, str]]


@pytest.fixture(scope="module")
def followup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_suite(tmp_path_factory.mktemp("followup")) as running:
        yield running


@pytest.fixture(params=["memory", "followup"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    if request.param == "memory":
        memory = MemoryPromises()

        def keep(wanted: int) -> tuple[str, str]:
            name = f"municipalities/{HERE}/promises/{uuid4()}"
            memory.known[name] = SoughtPromise(name, "Mentorer", wanted, "Opgaver" if wanted else "")
            return name, "Mentorer"

        yield Scene(memory, keep)
        return
    running: Running = request.getfixturevalue("followup")
    yield Scene(FollowupPromises(lambda: running.channel, 10.0), lambda wanted: real(running, wanted))


def real(running: Running, wanted: int) -> tuple[str, str]:
    """A promise that the council follows, at the real followup."""
    promise = running.handed_over()[0]
    answer = pb.Answer(decision=pb.Answer.DECISION_FOLLOWED, reason="Fordi")
    request = pb.CreateAnswerRequest(parent=promise.checkpoints[0].name, answer=answer)
    running.promises.CreateAnswer(request, metadata=running.metadata())
    if wanted:
        seek = pb.SeekVolunteersRequest(name=promise.name, wanted=wanted, task="Opgaver")
        running.promises.SeekVolunteers(seek, metadata=running.metadata())
    return promise.name, promise.title


def test_a_promise_that_seeks_volunteers(scene: Scene) -> None:
    name, title = scene.seek(5)
    assert scene.promises.get(WHO, name) == SoughtPromise(name, title, 5, "Opgaver")
    assert SoughtPromise(name, title, 5, "Opgaver") in scene.promises.sought(WHO, HERE)
    assert scene.promises.sought(WHO, THERE) == []


def test_one_that_seeks_nobody(scene: Scene) -> None:
    name, title = scene.seek(0)
    assert scene.promises.get(WHO, name) == SoughtPromise(name, title, 0)
    assert name not in [promise.name for promise in scene.promises.sought(WHO, HERE)]


def test_one_that_is_not_there(scene: Scene) -> None:
    with pytest.raises(DomainError) as refused:
        scene.promises.get(WHO, f"municipalities/{HERE}/promises/{uuid4()}")
    assert (refused.value.code, refused.value.reason) == (Code.NOT_FOUND, "PROMISE_UNKNOWN")


@pytest.mark.parametrize("away", ["nothing listens", "not installed", "memory"])
def test_when_nobody_answers(away: str) -> None:
    promises: Promises
    if away == "memory":
        promises = MemoryPromises()
        promises.away = True
    elif away == "not installed":

        def none() -> grpc.Channel:
            raise DomainError(Code.FAILED_PRECONDITION, "SERVICE_UNKNOWN", {"service": "followup"})

        promises = FollowupPromises(none, 1.0)
    else:
        channel = tcp_channel("127.0.0.1:1", retry_attempts=2)
        promises = FollowupPromises(lambda: channel, 1.0)
    for ask in (
        lambda: promises.get(WHO, f"municipalities/{HERE}/promises/{uuid4()}"),
        lambda: promises.sought(WHO, HERE),
    ):
        with pytest.raises(DomainError) as refused:
            ask()
        assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")
