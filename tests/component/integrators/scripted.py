"""A server whose answers a test writes: real gRPC, real refusals, and what each call brought."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting.sortition.v1 import selection_service_pb2_grpc as pb_grpc
from chassis.auth.principal import NOBODY, Principal
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.server import GrpcServiceRegistration, RpcServer
from chassis.words import reason_itself

NAME = "borgerting.sortition.v1.SelectionService"
Step = Callable[[Any, grpc.ServicerContext], Message]


class Anyone:
    def verify(self, token: str) -> Principal:
        return NOBODY


class Scripted(pb_grpc.SelectionServiceServicer):
    """Each call takes the next of `steps`, and without one is answered well.

    `requests`, `metadata` and `times` (seconds that the caller gave) are of every call.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.requests: list[Any] = []
        self.metadata: list[dict[str, Any]] = []
        self.times: list[float] = []

    def _take(self, request: Any, context: grpc.ServicerContext, otherwise: Step) -> Any:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        self.times.append(context.time_remaining())
        return (self.steps.pop(0) if self.steps else otherwise)(request, context)

    def CreateSelection(self, request: Any, context: grpc.ServicerContext) -> pb.Selection:
        made: pb.Selection = self._take(request, context, lambda asked, _: asked.selection)
        return made

    def GetSelection(self, request: Any, context: grpc.ServicerContext) -> pb.Selection:
        found: pb.Selection = self._take(request, context, lambda asked, _: pb.Selection(name=asked.name))
        return found

    def ListSelections(self, request: Any, context: grpc.ServicerContext) -> pb.ListSelectionsResponse:
        """Pages of one, as many as the parent says."""

        def page(asked: Any, _: grpc.ServicerContext) -> pb.ListSelectionsResponse:
            at = int(asked.page_token or "0")
            left = at + 1 < int(asked.parent)
            return pb.ListSelectionsResponse(
                selections=[pb.Selection(size=at)], next_page_token=str(at + 1) if left else ""
            )

        found: pb.ListSelectionsResponse = self._take(request, context, page)
        return found


def refusing(code: grpc.StatusCode, *details: Message) -> Step:
    """As a server refuses that is not ours, with these details."""

    def step(_: Any, context: grpc.ServicerContext) -> Message:
        status = status_pb2.Status(code=code.value[0], message="no")
        for detail in details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        context.abort_with_status(rpc_status.to_status(status))

    return step


class Garbled(grpc.Status):
    """With details that are none."""

    code = grpc.StatusCode.INTERNAL
    details = "words"
    trailing_metadata = (("grpc-status-details-bin", b"\xff\xff"),)


def garbling(_: Any, context: grpc.ServicerContext) -> Message:
    context.abort_with_status(Garbled())


def raising(error: Exception) -> Step:
    """As a service of the suite refuses."""

    def step(_: Any, context: grpc.ServicerContext) -> Message:
        raise error

    return step


def wait(seconds: float) -> error_details_pb2.RetryInfo:
    delay = Duration()
    delay.FromNanoseconds(int(seconds * 1e9))
    return error_details_pb2.RetryInfo(retry_delay=delay)


@contextmanager
def serving(scripted: Scripted, credentials: grpc.ServerCredentials | None = None) -> Iterator[str]:
    """Its address."""
    registration = GrpcServiceRegistration(pb_grpc.add_SelectionServiceServicer_to_server, scripted, NAME)
    server = RpcServer([registration], [CallInterceptor(Anyone(), reason_itself)], max_workers=4)
    port = server.bind("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0)
