"""Follow-up over REST, at `/followup/api/v1`: gRPC's methods by their HTTP annotations."""

from __future__ import annotations

from fastapi import APIRouter

from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis.rpc.desks import snake
from chassis.transcoding.routes import add_routes
from services.followup.adapters.promise_desk import PromiseDesk
from services.followup.adapters.rest_examples import EXAMPLES

BASE = "/followup/api/v1"


def make_router(promises: PromiseDesk) -> APIRouter:
    router = APIRouter()
    service = pb.DESCRIPTOR.services_by_name["PromiseService"]
    answers = {method.name: getattr(promises, snake(method.name)) for method in service.methods}
    add_routes(router, service, BASE, answers, EXAMPLES)
    return router
