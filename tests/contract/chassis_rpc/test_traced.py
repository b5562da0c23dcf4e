"""A traced call has a span at both ends, one the child of the other, however it travels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from chassis.rpc.client import tcp_channel
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.local import LocalServer
from chassis.rpc.neighbours import RenewingChannel
from chassis.rpc.server import GrpcServiceRegistration, RpcServer
from chassis.tracing.rpc import TracedServer, traced_channel
from chassis.tracing.tracer import Tracing
from tests.contract.chassis_rpc.conftest import OneToken, Servicer, describe

METHOD = "borgerting.deliberation.v1.MunicipalityService/GetMunicipality"


@dataclass
class Wire:
    stub: pb_grpc.MunicipalityServiceStub
    tracing: Tracing
    exporter: InMemorySpanExporter

    def get(self, name: str) -> pb.Municipality:
        return self.stub.GetMunicipality(pb.GetMunicipalityRequest(name=name))

    def spans(self) -> dict[SpanKind, ReadableSpan]:
        return {span.kind: span for span in self.exporter.get_finished_spans()}


@pytest.fixture(params=["local", "tcp", "renewing"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    exporter = InMemorySpanExporter()
    tracing = Tracing(SimpleSpanProcessor(exporter))
    interceptor = CallInterceptor(
        OneToken(),
        describe,
        lambda method, code, seconds: tracing.answered("grpc", method, code) and None,
        tracing=TracedServer(tracing, lambda method: "deliberation"),
    )
    registration = GrpcServiceRegistration(
        pb_grpc.add_MunicipalityServiceServicer_to_server, Servicer(), "borgerting.test"
    )
    if request.param == "local":
        channel = LocalServer([registration], [interceptor]).channel()
        yield Wire(stub_on(channel, tracing), tracing, exporter)
        return
    server = RpcServer([registration], [interceptor], max_workers=2)
    address = f"127.0.0.1:{server.bind('127.0.0.1:0')}"
    server.start()
    channel = tcp_channel(address)
    if request.param == "renewing":
        channel = RenewingChannel(lambda: tcp_channel(address), lambda: False)
    try:
        yield Wire(stub_on(channel, tracing), tracing, exporter)
    finally:
        channel.close()
        server.stop(0)


def stub_on(channel: grpc.Channel, tracing: Tracing) -> pb_grpc.MunicipalityServiceStub:
    return pb_grpc.MunicipalityServiceStub(traced_channel(channel, tracing, "followup"))


def test_one_is_the_child_of_the_other(wire: Wire) -> None:
    with wire.tracing.span("followup", "outer", SpanKind.INTERNAL, {}):
        assert wire.get("municipalities/dragoer").name == "municipalities/dragoer"
    spans = wire.spans()
    outer, client, server = (spans[kind] for kind in (SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.SERVER))
    assert client.parent is not None
    assert server.parent is not None
    assert client.parent.span_id == outer.get_span_context().span_id
    assert server.parent.span_id == client.get_span_context().span_id
    assert len({span.get_span_context().trace_id for span in spans.values()}) == 1
    assert (client.name, server.name) == (METHOD, METHOD)
    services = [span.resource.attributes["service.name"] for span in (client, server)]
    assert services == ["followup", "deliberation"]
    assert server.attributes is not None
    assert server.attributes["borgerting.municipality"] == "dragoer"


@pytest.mark.parametrize(
    ("name", "code", "our_fault"),
    [
        ("refuse", "INVALID_ARGUMENT", False),
        ("fail", "INTERNAL", True),
        ("abort", "OUT_OF_RANGE", False),
        ("set-code-and-fail", "INTERNAL", True),
    ],
)
def test_how_it_ended_is_said_at_both_ends(wire: Wire, name: str, code: str, our_fault: bool) -> None:
    with pytest.raises(grpc.RpcError):
        wire.get(name)
    spans = wire.spans()
    client, server = spans[SpanKind.CLIENT], spans[SpanKind.SERVER]
    for span in (client, server):
        assert span.attributes is not None
        assert span.attributes["rpc.response.status_code"] == code
        assert "Anna" not in span.to_json()
    # Whoever was refused has failed; who refuses rightly has not.
    assert (client.status.is_ok, server.status.is_ok) == (False, not our_fault)


def test_a_future_ends_its_span_when_it_is_there(wire: Wire) -> None:
    future = wire.stub.GetMunicipality.future(pb.GetMunicipalityRequest(name="municipalities/dragoer"))
    assert future.result(timeout=10).name == "municipalities/dragoer"
    client = wire.spans()[SpanKind.CLIENT]
    assert client.attributes is not None
    assert client.attributes["rpc.response.status_code"] == "OK"
