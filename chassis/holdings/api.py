"""A municipality's export over REST, a zip per service: `GET /{service}/api/v1/municipalities/{m}:export`.

A download, not a stream of messages: it is a file, of any size, and browsers, curl and archives know files.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from chassis.context import Caller
from chassis.holdings.download import Downloads
from chassis.rest import api_caller

CallerOfApi = Annotated[Caller, Depends(api_caller)]


def export_router(downloads: Downloads) -> APIRouter:
    router = APIRouter(tags=["municipalities"])

    @router.get(
        "/municipalities/{municipality}:export",
        name="ExportMunicipality",
        summary="All that the service holds of a municipality, as a zip (its secretariat)",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    def export_municipality(caller: CallerOfApi, municipality: str) -> StreamingResponse:
        return downloads.answer(municipality, caller)

    return router
