"""Follow-up over gRPC: each method of the service's descriptor is the desk's method of the same name."""

from __future__ import annotations

from borgerting.followup.v1 import promise_service_pb2, promise_service_pb2_grpc
from chassis.rpc.desks import registration
from chassis.rpc.server import GrpcServiceRegistration
from services.followup.adapters.promise_desk import PromiseDesk


def registrations(promises: PromiseDesk, neighbours: frozenset[str]) -> list[GrpcServiceRegistration]:
    """`neighbours` are the services that may call as themselves."""
    return [
        registration(
            promise_service_pb2.DESCRIPTOR.services_by_name["PromiseService"],
            promise_service_pb2_grpc.add_PromiseServiceServicer_to_server,
            promises,
            neighbours,
        )
    ]
