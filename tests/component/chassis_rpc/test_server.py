"""The real server over TCP: health, reflection, draining, a lost connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from chassis.auth.principal import NOBODY, Principal
from chassis.rpc.client import tcp_channel
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.server import GrpcServiceRegistration, RpcServer
from chassis.words import reason_itself

NAME = "borgerting.deliberation.v1.MunicipalityService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Anyone:
    def verify(self, token: str) -> Principal:
        return NOBODY


class Slow(pb_grpc.MunicipalityServiceServicer):
    def __init__(self, seconds: float) -> None:
        self.begun = threading.Event()
        self.calls = 0
        self._seconds = seconds

    def GetMunicipality(self, request: Any, context: grpc.ServicerContext) -> pb.Municipality:
        self.begun.set()
        self.calls += 1
        time.sleep(self._seconds)
        return pb.Municipality(name=request.name)


def slow(seconds: float = 0.5) -> Slow:
    return Slow(seconds)  # type: ignore[abstract]  # methods not written answer UNIMPLEMENTED


@contextmanager
def running_server(servicer: pb_grpc.MunicipalityServiceServicer) -> Iterator[int]:
    server = make_server(servicer)
    port = server.bind("127.0.0.1:0")
    server.start()
    yield port
    server.stop(1)


def make_server(servicer: pb_grpc.MunicipalityServiceServicer) -> RpcServer:
    registration = GrpcServiceRegistration(pb_grpc.add_MunicipalityServiceServicer_to_server, servicer, NAME)
    return RpcServer([registration], [CallInterceptor(Anyone(), reason_itself)], max_workers=4)


def health(channel: grpc.Channel, service: str) -> int:
    stub = health_pb2_grpc.HealthStub(channel)
    status: int = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status
    return status


def test_health_and_reflection() -> None:
    server = make_server(slow())
    port = server.bind("127.0.0.1:0")
    server.start()
    with tcp_channel(f"127.0.0.1:{port}") as channel:
        assert health(channel, "") == SERVING
        assert health(channel, NAME) == SERVING
        server.set_serving(NAME, False)
        assert health(channel, NAME) == NOT_SERVING
        with pytest.raises(grpc.RpcError) as caught:
            health(channel, "no.such.Service")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        [answer] = stub.ServerReflectionInfo(iter([asked]), timeout=5)
        names = {service.name for service in answer.list_services_response.service}
        assert {NAME, "grpc.health.v1.Health"} <= names
    server.stop(1)


def test_a_stop_lets_a_running_call_finish_and_takes_no_new_one() -> None:
    servicer = slow()
    server = make_server(servicer)
    port = server.bind("127.0.0.1:0")
    server.start()
    with tcp_channel(f"127.0.0.1:{port}", retry_attempts=2) as channel:
        stub = pb_grpc.MunicipalityServiceStub(channel)
        running = stub.GetMunicipality.future(pb.GetMunicipalityRequest(name="a"), timeout=10)
        assert servicer.begun.wait(5)
        started = time.monotonic()
        server.stop(60)
        assert time.monotonic() - started < 30
        assert running.result(timeout=5).name == "a"
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetMunicipality(pb.GetMunicipalityRequest(name="b"), timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def watched(channel: grpc.Channel) -> Any:
    """A watch of the server's health that has begun."""
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
    assert next(watch).status == SERVING
    return watch


def test_who_watches_our_health_holds_no_worker_and_no_stop_up() -> None:
    server = make_server(slow())
    port = server.bind("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        watches = [watched(channel) for _ in range(6)]  # it has four workers
        assert health(channel, NAME) == SERVING
        server.leave()
        assert [next(watch).status for watch in watches] == [NOT_SERVING] * 6
        assert health(channel, NAME) == NOT_SERVING  # and goes on answering
        watches.append(health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60))
        assert next(watches[-1]).status == NOT_SERVING
        watches.pop(0).cancel()
        started = time.monotonic()
        server.stop(60)
        assert time.monotonic() - started < 30
        assert [list(watch) for watch in watches] == [[]] * 6


def test_no_call_is_lost_when_one_of_two_replicas_stops() -> None:
    servicers = [slow(0.001), slow(0.001)]
    servers = [make_server(servicer) for servicer in servicers]
    ports = [server.bind("127.0.0.1:0") for server in servers]
    for server in servers:
        server.start()
    over, failed = threading.Event(), []
    with tcp_channel("ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)) as channel:
        stub = pb_grpc.MunicipalityServiceStub(channel)

        def call() -> None:
            while not over.is_set():
                try:
                    stub.GetMunicipality(pb.GetMunicipalityRequest(name="a"), timeout=30)
                except grpc.RpcError as error:
                    failed.append(error)

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        wait_until(lambda: min(servicer.calls for servicer in servicers) > 20)
        servers[0].stop(10)
        more = servicers[1].calls + 50
        wait_until(lambda: servicers[1].calls > more)
        over.set()
        for caller in callers:
            caller.join()
    servers[1].stop(1)
    assert failed == []


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


class Stopping(pb_grpc.MunicipalityServiceServicer):
    """Says to its first call what gRPC's servers say to one that meets them while they stop."""

    def __init__(self) -> None:
        self.calls = 0

    def GetMunicipality(self, request: Any, context: grpc.ServicerContext) -> pb.Municipality:
        self.calls += 1
        if self.calls == 1:
            context.abort(grpc.StatusCode.CANCELLED, "CANCELLED")
        return pb.Municipality(name=request.name)


def test_a_call_that_meets_a_server_while_it_stops_is_made_again() -> None:
    servicer = Stopping()  # type: ignore[abstract]
    with running_server(servicer) as port, tcp_channel(f"127.0.0.1:{port}") as channel:
        stub = pb_grpc.MunicipalityServiceStub(channel)
        assert stub.GetMunicipality(pb.GetMunicipalityRequest(name="a"), timeout=10).name == "a"
    assert servicer.calls == 2
    once = Stopping()  # type: ignore[abstract]
    with running_server(once) as port, tcp_channel(f"127.0.0.1:{port}", retry_attempts=1) as channel:
        stub = pb_grpc.MunicipalityServiceStub(channel)
        with pytest.raises(grpc.RpcError):
            stub.GetMunicipality(pb.GetMunicipalityRequest(name="a"), timeout=10)
    assert once.calls == 1


def test_a_neighbour_that_comes_back_is_called_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server(slow())
    with tcp_channel(f"127.0.0.1:{port}", retry_attempts=5) as channel:

        def come_back() -> None:
            server.bind(f"127.0.0.1:{port}")
            server.start()

        starter = threading.Timer(0.3, come_back)
        starter.start()
        stub = pb_grpc.MunicipalityServiceStub(channel)
        answer = stub.GetMunicipality(pb.GetMunicipalityRequest(name="a"), timeout=20, wait_for_ready=True)
        assert answer.name == "a"
        starter.join()
    server.stop(1)


def test_a_port_that_is_taken_is_an_error_that_says_so() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = make_server(slow())
        with pytest.raises(OSError, match="another program uses it") as caught:
            server.bind(f"127.0.0.1:{other.getsockname()[1]}")
        assert caught.value.strerror  # what the command line shows
        server.stop(0)
