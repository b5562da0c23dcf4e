"""Pages for what went wrong: plain words, no machinery. Unknown failures show an incident id and no more."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from chassis.errors import Code, DomainError
from chassis.rest import retry_after
from chassis.text import DEFAULT_LANGUAGE
from chassis.web.render import render
from chassis.web.site import caller, site_of


def refusal(request: Request, error: DomainError) -> Response:
    """The page of a refusal that no form shows: sign in, not yours, not found, or the catalogue's words."""
    status = error.code.http_status
    kind = "busy" if error.retry_after is not None else ""
    kind = kind or {
        Code.UNAUTHENTICATED: "sign_in",
        Code.PERMISSION_DENIED: "forbidden",
        Code.NOT_FOUND: "not_found",
    }.get(error.code, "refused")
    if error.reason == "MUNICIPALITY_SUSPENDED":
        kind = "suspended"
    catalogue = site_of(request).catalogues[caller(request).language]
    texts = [catalogue.error(violation.reason, violation.metadata) for violation in error.violations]
    if not texts:
        texts = [catalogue.error(error.reason, error.metadata)]
    # After a sign-in they come back to the page they wanted.
    here = str(request.url.replace(scheme="", netloc="")) if request.method == "GET" else ""
    page = render(request, "web/error.html", status=status, kind=kind, texts=texts, incident="", here=here)
    page.headers.update(retry_after(error))
    return page


def not_found(request: Request) -> Response:
    return render(request, "web/error.html", status=404, kind="not_found", texts=[], incident="")


def of_status(request: Request, status: int) -> Response:
    """The page for an HTTP status that the framework itself gave (405, 413, 422, …)."""
    if status == 404:
        return not_found(request)
    return render(request, "web/error.html", status=status, kind="refused", texts=[], incident="")


def failure(request: Request, incident: str) -> Response:
    """Our fault. `incident` is the id that the log has too."""
    return render(request, "web/error.html", status=500, kind="failure", texts=[], incident=incident)


def last_resort(incident: str) -> Response:
    """When even the page shell fails: words without a template."""
    text = (
        f"<!doctype html><html lang={DEFAULT_LANGUAGE}><title>Fejl</title><h1>Noget gik galt</h1>{incident}"
    )
    return Response(text, status_code=500, media_type="text/html")
