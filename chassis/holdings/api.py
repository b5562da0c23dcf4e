"""A municipality's export over REST, a zip per service: `GET /{service}/api/v1/municipalities/{m}:export`.

For the municipality's own secretariat: there are people in it, and operators of the platform see no content.
A download, not a stream of messages: it is a file, of any size, and browsers, curl and archives know files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from chassis.aip.names import MUNICIPALITY
from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.db import Database
from chassis.holdings import Holdings
from chassis.holdings.export import export
from chassis.rest import api_caller

CallerOfApi = Annotated[Caller, Depends(api_caller)]
_CHUNK = 256 * 1024


def export_router(service: str, database: Database, holdings: Holdings) -> APIRouter:
    router = APIRouter(tags=["municipalities"])

    @router.get(
        "/municipalities/{municipality}:export",
        name="ExportMunicipality",
        summary="All that the service holds of a municipality, as a zip (its secretariat)",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    def export_municipality(caller: CallerOfApi, municipality: str) -> StreamingResponse:
        slug = MUNICIPALITY.parse(f"municipalities/{municipality}")["municipality"]
        authorise(caller.principal, slug, Role.SECRETARIAT)
        # By way of a file without a name: the store's snapshot is not held for as long as somebody downloads,
        # and what goes wrong is said before anything is sent.
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is sent
        try:
            export(database, service, holdings, slug, caller, file)
            size = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return StreamingResponse(
            _chunks(file),
            media_type="application/zip",
            headers={
                "content-length": str(size),
                "content-disposition": f'attachment; filename="{slug}-{service}.zip"',
                "cache-control": "no-store",
            },
        )

    return router


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
