"""Followup, asked over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import grpc

from borgerting.followup.v1 import promise_service_pb2 as pb
from borgerting.followup.v1 import promise_service_pb2_grpc as pb_grpc
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.rpc.client import call_metadata
from chassis.rpc.status import domain_error_from
from services.volunteer.app.ports import SoughtPromise

A = TypeVar("A")

MOST = 1000


class FollowupPromises:
    """The port `Promises` on followup's `PromiseService`.

    `open_channel` is called at the first question: where followup does not run, all else still works.
    `timeout` in seconds.
    """

    def __init__(self, open_channel: Callable[[], grpc.Channel], timeout: float) -> None:
        self._open_channel = open_channel
        self._timeout = timeout
        self._stub: pb_grpc.PromiseServiceStub | None = None

    def get(self, caller: Caller, name: str) -> SoughtPromise:
        return _sought(
            self._ask(
                lambda stub: stub.GetPromise(
                    pb.GetPromiseRequest(name=name), metadata=call_metadata(caller), timeout=self._timeout
                )
            )
        )

    def sought(self, caller: Caller, municipality: str) -> Sequence[SoughtPromise]:
        request = pb.ListPromisesRequest(
            parent=f"municipalities/{municipality}", page_size=MOST, volunteers_wanted=True
        )
        answer = self._ask(
            lambda stub: stub.ListPromises(request, metadata=call_metadata(caller), timeout=self._timeout)
        )
        return [_sought(promise) for promise in answer.promises if promise.volunteers_wanted > 0]

    def _ask(self, question: Callable[[pb_grpc.PromiseServiceStub], A]) -> A:
        try:
            if self._stub is None:
                self._stub = pb_grpc.PromiseServiceStub(self._open_channel())
            return question(self._stub)
        except grpc.RpcError as error:
            raise domain_error_from(error) from None
        except DomainError as error:
            if error.reason != "SERVICE_UNKNOWN":
                raise
            raise DomainError(Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE") from None


def _sought(promise: pb.Promise) -> SoughtPromise:
    return SoughtPromise(
        promise.name, promise.title, max(promise.volunteers_wanted, 0), promise.volunteers_task
    )
