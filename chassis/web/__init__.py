"""Pages: one shell for all services, forms, components, charts, words and static files."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from chassis.web.forms import Form, FormError, Posted, asked, form_of, invalid, posted
from chassis.web.headers import SecurityHeaders
from chassis.web.render import Crumb, is_fragment, redirect, render
from chassis.web.site import HeaderMunicipality, Room, Site, caller, site_of

__all__ = [
    "Crumb",
    "Form",
    "FormError",
    "HeaderMunicipality",
    "Posted",
    "Room",
    "SecurityHeaders",
    "Site",
    "asked",
    "caller",
    "form_of",
    "install",
    "invalid",
    "is_fragment",
    "posted",
    "redirect",
    "render",
    "site_of",
]


def install(app: FastAPI, site: Site, *, https: bool = False) -> None:
    """Give the app its pages' ground: security headers, static files of every room, and the site itself.

    The app's own exception handlers call `chassis.web.errors` for paths that are no API's.
    """
    app.state.site = site
    app.add_middleware(SecurityHeaders, https=https)

    def static(request: Request, digest: str, path: str) -> Response:
        return site.static.respond(request, digest, path)

    for room in site.rooms:
        app.add_api_route(
            f"/{room.name}/static/{{digest}}/{{path:path}}",
            static,
            methods=["GET", "HEAD"],
            include_in_schema=False,
            name=f"static-{room.name}",
        )
