"""From a template and data to an answer, with what every page has: words, formats, shell, cache rules."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jinja2
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chassis.limits.precedence import give_way, is_behind
from chassis.text import DEFAULT_LANGUAGE, LANGUAGES
from chassis.web.formats import Formats
from chassis.web.forms import CSRF_FIELD, Form
from chassis.web.site import LANGUAGE_COOKIE, HeaderMunicipality, caller, site_of

Crumb = tuple[str, str | None]

_PIECES = 32
"""Of a template at a time: some tenths of a millisecond."""


@functools.lru_cache(maxsize=64)
def formats(language: str, zone: str) -> Formats:
    return Formats(language, zone)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks, for a part of the page only."""
    return request.headers.get("hx-request") == "true"


def context(
    request: Request,
    municipality: HeaderMunicipality | None = None,
    language: str | None = None,
    address: str | None = None,
) -> dict[str, Any]:
    """What each template may use beside its own data. `address`: where a GET shows this page."""
    site, who = site_of(request), caller(request)
    spoken = language or who.language
    catalogue = site.catalogues.get(spoken, site.catalogues[DEFAULT_LANGUAGE])
    room = site.room_of(request)
    zone = municipality.time_zone if municipality else "Europe/Copenhagen"
    shown_at = URL(address) if address else request.url.replace(scheme="", netloc="")
    return {
        "t": catalogue.markup,
        "tn": catalogue.plural_markup,
        "f": formats(spoken, zone),
        "language": spoken,
        "languages": [(code, str(shown_at.include_query_params(language=code))) for code in LANGUAGES],
        "caller": who,
        "municipality": municipality,
        "home": site.home,
        "room": room,
        "site_services": site.services,
        "static": functools.partial(site.static.address, room),
        "csrf_field": CSRF_FIELD,
        "csrf_token": functools.partial(site.csrf_token, request),
        "form": Form(),
        "crumbs": (),
        "refresh_seconds": None,
        "changed": None,
    }


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    municipality: HeaderMunicipality | None = None,
    crumbs: Sequence[Crumb] = (),
    public: bool = False,
    address: str | None = None,
    **data: Any,
) -> HTMLResponse:
    """The page. `public` lets caches keep it shortly when nobody is signed in; all else is never stored.

    `crumbs` are (words, address) from the front page down; the last has no address. `address` is where a
    GET shows this page, for one that answers a form sent elsewhere: the other language is asked for there.
    """
    site, who = site_of(request), caller(request)
    values = context(request, municipality, address=address) | {"crumbs": tuple(crumbs)} | data
    body = _written(site.templates.get_template(template), values)
    answer = HTMLResponse(body, status_code=status)
    keep = public and status == 200 and not who.principal.signed_in
    answer.headers["Cache-Control"] = "public, max-age=10, must-revalidate" if keep else "no-store"
    answer.headers["Vary"] = "Cookie, HX-Request"
    answer.headers["Content-Language"] = who.language
    asked = request.query_params.get("language", "")
    if asked in LANGUAGES and asked != request.cookies.get(LANGUAGE_COOKIE):
        # Only someone who chose a language gets this cookie; it holds nothing else.
        answer.set_cookie(
            LANGUAGE_COOKIE, asked, max_age=31_536_000, samesite="lax", httponly=True, secure=_secure(request)
        )
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _written(template: jinja2.Template, values: dict[str, Any]) -> str:
    """What Template.render gives; of who has asked much in pieces, between which others go first."""
    if not is_behind():
        return template.render(values)
    pieces = []
    for number, piece in enumerate(template.generate(values)):
        if not number % _PIECES:
            give_way()
        pieces.append(piece)
    return "".join(pieces)


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def redirect(request: Request, address: str) -> Response:
    """After a form was done: look at the result (303), so that a reload does nothing twice."""
    if is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
