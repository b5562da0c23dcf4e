"""A followup that answers as told: its gRPC surface is the contract's, its promises are made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from borgerting.followup.v1 import promise_service_pb2 as pb
from borgerting.followup.v1 import promise_service_pb2_grpc as pb_grpc
from borgerting.followup.v1.events_pb2 import VolunteersSought
from chassis.app import BuildContext, Descriptor, Service
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.rpc.server import GrpcServiceRegistration


@dataclass
class Followup:
    promises: dict[str, pb.Promise] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)
    database: Database | None = None

    def promise(
        self,
        title: str,
        wanted: int,
        *,
        municipality: str = "hjemby",
        task: str = "",
        identity: UUID | None = None,
    ) -> str:
        """Keep a promise, and tell of it where the suite runs; its name."""
        name = f"municipalities/{municipality}/promises/{identity or uuid4()}"
        self.promises[name] = pb.Promise(
            name=name, title=title, volunteers_wanted=wanted, volunteers_task=task
        )
        if self.database is not None:
            with self.database.writing(municipality) as transaction:
                aggregate = name.split("/", 2)[2]
                transaction.outbox.add("followup", aggregate, VolunteersSought(promise=name, wanted=wanted))
        return name

    def descriptor(self) -> Descriptor:
        def build(context: BuildContext) -> Service:
            self.database = context.database
            registration = GrpcServiceRegistration(
                pb_grpc.add_PromiseServiceServicer_to_server,
                Servicer(self),
                pb.DESCRIPTOR.services_by_name["PromiseService"].full_name,
                frozenset({"volunteer"}),
            )
            return Service(name="followup", grpc_services=[registration])

        return Descriptor("followup", build, "tests.component.chassis.toyservice.migrations", number=9)


class Servicer(pb_grpc.PromiseServiceServicer):
    def __init__(self, followup: Followup) -> None:
        self._followup = followup

    def GetPromise(self, request: pb.GetPromiseRequest, context: Any) -> pb.Promise:
        self._come(request.name)
        found = self._followup.promises.get(request.name)
        if found is None:
            raise DomainError(Code.NOT_FOUND, "PROMISE_UNKNOWN")
        return found

    def ListPromises(self, request: pb.ListPromisesRequest, context: Any) -> pb.ListPromisesResponse:
        self._come(request.parent)
        return pb.ListPromisesResponse(
            promises=[
                promise
                for name, promise in self._followup.promises.items()
                if name.startswith(f"{request.parent}/")
                and (promise.volunteers_wanted or not request.volunteers_wanted)
            ]
        )

    def _come(self, about: str) -> None:
        self._followup.asked.append(about)
        if self._followup.away:
            raise DomainError(Code.UNAVAILABLE, "STORE_BUSY")
