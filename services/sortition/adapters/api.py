"""Sortition over REST, at `/sortition/api/v1`: gRPC's methods by their HTTP annotations.

Files are the exception: they come as they are (or as a form's upload), and leave as they are.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from borgerting.sortition.v1 import draw_service_pb2 as draw_pb
from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.context import Caller
from chassis.desk import Desk
from chassis.rest import IdempotencyKey, IfMatch, api_caller, etag_of, request_id_of
from chassis.rpc.desks import snake
from chassis.transcoding.routes import Answer, add_routes, respond
from services.sortition.adapters.draw_desk import DrawDesk
from services.sortition.adapters.rest_examples import EXAMPLES
from services.sortition.adapters.selection_desk import SelectionDesk
from services.sortition.app.ports import UnitOfWork

BASE = "/sortition/api/v1"
_SELECTION = "/municipalities/{municipality}/selections/{selection}"
_FILES = {"ImportTargets", "ImportPool", "GetPoolImportCorrections", "GetDrawFile", "DeletePerson"}

CallerOfApi = Annotated[Caller, Depends(api_caller)]
_SPREADSHEET: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "id,gender\n1,female\n"},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


def make_router(selections: SelectionDesk, draws: DrawDesk) -> APIRouter:
    router = APIRouter()
    for service, desk in (
        (pb.DESCRIPTOR.services_by_name["SelectionService"], selections),
        (draw_pb.DESCRIPTOR.services_by_name["DrawService"], draws),
    ):
        answers = {m.name: _answer(desk, m.name) for m in service.methods if m.name not in _FILES}
        add_routes(router, service, BASE, answers, EXAMPLES)
    _add_files(router, selections, draws)
    return router


def _answer(desk: Desk[UnitOfWork], method: str) -> Answer:
    answer: Answer = getattr(desk, snake(method))
    return answer


async def _upload(request: Request) -> bytes:
    """A form's field `file`, or the whole body."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form() as form:
            file = form.get("file")
            return await file.read() if file is not None and not isinstance(file, str) else b""
    return await request.body()


Upload = Annotated[bytes, Depends(_upload)]


def _add_files(router: APIRouter, selections: SelectionDesk, draws: DrawDesk) -> None:
    @router.post(
        f"{_SELECTION}:importTargets",
        name="ImportTargets",
        tags=["SelectionService"],
        openapi_extra=_SPREADSHEET,
        summary="Import targets",
    )
    def import_targets(
        caller: CallerOfApi,
        municipality: str,
        selection: str,
        content: Upload,
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Response:
        request = pb.ImportTargetsRequest(
            name=f"municipalities/{municipality}/selections/{selection}",
            file=content,
            etag=etag_of(if_match, None) or "",
            request_id=request_id_of(idempotency_key, None) or "",
        )
        return respond(selections.import_targets(caller, request), BASE)

    @router.post(
        f"{_SELECTION}:importPool",
        name="ImportPool",
        tags=["SelectionService"],
        openapi_extra=_SPREADSHEET,
        summary="Import pool",
    )
    def import_pool(
        caller: CallerOfApi,
        municipality: str,
        selection: str,
        content: Upload,
        id_column: Annotated[str, Query(alias="idColumn")] = "",
        address_columns: Annotated[list[str] | None, Query(alias="addressColumns")] = None,
        contact_columns: Annotated[list[str] | None, Query(alias="contactColumns")] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        request = pb.ImportPoolRequest(
            name=f"municipalities/{municipality}/selections/{selection}",
            file=content,
            id_column=id_column,
            address_columns=_columns(address_columns),
            contact_columns=_columns(contact_columns),
            request_id=request_id_of(idempotency_key, None) or "",
        )
        return respond(selections.import_pool(caller, request), BASE)

    @router.get(
        f"{_SELECTION}/poolImport/corrections",
        name="GetPoolImportCorrections",
        tags=["SelectionService"],
        summary="Get pool import corrections",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": "The file, with what is wrong"}},
    )
    def corrections(caller: CallerOfApi, municipality: str, selection: str) -> Response:
        request = pb.GetPoolImportCorrectionsRequest(
            name=f"municipalities/{municipality}/selections/{selection}"
        )
        file = selections.get_pool_import_corrections(caller, request).file
        return download(file, "text/csv; charset=utf-8", "corrections.csv")

    @router.delete(
        f"{_SELECTION}/people/{{person}}",
        name="DeletePerson",
        tags=["SelectionService"],
        summary="Delete person",
        status_code=204,
    )
    def delete_person(
        caller: CallerOfApi,
        municipality: str,
        selection: str,
        person: str,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        name = f"municipalities/{municipality}/selections/{selection}/people/{person}"
        request_id = request_id_of(idempotency_key, None) or ""
        selections.delete_person(caller, pb.DeletePersonRequest(name=name, request_id=request_id))
        return Response(status_code=204)

    @router.get(
        f"{_SELECTION}/draws/{{draw}}/files/{{file}}",
        name="GetDrawFile",
        tags=["DrawService"],
        summary="Get draw file",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The file's own bytes"}},
    )
    def draw_file(caller: CallerOfApi, municipality: str, selection: str, draw: str, file: str) -> Response:
        name = f"municipalities/{municipality}/selections/{selection}/draws/{draw}/files/{file}"
        found = draws.get_draw_file(caller, draw_pb.GetDrawFileRequest(name=name))
        response = download(found.content, found.info.media_type, found.info.filename)
        response.headers["ETag"] = f'"{found.info.sha256}"'
        return response


def download(content: bytes, media_type: str, filename: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


def _columns(given: list[str] | None) -> list[str]:
    return [name.strip() for part in given or () for name in part.split(",") if name.strip()]
