"""A real gRPC server: one municipality's slow calls never take the last threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting.sortition.v1 import selection_service_pb2_grpc as pb_grpc
from chassis.auth.principal import Principal
from chassis.config import load_settings
from chassis.limits.allotments import Limits
from chassis.limits.calls import CallLimits
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.server import GrpcServiceRegistration, RpcServer

LONG = 60.0
NAME = "borgerting.sortition.v1.SelectionService"


class Nobody:
    def verify(self, token: str) -> Principal:
        raise AssertionError("nobody brings a token")


class Selections(pb_grpc.SelectionServiceServicer):
    """What is asked about `storby` is answered when it is told."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.at_work = 0
        self.most = 0
        self.begun = threading.Condition()

    def GetSelection(self, request: Any, context: Any) -> Any:
        if "/storby/" in request.name:
            with self.begun:
                self.at_work += 1
                self.most = max(self.most, self.at_work)
                self.begun.notify_all()
            self.go_on.wait(LONG)
            with self.begun:
                self.at_work -= 1
        return pb.Selection(name=request.name)


@contextmanager
def serving(selections: Selections, threads: int, **limits: str) -> Iterator[pb_grpc.SelectionServiceStub]:
    settings = load_settings(
        [], {f"BORGERTING_LIMITS__{name.upper()}": text for name, text in limits.items()}
    )
    made = Limits(settings)
    made.know(["storby", "lilleby"])
    calls = CallLimits(made, lambda method: "sortition" if NAME in method else "")
    interceptor = CallInterceptor(Nobody(), lambda reason, metadata, language: reason, limits=calls)
    registration = GrpcServiceRegistration(pb_grpc.add_SelectionServiceServicer_to_server, selections, NAME)
    server = RpcServer([registration], [interceptor], max_workers=threads)
    calls.aside = server.aside
    port = server.bind("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield pb_grpc.SelectionServiceStub(channel)
    finally:
        selections.go_on.set()
        server.stop(5)


def of(municipality: str) -> pb.GetSelectionRequest:
    return pb.GetSelectionRequest(name=f"municipalities/{municipality}/selections/1")


def test_slow_calls_of_one_municipality_leave_the_others_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.limits.calls.SLOT_SECONDS", LONG)
    selections = Selections()
    with serving(selections, threads=3, at_once="2") as stub:
        slow = [stub.GetSelection.future(of("storby"), timeout=LONG) for _ in range(8)]
        with selections.begun:
            assert selections.begun.wait_for(lambda: selections.at_work == 2, LONG)
        for _ in range(20):
            assert stub.GetSelection(of("lilleby"), timeout=LONG).name == of("lilleby").name
        assert not any(each.done() for each in slow)
        selections.go_on.set()
        # They were not refused either: each had its turn.
        assert {each.result(LONG).name for each in slow} == {of("storby").name}
        assert selections.most == 2


def test_a_flood_is_answered_at_its_rate_and_none_of_it_is_lost() -> None:
    selections = Selections()
    selections.go_on.set()
    with serving(selections, threads=2, reads="200", reads_burst="1") as stub:
        flood = [stub.GetSelection.future(of("storby"), timeout=LONG) for _ in range(12)]
        assert {each.result(LONG).name for each in flood} == {of("storby").name}


def test_who_floods_beyond_all_patience_is_refused_and_told_to_wait() -> None:
    selections = Selections()
    with serving(selections, threads=2, reads="0.001", reads_burst="2", at_once="8") as stub:
        selections.go_on.set()
        flood = [stub.GetSelection.future(of("storby"), timeout=LONG) for _ in range(40)]
        codes = [each.exception(LONG) for each in flood]
        refused = [error.code() for error in codes if error is not None]
        assert len(refused) == 38
        assert set(refused) == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert stub.GetSelection(of("lilleby"), timeout=LONG).name == of("lilleby").name


def test_a_caller_in_a_hurry_is_not_held_longer_than_it_waits() -> None:
    selections = Selections()
    selections.go_on.set()
    with serving(selections, threads=1, reads="0.001", reads_burst="1") as stub:
        stub.GetSelection(of("storby"), timeout=LONG)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetSelection(of("storby"), timeout=1.5)
        assert caught.value.code() in (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.StatusCode.DEADLINE_EXCEEDED,  # on a machine that is busier still
        )
