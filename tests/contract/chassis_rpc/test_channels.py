"""What a client sees of a call is the same inside a process as over TCP."""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from chassis.context import Caller
from chassis.errors import Code
from chassis.rpc.client import call_metadata, with_service_token
from chassis.rpc.context import caller
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.local import LocalServer
from chassis.rpc.server import GrpcServiceRegistration
from chassis.rpc.status import domain_error_from
from tests.contract.chassis_rpc.conftest import (
    SECRETARY,
    SMALL_LIMIT,
    OneToken,
    Servicer,
    Wire,
    describe,
)

METHOD = "/borgerting.deliberation.v1.MunicipalityService/GetMunicipality"


def refused(wire: Wire, name: str, **options: Any) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        wire.get(name, **options)
    return caught.value


def wait_until(condition: Any) -> None:
    """Over TCP the server's side of a call ends a moment after the client's."""
    until = time.monotonic() + 5
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


def test_an_answer(wire: Wire) -> None:
    assert wire.get("dragoer").name == "dragoer"
    wait_until(lambda: wire.observed == [(METHOD, "OK")])


def test_messages_are_copies(wire: Wire) -> None:
    request = pb.GetMunicipalityRequest(name="mutable")
    answer = wire.stub.GetMunicipality(request)
    answer.name = "changed"
    assert wire.servicer.seen[-1].name == "mutable"
    assert wire.servicer.seen[-1] is not answer


def test_a_refusal_carries_reason_fields_and_words(wire: Wire) -> None:
    error = refused(wire, "refuse", metadata=(("accept-language", "en-GB, da;q=0.5"),))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "en:MUNICIPALITY_INVALID:limit=80"
    status = rpc_status.from_call(error)
    info, bad, words = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.LocalizedMessage(),
    )
    for detail, message in zip(status.details, (info, bad, words), strict=True):
        assert detail.Unpack(message)
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "MUNICIPALITY_INVALID",
        "borgerting",
        {"limit": "80"},
    )
    [violation] = bad.field_violations
    assert (violation.field, violation.reason) == ("display_name", "TOO_LONG")
    assert violation.localized_message.message == "en:TOO_LONG:limit=80"
    assert (words.locale, words.message) == ("en", "en:MUNICIPALITY_INVALID:limit=80")
    wait_until(lambda: wire.observed == [(METHOD, "INVALID_ARGUMENT")])


def test_words_are_danish_unless_asked(wire: Wire) -> None:
    status = rpc_status.from_call(refused(wire, "refuse"))
    words = error_details_pb2.LocalizedMessage()
    assert status.details[2].Unpack(words)
    assert words.locale == "da"
    assert status.message.startswith("en:")  # the developers' own


def test_a_refusal_comes_back_as_our_error(wire: Wire) -> None:
    error = domain_error_from(refused(wire, "refuse"))
    assert (error.code, error.reason, error.metadata) == (
        Code.INVALID_ARGUMENT,
        "MUNICIPALITY_INVALID",
        {"limit": "80"},
    )
    assert [(v.field, v.reason) for v in error.violations] == [("display_name", "TOO_LONG")]
    foreign = domain_error_from(refused(wire, "abort"))
    assert (foreign.code, foreign.reason) == (Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")


@pytest.mark.parametrize("name", ["fail", "set-code-and-fail"])
def test_an_unknown_exception_tells_an_incident_and_nothing_else(
    wire: Wire, name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    error = refused(wire, name)
    assert error.code() is grpc.StatusCode.INTERNAL
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(error).details[0].Unpack(info)
    assert info.reason == "INTERNAL"
    incident = info.metadata["incident"]
    wait_until(lambda: wire.observed == [(METHOD, "INTERNAL")])
    captured = capsys.readouterr()
    logged = captured.out + captured.err + caplog.text
    assert incident in logged
    assert "GetMunicipality" in logged  # where it happened
    for text in (repr(error), logged, str(list(error.trailing_metadata()))):
        assert "Anna" not in text
        assert "Strandvejen" not in text


def test_codes_set_by_hand(wire: Wire) -> None:
    aborted = refused(wire, "abort")
    assert (aborted.code(), aborted.details()) == (grpc.StatusCode.OUT_OF_RANGE, "by hand")
    quiet = refused(wire, "set-code")
    assert (quiet.code(), quiet.details()) == (grpc.StatusCode.DATA_LOSS, "quietly")
    wait_until(lambda: wire.observed == [(METHOD, "OUT_OF_RANGE"), (METHOD, "DATA_LOSS")])


def test_a_method_nobody_wrote(wire: Wire) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        wire.stub.CreateMunicipality(pb.CreateMunicipalityRequest())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(caught.value).details[0].Unpack(info)  # type: ignore[arg-type]
    assert info.reason == "METHOD_UNIMPLEMENTED"


def test_a_method_that_is_not_there(wire: Wire) -> None:
    call = wire.channel.unary_unary("/borgerting.test.Nothing/Call", lambda _: b"", lambda _: None)
    with pytest.raises(grpc.RpcError) as caught:
        call(None)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_requests_that_cannot_be_read(wire: Wire) -> None:
    call = wire.channel.unary_unary(METHOD, lambda _: b"\xff\xff", pb.Municipality.FromString)
    with pytest.raises(grpc.RpcError) as caught:
        call(None)
    assert caught.value.code() is grpc.StatusCode.INTERNAL


def test_answers_of_the_wrong_type(wire: Wire) -> None:
    assert refused(wire, "wrong-type").code() is grpc.StatusCode.INTERNAL


def test_the_caller_and_the_correlation_id(wire: Wire) -> None:
    who = Caller(SECRETARY, "corr-1", "en")
    answer, call = wire.stub.GetMunicipality.with_call(
        pb.GetMunicipalityRequest(name="who"), metadata=call_metadata(who, "good")
    )
    assert (answer.name, answer.display_name, answer.time_zone) == ("staff-7", "en", "corr-1")
    assert ("x-correlation-id", "corr-1") in [tuple(pair) for pair in call.trailing_metadata()]


def test_a_correlation_id_is_made_and_a_harmful_one_replaced(wire: Wire) -> None:
    made = wire.get("who").time_zone
    assert len(made) == 32
    replaced = wire.get("who", metadata=(("x-correlation-id", "a b{}"),)).time_zone
    assert len(replaced) == 32
    assert replaced != made
    error = refused(wire, "refuse", metadata=(("x-correlation-id", "corr-2"),))
    assert ("x-correlation-id", "corr-2") in [tuple(pair) for pair in error.trailing_metadata()]


def test_nobody_calls_without_a_token_and_nobody_gets_in_with_a_bad_one(wire: Wire) -> None:
    assert wire.get("who").name == ""
    for value in ("Bearer bad", "Basic good", "Bearer ", "good"):
        error = refused(wire, "who", metadata=(("authorization", value),))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    twice = (("authorization", "Bearer good"), ("authorization", "Bearer bad"))
    assert refused(wire, "who", metadata=twice).code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_service_token_goes_with_every_call(wire: Wire) -> None:
    tokens = iter(["good", "bad"])
    served = Wire(wire.kind, with_service_token(wire.channel, lambda: next(tokens)), wire.servicer, [])
    assert served.get("who").name == "staff-7"
    assert refused(served, "who").code() is grpc.StatusCode.UNAUTHENTICATED
    assert served.get("who", metadata=(("authorization", "Bearer good"),)).name == "staff-7"


def test_deadlines(wire: Wire) -> None:
    # gRPC rounds a deadline up on its way.
    assert 5 < float(wire.get("deadline", timeout=10).display_name) < 11
    assert float(wire.get("deadline").display_name) > 1_000_000
    assert refused(wire, "slow", timeout=0.1).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert refused(wire, "x", timeout=-1).code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_metadata_both_ways(wire: Wire) -> None:
    _, call = wire.stub.GetMunicipality.with_call(pb.GetMunicipalityRequest(name="metadata"))
    assert ("x-first", "1") in [tuple(pair) for pair in call.initial_metadata()]
    assert ("x-last", "2") in [tuple(pair) for pair in call.trailing_metadata()]
    assert call.code() is grpc.StatusCode.OK


def test_messages_have_a_limit(wire: Wire) -> None:
    assert refused(wire, "a" * (SMALL_LIMIT + 1)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused(wire, "large").code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_futures(wire: Wire) -> None:
    good = wire.stub.GetMunicipality.future(pb.GetMunicipalityRequest(name="dragoer"))
    assert good.result(timeout=5).name == "dragoer"
    bad = wire.stub.GetMunicipality.future(pb.GetMunicipalityRequest(name="refuse"))
    with pytest.raises(grpc.RpcError):
        bad.result(timeout=5)
    assert bad.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert bad.done()


def test_callbacks_run_when_the_call_is_over(wire: Wire) -> None:
    wire.get("callback")
    wait_until(lambda: wire.servicer.seen[-1] == "over")


def test_a_stream(wire: Wire) -> None:
    call = wire.count("3")
    assert [m.name for m in call] == ["0", "1", "2"]
    assert call.code() is grpc.StatusCode.OK
    assert any(key == "x-correlation-id" for key, _ in call.trailing_metadata())
    wait_until(lambda: wire.observed == [("/borgerting.test.Counter/Count", "OK")])


@pytest.mark.parametrize(
    ("end", "code"), [("refuse", grpc.StatusCode.NOT_FOUND), ("fail", grpc.StatusCode.INTERNAL)]
)
def test_a_stream_that_ends_badly_gives_what_came_before(wire: Wire, end: str, code: grpc.StatusCode) -> None:
    call, got = wire.count(f"2 {end}"), list[str]()
    with pytest.raises(grpc.RpcError) as caught:
        got.extend(message.name for message in call)
    assert got == ["0", "1"]
    assert caught.value.code() is code
    assert "Anna" not in str(caught.value)


def test_a_stream_that_the_client_leaves(wire: Wire) -> None:
    call = wire.count("1000 slow")
    assert next(call).name == "0"
    call.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    wait_until(lambda: wire.observed == [("/borgerting.test.Counter/Count", "CANCELLED")])


def test_a_stream_that_takes_too_long(wire: Wire) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(wire.count("1000 slow", timeout=0.2))
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_calls_from_many_threads_do_not_mix(wire: Wire) -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        for _ in range(20):
            answer = wire.get("who", metadata=(("x-correlation-id", f"corr-{number}"),))
            if answer.time_zone != f"corr-{number}":
                wrong.append(answer.time_zone)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_neighbour_on_a_local_channel_is_known_unless_it_brings_a_token() -> None:
    servicer = Servicer()  # type: ignore[abstract]  # methods not written answer UNIMPLEMENTED
    registration = GrpcServiceRegistration(
        pb_grpc.add_MunicipalityServiceServicer_to_server, servicer, "borgerting.deliberation.v1.X"
    )
    server = LocalServer([registration], [CallInterceptor(OneToken(), describe)])
    ask = pb.GetMunicipalityRequest(name="who")
    neighbour = pb_grpc.MunicipalityServiceStub(server.channel("followup"))
    assert neighbour.GetMunicipality(ask).name == "service:followup"
    for_somebody = neighbour.GetMunicipality(ask, metadata=(("authorization", "Bearer good"),))
    assert for_somebody.name == "staff-7"
    with pytest.raises(grpc.RpcError) as caught:
        neighbour.GetMunicipality(ask, metadata=(("authorization", "Bearer bad"),))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    # What a client says of itself makes it nobody's neighbour.
    stranger = pb_grpc.MunicipalityServiceStub(server.channel())
    said = (("borgerting_service", "followup"), ("x-service", "followup"))
    assert stranger.GetMunicipality(ask, metadata=said).name == ""


def test_a_server_without_the_interceptor_has_no_caller() -> None:
    with pytest.raises(TypeError, match="interceptor"):
        caller(object())  # type: ignore[arg-type]
