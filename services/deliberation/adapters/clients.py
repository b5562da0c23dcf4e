"""Deliberation's neighbour: sortition, over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import grpc

from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting.sortition.v1 import selection_service_pb2_grpc as pb_grpc
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.log import get_logger
from chassis.rpc.client import call_metadata
from chassis.rpc.status import domain_error_from
from services.deliberation.app.assembly_ports import SelectionInfo

_log = get_logger("services.deliberation")

SECONDS = 5.0
"""How long an answer is waited for: somebody sits before a page."""


class GrpcSelections:
    """`channel` gives the channel to sortition; asked when it is first needed, so that deliberation starts
    without its neighbour.
    """

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel
        self._stub: pb_grpc.SelectionServiceStub | None = None

    def find(self, caller: Caller, municipality: str, selection: UUID) -> SelectionInfo | None:
        name = f"municipalities/{municipality}/selections/{selection}"
        try:
            if self._stub is None:
                self._stub = pb_grpc.SelectionServiceStub(self._channel())
            found = self._stub.GetSelection(
                pb.GetSelectionRequest(name=name), timeout=SECONDS, metadata=call_metadata(caller)
            )
        except grpc.RpcError as error:
            refused = domain_error_from(error)
            # MUNICIPALITY_UNKNOWN too: sortition has not heard of it yet, so it has no selection of it.
            if refused.code is Code.NOT_FOUND:
                return None
            raise self._away(refused.reason) from error
        except DomainError as error:
            raise self._away(error.reason) from error
        return SelectionInfo(found.title)

    def _away(self, reason: str) -> DomainError:
        _log.warning("sortition gave no answer", reason=reason)
        return DomainError(Code.UNAVAILABLE, "SORTITION_AWAY")
