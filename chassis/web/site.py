"""What the pages of one process share: templates, words, static files, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import jinja2
from starlette.requests import Request

from chassis.auth.principal import NOBODY, Principal
from chassis.context import Caller, correlation_id_from
from chassis.text import CHASSIS_PACKAGE, DEFAULT_LANGUAGE, LANGUAGES, Catalogue, catalogues
from chassis.web.static_files import StaticFiles

LANGUAGE_COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Room:
    """A service's part of the site: its first path segment, the package of its templates and words."""

    name: str
    package: str


@dataclass(frozen=True, slots=True)
class HeaderMunicipality:
    """The municipality a page is about, as the header shows it; its zone is the page's zone."""

    slug: str
    display_name: str
    time_zone: str = "Europe/Copenhagen"
    active: bool = True
    """Whether it may be changed now; else every page says that it is suspended."""


def _nobody(request: Request) -> Principal:
    return NOBODY


def _no_token(request: Request) -> str:
    return ""


def _no_check(request: Request, token: str) -> None:
    return None


class Site:
    """Built once by the app, kept at `app.state.site`.

    `services` names every service whose pages the site has, in this process or another; those of `rooms`
    when it is left out. `identify` says who sent a page request; `csrf_token` gives the token for this
    visitor's forms, and `check_csrf` raises DomainError for a form that did not come from our own page.
    """

    def __init__(
        self,
        rooms: Sequence[Room] = (),
        *,
        identify: Callable[[Request], Principal] = _nobody,
        csrf_token: Callable[[Request], str] = _no_token,
        check_csrf: Callable[[Request, str], None] = _no_check,
        home: str = "/",
        services: Sequence[str] = (),
    ) -> None:
        self.rooms = tuple(rooms)
        self.services = tuple(services) or tuple(room.name for room in rooms)
        self.identify = identify
        self.csrf_token = csrf_token
        self.check_csrf = check_csrf
        self.home = home
        packages = (CHASSIS_PACKAGE, *(room.package for room in rooms))
        self.catalogues: Mapping[str, Catalogue] = catalogues(packages)
        self.static = StaticFiles([resources.files(package) / "static" for package in packages])
        self.templates = jinja2.Environment(
            loader=jinja2.DictLoader(_sources(packages)),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.do"],
        )

    def room_of(self, request: Request) -> str:
        """The service whose page this is, from the path's first segment; the first room for `/`."""
        segment = request.url.path.split("/", 2)[1]
        names = [room.name for room in self.rooms]
        return segment if segment in names or not names else names[0]

    def language(self, request: Request) -> str:
        """What the address asks for (`?language=en`), else what was chosen before, else Danish."""
        asked = request.query_params.get("language", "")
        if asked in LANGUAGES:
            return asked
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        return chosen if chosen in LANGUAGES else DEFAULT_LANGUAGE


def _sources(packages: Sequence[str]) -> dict[str, str]:
    """Every template of the packages, by name. Read at start: a running process never meets newer ones."""
    found: dict[str, str] = {}

    def read(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                read(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".html"):
                found.setdefault(prefix + entry.name, entry.read_text(encoding="utf-8"))

    for package in packages:
        root = resources.files(package) / "templates"
        if root.is_dir():
            read(root, "")
    return found


def site_of(request: Request) -> Site:
    site: Any = request.app.state.site
    if not isinstance(site, Site):
        raise TypeError("the app has no site: call chassis.web.install first")
    return site


def caller(request: Request) -> Caller:
    """Who asks for a page (FastAPI dependency): session, language, correlation id. Kept for the request."""
    known = getattr(request.state, "caller", None)
    if isinstance(known, Caller):
        return known
    site = site_of(request)
    correlation_id = getattr(request.state, "correlation_id", None)
    made = Caller(
        site.identify(request),
        correlation_id or correlation_id_from(request.headers.get("x-correlation-id")),
        site.language(request),
    )
    request.state.caller = made
    return made
