"""Deliberation over REST, at `/deliberation/api/v1`: the same calls as gRPC's, by their HTTP annotations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field
from pydantic.alias_generators import to_snake

from borgerting.deliberation.v1 import assembly_service_pb2 as assembly_pb
from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis.context import Caller
from chassis.desk import Desk
from chassis.rest import (
    ApiModel,
    IdempotencyKey,
    IfMatch,
    api_caller,
    body_is,
    etag_of,
    request_id_of,
    site_of,
    with_etag,
)
from chassis.rpc.desks import snake
from chassis.transcoding.routes import Answer, add_routes
from services.deliberation.adapters.assembly_desk import AssemblyDesk
from services.deliberation.adapters.registry import Registry
from services.deliberation.adapters.report_desk import ReportDesk
from services.deliberation.adapters.rest_examples import EXAMPLES
from services.deliberation.adapters.wire import instant
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork

R = TypeVar("R")

BASE = "/deliberation/api/v1"

CallerOfApi = Annotated[Caller, Depends(api_caller)]
RequestId = Annotated[str | None, Query(alias="requestId", description="As the header Idempotency-Key.")]


class MunicipalityBody(ApiModel):
    """What a client may send.

    What only the service sets is accepted and passed over, so that an answer can be changed and sent back.
    """

    name: str = ""
    display_name: str = ""
    time_zone: str = ""
    languages: list[str] = Field(default_factory=list)
    state: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None
    etag: str = ""
    state_time: datetime | None = None
    purge_time: datetime | None = None


class MunicipalityAnswer(ApiModel):
    name: str
    display_name: str
    time_zone: str
    languages: list[str]
    state: str
    create_time: datetime
    update_time: datetime
    etag: str
    state_time: datetime
    purge_time: datetime | None = None


class ReasonBody(ApiModel):
    """Why an operator does it, for the audit trail: one line, no person's name."""

    name: str = ""
    reason: str = ""
    etag: str = ""


class MunicipalitiesAnswer(ApiModel):
    municipalities: list[MunicipalityAnswer]
    next_page_token: str


class SignInLinkBody(ApiModel):
    municipality: str = ""
    role: str
    subject: str = ""
    ttl_seconds: Annotated[int | None, Field(ge=0, le=10_000_000)] = None


class SignInLinkAnswer(ApiModel):
    name: str
    municipality: str
    role: str
    subject: str
    expire_time: datetime
    uri: str


def make_router(registry: Registry, assemblies: AssemblyDesk, reports: ReportDesk) -> APIRouter:
    """The registry's routes by hand, as they were; all others by the HTTP annotations of gRPC's methods."""
    router = APIRouter()
    router.include_router(_registry_router(registry))
    for service, desk in (
        (assembly_pb.DESCRIPTOR.services_by_name["AssemblyService"], assemblies),
        (report_pb.DESCRIPTOR.services_by_name["ReportService"], reports),
    ):
        answers = {method.name: _answer(desk, method.name) for method in service.methods}
        add_routes(router, service, BASE, answers, EXAMPLES)
    return router


def _answer(desk: Desk[AssemblyUnitOfWork], method: str) -> Answer:
    answer: Answer = getattr(desk, snake(method))
    return answer


def _registry_router(registry: Registry) -> APIRouter:
    router = APIRouter(tags=["municipalities"])

    @router.get("/municipalities", summary="The registry, page by page")
    def list_municipalities(
        caller: CallerOfApi,
        page_size: Annotated[int, Query(alias="pageSize", ge=-(2**31), lt=2**31)] = 0,
        page_token: Annotated[str, Query(alias="pageToken")] = "",
        show_deleted: Annotated[
            bool, Query(alias="showDeleted", description="Those as well that are removed.")
        ] = False,
    ) -> MunicipalitiesAnswer:
        request = pb.ListMunicipalitiesRequest(
            page_size=page_size, page_token=page_token, show_deleted=show_deleted
        )
        answer = registry.list(caller, request)
        return MunicipalitiesAnswer(
            municipalities=[municipality_answer(each) for each in answer.municipalities],
            next_page_token=answer.next_page_token,
        )

    @router.get("/municipalities/{municipality}", summary="One municipality")
    def get_municipality(caller: CallerOfApi, municipality: str, response: Response) -> MunicipalityAnswer:
        return answered(registry.get(caller, f"municipalities/{municipality}"), response)

    @router.post("/municipalities", status_code=201, summary="Enter a municipality (operators)")
    def create_municipality(
        caller: CallerOfApi,
        body: MunicipalityBody,
        response: Response,
        municipality_id: Annotated[str, Query(alias="municipalityId", description="The slug.")],
        request_id: RequestId = None,
        idempotency_key: IdempotencyKey = None,
    ) -> MunicipalityAnswer:
        request = pb.CreateMunicipalityRequest(
            municipality=municipality_message(body),
            municipality_id=municipality_id,
            request_id=request_id_of(idempotency_key, request_id) or "",
        )
        with body_is("municipality"):
            made = registry.create(caller, request)
        response.headers["Location"] = f"/deliberation/api/v1/{made.name}"
        return answered(made, response)

    @router.patch("/municipalities/{municipality}", summary="Change a municipality's particulars")
    def update_municipality(
        caller: CallerOfApi,
        municipality: str,
        body: MunicipalityBody,
        response: Response,
        update_mask: Annotated[
            str, Query(alias="updateMask", description="As `displayName,timeZone`; what is set, when empty.")
        ] = "",
        request_id: RequestId = None,
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> MunicipalityAnswer:
        message = municipality_message(body)
        message.name = f"municipalities/{municipality}"
        message.etag = etag_of(if_match, body.etag) or ""
        request = pb.UpdateMunicipalityRequest(
            municipality=message,
            update_mask=FieldMask(paths=[to_snake(path) for path in update_mask.split(",") if path]),
            request_id=request_id_of(idempotency_key, request_id) or "",
        )
        with body_is("municipality"):
            return answered(registry.update(caller, request), response)

    def act(ask: Callable[..., R], carry_out: Callable[[Caller, R], pb.Municipality]) -> Callable[..., Any]:
        """An act of operators that takes a reason and nothing else."""

        def route(
            caller: CallerOfApi,
            municipality: str,
            body: ReasonBody,
            response: Response,
            request_id: RequestId = None,
            idempotency_key: IdempotencyKey = None,
            if_match: IfMatch = None,
        ) -> MunicipalityAnswer:
            request = ask(
                name=f"municipalities/{municipality}",
                reason=body.reason,
                etag=etag_of(if_match, body.etag) or "",
                request_id=request_id_of(idempotency_key, request_id) or "",
            )
            return answered(carry_out(caller, request), response)

        return route

    for name, summary, route in (
        (
            "suspend",
            "Hold a municipality still (operators)",
            act(pb.SuspendMunicipalityRequest, registry.suspend),
        ),
        (
            "undelete",
            "Have a removed one back (operators)",
            act(pb.UndeleteMunicipalityRequest, registry.undelete),
        ),
        (
            "resume",
            "Serve a municipality again (operators)",
            act(pb.ResumeMunicipalityRequest, registry.resume),
        ),
    ):
        path = f"/municipalities/{{municipality}}:{name}"
        router.post(path, summary=summary, name=f"{name}_municipality")(route)

    @router.delete("/municipalities/{municipality}", summary="Remove a municipality (operators)")
    def delete_municipality(
        caller: CallerOfApi,
        municipality: str,
        response: Response,
        confirmation: Annotated[str, Query(description="The slug once more.")] = "",
        reason: Annotated[str, Query(description="Why, for the audit trail.")] = "",
        without_export: Annotated[bool, Query(alias="withoutExport")] = False,
        request_id: RequestId = None,
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> MunicipalityAnswer:
        request = pb.DeleteMunicipalityRequest(
            name=f"municipalities/{municipality}",
            confirmation=confirmation,
            reason=reason,
            without_export=without_export,
            etag=etag_of(if_match, None) or "",
            request_id=request_id_of(idempotency_key, request_id) or "",
        )
        return answered(registry.delete(caller, request), response)

    @router.post("/signInLinks", status_code=201, summary="Make a link that signs in once")
    def create_sign_in_link(
        caller: CallerOfApi,
        body: SignInLinkBody,
        http: Request,
        request_id: RequestId = None,
        idempotency_key: IdempotencyKey = None,
    ) -> SignInLinkAnswer:
        ttl = None if body.ttl_seconds is None else Duration(seconds=body.ttl_seconds)
        request = link_pb.CreateSignInLinkRequest(
            sign_in_link=link_pb.SignInLink(
                municipality=body.municipality, role=body.role, subject=body.subject, ttl=ttl
            ),
            request_id=request_id_of(idempotency_key, request_id) or "",
        )
        with body_is("sign_in_link"):
            made = registry.create_link(caller, request, site_of(http))
        return SignInLinkAnswer(
            name=made.name,
            municipality=made.municipality,
            role=made.role,
            subject=made.subject,
            expire_time=instant(made.expire_time),
            uri=made.uri,
        )

    return router


def municipality_message(body: MunicipalityBody) -> pb.Municipality:
    return pb.Municipality(
        display_name=body.display_name, time_zone=body.time_zone, languages=body.languages, etag=body.etag
    )


def municipality_answer(message: pb.Municipality) -> MunicipalityAnswer:
    return MunicipalityAnswer(
        name=message.name,
        display_name=message.display_name,
        time_zone=message.time_zone,
        languages=list(message.languages),
        state=pb.Municipality.State.Name(message.state).removeprefix("STATE_"),
        create_time=instant(message.create_time),
        update_time=instant(message.update_time),
        etag=message.etag,
        state_time=instant(message.state_time),
        purge_time=instant(message.purge_time) if message.HasField("purge_time") else None,
    )


def answered(message: pb.Municipality, response: Response) -> MunicipalityAnswer:
    with_etag(response, message.etag)
    return municipality_answer(message)
