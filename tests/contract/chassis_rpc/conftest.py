"""One servicer, reached two ways: over TCP and inside the process. Every test here runs against both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from chassis.auth.principal import Principal, Role
from chassis.errors import Code, DomainError, FieldViolation
from chassis.rpc.client import tcp_channel
from chassis.rpc.context import CallContext, caller
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.local import LocalServer
from chassis.rpc.server import GrpcServiceRegistration, RpcServer

SMALL_LIMIT = 10_000
SECRETARY = Principal("staff-7", "dragoer", frozenset({Role.SECRETARIAT}))
STREAM = "/borgerting.test.Counter/Count"


class OneToken:
    """Knows one token."""

    def verify(self, token: str) -> Principal:
        if token != "good":
            raise DomainError(Code.UNAUTHENTICATED, "TOKEN_INVALID")
        return SECRETARY


def describe(reason: str, metadata: Any, language: str) -> str:
    return f"{language}:{reason}:{','.join(f'{k}={v}' for k, v in sorted(metadata.items()))}"


class Servicer(pb_grpc.MunicipalityServiceServicer):
    """Behaves as the request's name asks."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.seen: list[Any] = []

    def GetMunicipality(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.seen.append(request)
        match request.name:
            case "refuse":
                raise DomainError(
                    Code.INVALID_ARGUMENT,
                    "MUNICIPALITY_INVALID",
                    {"limit": "80"},
                    (FieldViolation("display_name", "TOO_LONG", {"limit": "80"}),),
                )
            case "fail":
                raise RuntimeError("Anna Hansen, Strandvejen 1")
            case "set-code-and-fail":
                context.set_code(grpc.StatusCode.NOT_FOUND)
                raise ValueError("Anna Hansen")
            case "abort":
                context.abort(grpc.StatusCode.OUT_OF_RANGE, "by hand")
            case "set-code":
                context.set_code(grpc.StatusCode.DATA_LOSS)
                context.set_details("quietly")
            case "wrong-type":
                return "no message"
            case "who":
                who = caller(context)
                return pb.Municipality(
                    name=who.principal.subject, display_name=who.language, time_zone=who.correlation_id
                )
            case "deadline":
                return pb.Municipality(display_name=str(context.time_remaining()))
            case "slow":
                time.sleep(0.3)
            case "metadata":
                context.send_initial_metadata((("x-first", "1"),))
                context.set_trailing_metadata((("x-last", "2"),))
            case "large":
                return pb.Municipality(display_name="a" * (SMALL_LIMIT + 1))
            case "mutable":
                kept = pb.Municipality(name="mutable")
                self.seen[-1] = kept
                return kept
            case "callback":
                assert context.add_callback(lambda: self.seen.append("over"))
        return pb.Municipality(name=request.name)


def count(request: pb.GetMunicipalityRequest, context: grpc.ServicerContext) -> Iterator[pb.Municipality]:
    """Counts to the name's number; a trailing word says how it ends."""
    number, _, end = request.name.partition(" ")
    try:
        for index in range(int(number)):
            yield pb.Municipality(name=str(index))
            if end == "slow":
                time.sleep(0.05)
    finally:
        assert isinstance(context, CallContext)
    if end == "refuse":
        raise DomainError(Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN")
    if end == "fail":
        raise RuntimeError("Anna Hansen")


def add_counter(servicer: object, server: Any) -> None:
    handlers = {
        "Count": grpc.unary_stream_rpc_method_handler(
            count,
            request_deserializer=pb.GetMunicipalityRequest.FromString,
            response_serializer=pb.Municipality.SerializeToString,
        )
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("borgerting.test.Counter", handlers),)
    )
    server.add_registered_method_handlers("borgerting.test.Counter", handlers)


@dataclass
class Wire:
    """One way to reach the servicer."""

    kind: str
    channel: grpc.Channel
    servicer: Servicer
    observed: list[tuple[str, str]]
    stop: Callable[[], None] = field(default=lambda: None)

    @property
    def stub(self) -> pb_grpc.MunicipalityServiceStub:
        return pb_grpc.MunicipalityServiceStub(self.channel)

    def get(self, name: str, **options: Any) -> pb.Municipality:
        return self.stub.GetMunicipality(pb.GetMunicipalityRequest(name=name), **options)

    def count(self, name: str, **options: Any) -> Any:
        call = self.channel.unary_stream(
            STREAM,
            request_serializer=pb.GetMunicipalityRequest.SerializeToString,
            response_deserializer=pb.Municipality.FromString,
        )
        return call(pb.GetMunicipalityRequest(name=name), **options)


@pytest.fixture(params=["local", "tcp"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    servicer = Servicer()  # type: ignore[abstract]  # methods not written answer UNIMPLEMENTED
    registrations = [
        GrpcServiceRegistration(
            pb_grpc.add_MunicipalityServiceServicer_to_server,
            servicer,
            "borgerting.deliberation.v1.MunicipalityService",
        ),
        GrpcServiceRegistration(add_counter, servicer, "borgerting.test.Counter"),
    ]
    observed: list[tuple[str, str]] = []
    interceptor = CallInterceptor(
        OneToken(), describe, lambda method, code, seconds: observed.append((method, code))
    )
    if request.param == "local":
        local = LocalServer(registrations, [interceptor], message_limit=SMALL_LIMIT)
        yield Wire("local", local.channel(), servicer, observed)
        return
    server = RpcServer(registrations, [interceptor], max_workers=4, message_limit=SMALL_LIMIT)
    port = server.bind("127.0.0.1:0")
    server.start()
    channel = tcp_channel(f"127.0.0.1:{port}")
    yield Wire("tcp", channel, servicer, observed)
    channel.close()
    server.stop(1)
