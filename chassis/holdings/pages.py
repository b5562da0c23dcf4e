"""A municipality's export from a page's button, `POST /{service}/{m}/export`, and both ways into a service.

A form and not a link: each export is in the audit trail and takes work, so no other site's picture or link
may cause one. The registry's service shows the page with the buttons of all services.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from chassis.app import Service
from chassis.context import Caller
from chassis.holdings.api import export_router
from chassis.holdings.download import Downloads
from chassis.web import Posted, caller, posted

CallerOfPage = Annotated[Caller, Depends(caller)]
PostedForm = Annotated[Posted, Depends(posted)]


def export_pages(downloads: Downloads) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.post("/{municipality}/export")
    def export_municipality(who: CallerOfPage, municipality: str, form: PostedForm) -> StreamingResponse:
        return downloads.answer(municipality, who)

    return router


def with_export(service: Service, downloads: Downloads) -> None:
    """Before the service's own routes: to the registry's, `{municipality}` is whatever stands there."""
    if service.api is not None:
        api = export_router(downloads)
        api.include_router(service.api)
        service.api = api
    if service.pages is not None:
        service.pages.routes[:0] = export_pages(downloads).routes
