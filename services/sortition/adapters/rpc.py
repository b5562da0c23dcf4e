"""Sortition over gRPC: each method of the services' descriptors is the desk's method of the same name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import grpc

from borgerting.sortition.v1 import (
    draw_service_pb2,
    draw_service_pb2_grpc,
    selection_service_pb2,
    selection_service_pb2_grpc,
)
from chassis.rpc.context import caller
from chassis.rpc.server import GrpcServiceRegistration
from services.sortition.adapters.desk import Desk
from services.sortition.adapters.draw_desk import DrawDesk
from services.sortition.adapters.selection_desk import SelectionDesk

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def snake(method: str) -> str:
    """`CreateDraw` is `create_draw`."""
    return _WORD.sub("_", method).lower()


class Servicer:
    """A servicer whose methods are the desk's. Raises AttributeError when the desk lacks one."""

    def __init__(self, service: Any, desk: Desk) -> None:
        for method in service.methods:
            setattr(self, method.name, _handler(getattr(desk, snake(method.name))))


def _handler(answer: Callable[[Any, Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        return answer(caller(context), request)

    return handle


def registrations(selections: SelectionDesk, draws: DrawDesk) -> list[GrpcServiceRegistration]:
    selection_service = selection_service_pb2.DESCRIPTOR.services_by_name["SelectionService"]
    draw_service = draw_service_pb2.DESCRIPTOR.services_by_name["DrawService"]
    return [
        GrpcServiceRegistration(
            selection_service_pb2_grpc.add_SelectionServiceServicer_to_server,
            Servicer(selection_service, selections),
            selection_service.full_name,
        ),
        GrpcServiceRegistration(
            draw_service_pb2_grpc.add_DrawServiceServicer_to_server,
            Servicer(draw_service, draws),
            draw_service.full_name,
        ),
    ]
