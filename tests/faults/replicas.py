"""Two processes of each service on one store and one broker, and what becomes of one's work once it is
killed: the other sends what it had committed, hears the events that were its share, and does its jobs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc

from tests.e2e.assembly.forked import Nursery
from tests.e2e.assembly.houses import RECONNECT, SERVICES, Process
from tests.e2e.assembly.town import Town
from tests.faults.house import FaultHouse, Mortal
from tests.faults.kills import PATIENCE, Say, settled
from tests.faults.steps import STEPS, Death, Step
from tests.faults.stream import Stream
from tests.infrastructure.places import lasting_ports
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.proxy import Line

_PORTS = ("BORGERTING_HTTP_PORT", "BORGERTING_GRPC_PORT", "BORGERTING_OPS_PORT", "BORGERTING_TLS__PORT")
_ADDRESS = "__GRPC_ADDRESS"
# A draw, and the reading of a report, come about once a story, and then to either of the two.
_SELDOM = (Step.JOB_CLAIMED, Step.JOB_DONE, Step.NEIGHBOUR_ANSWERED)
_SECONDS, _SELDOM_SECONDS = 30.0, 120.0


class TwinHouse(FaultHouse):
    """Whoever asks reaches either of the two, as through an address of both."""

    def __init__(self, folder: Path, nursery: Nursery, postgres: PostgresServer, kafka: str) -> None:
        self._second_ports = {name: dict(zip(_PORTS, lasting_ports(4), strict=True)) for name in SERVICES}
        self._seconds: dict[str, Mortal] = {}
        # Each service's ways in: for everybody, and for neighbours, with the ports behind it.
        self._ways: dict[tuple[str, str], tuple[Line, list[int]]] = {}
        super().__init__(folder, nursery, postgres, kafka)

    def _process(self, name: str, settings: Mapping[str, str], folder: Path) -> Process:
        for port in ("BORGERTING_GRPC_PORT", "BORGERTING_TLS__PORT"):
            self._way(name, port, int(settings[port]))
        own = dict(settings)
        for variable, value in settings.items():
            if variable.endswith(_ADDRESS):
                asked = variable.removeprefix("BORGERTING_").removesuffix(_ADDRESS).lower()
                way = self._way(asked, "BORGERTING_TLS__PORT", int(value.rpartition(":")[2]))
                own[variable] = f"127.0.0.1:{way.port}"
        second = {
            **own,
            **{variable: str(port) for variable, port in self._second_ports[name].items()},
            "BORGERTING_DATA_DIR": f"{own['BORGERTING_DATA_DIR']}-second",
            "BORGERTING_KAFKA__INSTANCE": f"{name}-second",
        }
        beside = folder / "second"
        beside.mkdir(exist_ok=True)
        made = super()._process(name, second, beside)
        assert isinstance(made, Mortal)
        self._seconds[name] = made
        return super()._process(name, own, folder)

    def _way(self, name: str, port: str, first: int) -> Line:
        if (name, port) not in self._ways:
            both = [first, self._second_ports[name][port]]
            self._ways[name, port] = (Line(*both), both)
        return self._ways[name, port][0]

    def replicas(self, name: str) -> list[Mortal]:
        return [self[name], self._seconds[name]]

    @property
    def processes(self) -> list[Process]:
        return [*super().processes, *self._seconds.values()]

    def channel(self, service: str) -> grpc.Channel:
        credentials = grpc.ssl_channel_credentials(self._authority)
        line, _ = self._ways[service, "BORGERTING_GRPC_PORT"]
        return grpc.secure_channel(f"127.0.0.1:{line.port}", credentials, options=RECONNECT)

    def prefer(self, name: str, number: int) -> None:
        """Who asks reaches this one of the two while it is there."""
        for (service, _), (line, both) in self._ways.items():
            if service == name:
                line.lead(both[number], both[1 - number])

    def close(self) -> None:
        self.stop()
        for line, _ in self._ways.values():
            line.close()


def taken_over(house: TwinHouse, services: Sequence[str], say: Say) -> list[str]:
    """One of the two dies at each step of its service, under a stream of commands, and stays dead until
    everything is found as it must be; then it is there again. What is wrong.
    """
    town = Town(house, "tvillingby", PATIENCE)
    stream = Stream(town, "twins", pause=0.05)
    stream.start()
    found: list[str] = []
    try:
        assert stream.promised.wait(PATIENCE)
        for service in services:
            for step in STEPS[service]:
                found += _taken_over_at(step, service, house, stream, say)
    finally:
        stream.stop()
        town.close()
    return found


def _taken_over_at(step: Step, service: str, house: TwinHouse, stream: Stream, say: Say) -> list[str]:
    victim = _killed_at(step, service, house)
    if victim is None:
        say(f"{service:14}{step:22} NOT MADE, neither of the two came to it")
        return []
    with stream.paused():
        problems = [*stream.problems, *settled(house, [stream.ledger])]
    say(f"{service:14}{step:22} taken over, {len(problems)} findings")
    for problem in problems:
        say(f"  {problem}")
    victim.start_to_die(None)
    victim.wait_until_ready()
    return problems


def _killed_at(step: Step, service: str, house: TwinHouse) -> Mortal | None:
    """Which of the two died there: which of them hears an event is the broker's to say."""
    for number, one in enumerate(house.replicas(service)):
        one.kill()
        one.start_to_die(Death(step))
        one.wait_until_ready(or_dead=True)
        house.prefer(service, number)
        if one.wait_until_dead(_SELDOM_SECONDS if step in _SELDOM else _SECONDS):
            return one
        one.kill()
        one.start_to_die(None)
        one.wait_until_ready()
    return None
