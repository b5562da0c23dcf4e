"""Sortition over gRPC: each method of the services' descriptors is the desk's method of the same name."""

from __future__ import annotations

from borgerting.sortition.v1 import (
    draw_service_pb2,
    draw_service_pb2_grpc,
    selection_service_pb2,
    selection_service_pb2_grpc,
)
from chassis.rpc.desks import registration
from chassis.rpc.server import GrpcServiceRegistration
from services.sortition.adapters.draw_desk import DrawDesk
from services.sortition.adapters.selection_desk import SelectionDesk


def registrations(
    selections: SelectionDesk, draws: DrawDesk, neighbours: frozenset[str]
) -> list[GrpcServiceRegistration]:
    """`neighbours` are the services that may call both as themselves."""
    return [
        registration(
            selection_service_pb2.DESCRIPTOR.services_by_name["SelectionService"],
            selection_service_pb2_grpc.add_SelectionServiceServicer_to_server,
            selections,
            neighbours,
        ),
        registration(
            draw_service_pb2.DESCRIPTOR.services_by_name["DrawService"],
            draw_service_pb2_grpc.add_DrawServiceServicer_to_server,
            draws,
            neighbours,
        ),
    ]
