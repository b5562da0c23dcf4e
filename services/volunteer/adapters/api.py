"""The volunteer portal over REST, at `/volunteer/api/v1`: gRPC's methods by their HTTP annotations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from borgerting.volunteer.v1 import person_service_pb2 as person_pb
from borgerting.volunteer.v1 import sign_up_service_pb2, task_service_pb2
from chassis.context import Caller
from chassis.rest import IdempotencyKey, api_caller, request_id_of
from chassis.rpc.desks import snake
from chassis.transcoding.routes import add_routes
from services.volunteer.adapters.person_desk import PersonDesk
from services.volunteer.adapters.rest_examples import EXAMPLES
from services.volunteer.adapters.sign_up_desk import SignUpDesk
from services.volunteer.adapters.task_desk import TaskDesk

BASE = "/volunteer/api/v1"

CallerOfApi = Annotated[Caller, Depends(api_caller)]


def make_router(tasks: TaskDesk, sign_ups: SignUpDesk, people: PersonDesk) -> APIRouter:
    router = APIRouter()
    for service, desk in (
        (task_service_pb2.DESCRIPTOR.services_by_name["TaskService"], tasks),
        (sign_up_service_pb2.DESCRIPTOR.services_by_name["SignUpService"], sign_ups),
        (person_pb.DESCRIPTOR.services_by_name["PersonService"], people),
    ):
        answers = {m.name: getattr(desk, snake(m.name)) for m in service.methods if m.name != "DeletePerson"}
        add_routes(router, service, BASE, answers, EXAMPLES)

    @router.delete(
        "/municipalities/{municipality}/people/{person}",
        name="DeletePerson",
        tags=["PersonService"],
        summary="Delete person",
        status_code=204,
    )
    def delete_person(
        caller: CallerOfApi, municipality: str, person: str, idempotency_key: IdempotencyKey = None
    ) -> Response:
        name = f"municipalities/{municipality}/people/{person}"
        request_id = request_id_of(idempotency_key, None) or ""
        people.delete_person(caller, person_pb.DeletePersonRequest(name=name, request_id=request_id))
        return Response(status_code=204)

    return router
