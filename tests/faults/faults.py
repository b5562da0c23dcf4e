"""Each fault: how it is made, what is seen of it while it lasts, and that all is well once it is over.

A fault is made while people go on (tests.faults.stream). Afterwards everything settles, and the checker finds
nothing.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc

from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from chassis.rpc.status import domain_error_from
from tests.e2e.assembly.houses import SERVICES
from tests.e2e.assembly.steps import REGISTRY, TASKS
from tests.faults.house import FaultHouse
from tests.faults.kills import PATIENCE, settled
from tests.faults.lines import LinedHouse
from tests.faults.repeats import tell_again
from tests.faults.stream import Stream
from tests.infrastructure.proxy import Line


class CannotBeMade(Exception):  # noqa: N818 - nothing is wrong
    """This machine does not let the fault be made; the message says what it takes."""


Fault = Callable[[LinedHouse, Stream], None]


def broker_stopped(house: LinedHouse, stream: Stream) -> None:
    """In good order, and started again: what is told meanwhile waits in the outbox."""
    house.kafka.stop()
    says(house, "deliberation", "events")
    goes_on(stream)
    page(house, stream)
    house.kafka.start()


def broker_killed(house: LinedHouse, stream: Stream) -> None:
    house.kafka.kill()
    goes_on(stream)
    house.kafka.start()


def broker_cut(house: LinedHouse, stream: Stream) -> None:
    with broken(house.broker, Line.cut):
        says(house, "followup", "events")
        goes_on(stream)


def broker_slow(house: LinedHouse, stream: Stream) -> None:
    with broken(house.broker, lambda line: line.slow(0.1)):
        goes_on(stream)
        all_ready(house)


def broker_half_open(house: LinedHouse, stream: Stream) -> None:
    """It takes connections and says nothing: noticed within the time of a request."""
    with broken(house.broker, Line.swallow):
        says(house, "volunteer", "events")
        goes_on(stream)
        page(house, stream)


def store_restarted(house: LinedHouse, stream: Stream) -> None:
    _store_away_for_a_while(house, stream, signal.SIGINT)


def store_crashed(house: LinedHouse, stream: Stream) -> None:
    """It recovers what was committed."""
    _store_away_for_a_while(house, stream, signal.SIGQUIT)


def store_cut(house: LinedHouse, stream: Stream) -> None:
    with broken(house.store, Line.cut):
        says(house, "sortition", "sortition.store")
        assert refusal(stream) == "STORE_AWAY"


def store_slow(house: LinedHouse, stream: Stream) -> None:
    with broken(house.store, lambda line: line.slow(0.02)):
        goes_on(stream)
        all_ready(house)


def store_half_open(house: LinedHouse, stream: Stream) -> None:
    """It takes connections and says nothing: whoever asks is told so before they give up, in the middle of
    what they were doing or not; then it says something again, and nobody has to be restarted.
    """
    with broken(house.store, Line.swallow):
        says(house, "followup", "followup.store")
        assert refusal(stream) == "STORE_AWAY"


def store_forgotten(house: LinedHouse, stream: Stream) -> None:
    """The connections that were there stay without an answer, and new ones work."""
    house.store.forget()
    goes_on(stream)
    all_ready(house)


def store_frozen(house: LinedHouse, stream: Stream) -> None:
    """The server and its sessions stand still."""
    with house.postgres.frozen():
        says(house, "sortition", "sortition.store")
        assert refusal(stream) == "STORE_AWAY"


def neighbour_cut(house: LinedHouse, stream: Stream) -> None:
    """A question to a neighbour is refused in words, and nothing else is."""
    with broken(house.neighbours["followup"], Line.cut):
        assert _task_for_a_promise(stream) == grpc.StatusCode.UNAVAILABLE
        goes_on(stream)
    _asked_again(stream)


def neighbour_slow(house: LinedHouse, stream: Stream) -> None:
    with broken(house.neighbours["followup"], lambda line: line.slow(0.3)):
        _asked_again(stream)


def neighbour_half_open(house: LinedHouse, stream: Stream) -> None:
    with broken(house.neighbours["followup"], Line.swallow):
        assert _task_for_a_promise(stream) in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        )
        goes_on(stream)
    _asked_again(stream)


def events_repeated(house: LinedHouse, stream: Stream) -> None:
    """All that was ever told is told again, in runs and in another order, while people go on."""
    assert tell_again(house, seed=1) > 0
    goes_on(stream)


def service_frozen(house: LinedHouse, stream: Stream) -> None:
    """For longer than its share of the events is kept for it; then it goes on where it stood."""
    process = house["deliberation"]
    process.freeze()
    try:
        time.sleep(5)
    finally:
        process.thaw()
    goes_on(stream)


def store_vanished(house: LinedHouse, stream: Stream) -> None:
    """Its packets are dropped, as where a machine is gone without a word: noticed within half a minute."""
    with silence(house.store):
        until(lambda: refusal(stream) == "STORE_AWAY", lambda: f"refused with {refusal(stream)}")
        says(house, "followup", "followup.store")


def broker_vanished(house: LinedHouse, stream: Stream) -> None:
    with silence(house.broker):
        says(house, "volunteer", "events")
        goes_on(stream)


def neighbour_vanished(house: LinedHouse, stream: Stream) -> None:
    with silence(house.neighbours["followup"]):
        assert _task_for_a_promise(stream) in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        )
        goes_on(stream)
    _asked_again(stream)


SHORT: dict[str, Fault] = {
    "broker stopped": broker_stopped,
    "broker cut off": broker_cut,
    "broker slow": broker_slow,
    "store restarted": store_restarted,
    "store crashed": store_crashed,
    "store cut off": store_cut,
    "store slow": store_slow,
    "store half-open": store_half_open,
    "neighbour cut off": neighbour_cut,
    "events repeated": events_repeated,
}
"""Those that cost seconds."""

ALL: dict[str, Fault] = {
    **SHORT,
    "broker killed": broker_killed,
    "broker half-open": broker_half_open,
    "store forgotten": store_forgotten,
    "store frozen": store_frozen,
    "neighbour slow": neighbour_slow,
    "neighbour half-open": neighbour_half_open,
    "service frozen": service_frozen,
    "broker vanished": broker_vanished,
    "store vanished": store_vanished,
    "neighbour vanished": neighbour_vanished,
}


def make(fault: Fault, house: LinedHouse, stream: Stream) -> list[str]:
    """Make it, and what is wrong once all is ready and nothing is under way."""
    goes_on(stream)
    fault(house, stream)
    all_ready(house)
    goes_on(stream)
    with stream.paused():
        return [*stream.problems, *settled(house, [stream.ledger])]


@contextmanager
def broken(line: Line, how: Callable[[Line], None]) -> Iterator[None]:
    how(line)
    try:
        yield
    finally:
        line.mend()


@contextmanager
def silence(line: Line) -> Iterator[None]:
    """What goes to its port or comes from it is dropped. Raises CannotBeMade without root or iptables."""
    rules = [
        ["INPUT", "-i", "lo", "-p", "tcp", side, str(line.port), "-j", "DROP"]
        for side in ("--dport", "--sport")
    ]
    program = shutil.which("iptables")
    made = []
    try:
        for rule in rules:
            done = program and subprocess.run([program, "-w", "-I", *rule], capture_output=True, check=False)
            if not done or done.returncode:
                raise CannotBeMade("dropping packets takes root and iptables")
            made.append(rule)
        yield
    finally:
        for rule in made:
            subprocess.run([str(program), "-w", "-D", *rule], check=True, capture_output=True)


def _store_away_for_a_while(house: LinedHouse, stream: Stream, how: signal.Signals) -> None:
    house.postgres.stop(how)
    try:
        says(house, "sortition", "sortition.store")
        assert refusal(stream) == "STORE_AWAY"
    finally:
        house.postgres.start()


def until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def goes_on(stream: Stream, commands: int = 10) -> None:
    """So many more commands are acknowledged."""
    before = stream.ledger.commands
    until(
        lambda: stream.ledger.commands >= before + commands or bool(stream.problems),
        lambda: f"only {stream.ledger.commands - before} commands were acknowledged",
    )
    assert stream.problems == [], stream.problems


def all_ready(house: FaultHouse) -> None:
    for name in SERVICES:
        until(house[name].is_ready, lambda name=name: f"{name}: {house[name].failing()}")


def says(house: FaultHouse, service: str, check: str) -> None:
    """`/readyz` names what is wrong."""
    until(lambda: check in house[service].failing(), lambda: f"{service} says {house[service].failing()}")


def page(house: FaultHouse, stream: Stream, service: str = "deliberation") -> None:
    """Citizens go on reading."""
    with urllib.request.urlopen(f"{house.http(service)}/{service}/{stream.town.slug}", timeout=30) as found:
        assert found.status == 200


def refusal(stream: Stream) -> str:
    """What somebody is told who does not ask again: the reason, in bounded time."""
    request = registry.GetMunicipalityRequest(name=stream.town.name)
    try:
        stream.town.once(REGISTRY, "GetMunicipality", request)
    except grpc.RpcError as error:
        return reason_of(error)
    return "nothing"


def reason_of(error: grpc.RpcError) -> str:
    """Its reason, or its code where it has none of ours."""
    reason = domain_error_from(error).reason
    return error.code().name if reason == "NEIGHBOUR_UNAVAILABLE" else reason


def _task_for_a_promise(stream: Stream) -> grpc.StatusCode:
    """The code with which it is refused, OK when it is not; asked once, and noted in the ledger."""
    try:
        request = stream.task_request("For a promise", stream.kept[0])
        task = stream.town.once(TASKS, "CreateTask", request, "coordinator")
    except grpc.RpcError as error:
        return error.code()
    stream.ledger.done(stream.ledger.tasks, task.name)
    return grpc.StatusCode.OK


def _asked_again(stream: Stream) -> None:
    until(lambda: _task_for_a_promise(stream) is grpc.StatusCode.OK, lambda: "the neighbour is not asked")
