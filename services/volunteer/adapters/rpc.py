"""The volunteer portal over gRPC: each method of the services' descriptors is the desk's of the same name."""

from __future__ import annotations

from borgerting.volunteer.v1 import (
    person_service_pb2,
    person_service_pb2_grpc,
    sign_up_service_pb2,
    sign_up_service_pb2_grpc,
    task_service_pb2,
    task_service_pb2_grpc,
)
from chassis.rpc.desks import registration
from chassis.rpc.server import GrpcServiceRegistration
from services.volunteer.adapters.person_desk import PersonDesk
from services.volunteer.adapters.sign_up_desk import SignUpDesk
from services.volunteer.adapters.task_desk import TaskDesk


def registrations(tasks: TaskDesk, sign_ups: SignUpDesk, people: PersonDesk) -> list[GrpcServiceRegistration]:
    return [
        registration(
            task_service_pb2.DESCRIPTOR.services_by_name["TaskService"],
            task_service_pb2_grpc.add_TaskServiceServicer_to_server,
            tasks,
        ),
        registration(
            sign_up_service_pb2.DESCRIPTOR.services_by_name["SignUpService"],
            sign_up_service_pb2_grpc.add_SignUpServiceServicer_to_server,
            sign_ups,
        ),
        registration(
            person_service_pb2.DESCRIPTOR.services_by_name["PersonService"],
            person_service_pb2_grpc.add_PersonServiceServicer_to_server,
            people,
        ),
    ]
