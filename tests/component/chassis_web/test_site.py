"""The page shell on a real application: headers, static files, languages, forms and error pages."""

from __future__ import annotations

import asyncio
import gzip
import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response

from chassis.auth.principal import NOBODY, Principal, Role
from chassis.errors import Code, DomainError, FieldViolation
from chassis.limits.precedence import Behind, Precedence
from chassis.web import (
    HeaderMunicipality,
    Posted,
    Room,
    Site,
    asked,
    caller,
    errors,
    install,
    posted,
    redirect,
    render,
    site_of,
)
from chassis.web.static_files import FOR_EVER, StaticFiles

SECRETARY = Principal("staff-7", "strandby", frozenset({Role.SECRETARIAT}))
STRANDBY = HeaderMunicipality("strandby", "Strandby <Kommune>")


def check_token(request: Request, token: str) -> None:
    if token != "ours":
        raise DomainError(Code.PERMISSION_DENIED, "ROLE_REQUIRED")


@pytest.fixture
def app() -> FastAPI:
    made = FastAPI()
    site = Site(
        [Room("deliberation", "services.deliberation"), Room("sortition", "services.sortition")],
        identify=lambda request: SECRETARY if request.cookies.get("who") else NOBODY,
        csrf_token=lambda request: "ours",
        check_csrf=check_token,
    )
    install(made, site, https=True)

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)
        return errors.refusal(request, error)

    made.add_exception_handler(DomainError, refused)

    @made.get("/sortition/page")
    def page(request: Request, public: bool = False) -> Response:
        texts = [caller(request).principal.subject]
        return render(
            request,
            "web/error.html",
            municipality=STRANDBY,
            crumbs=[("Her", "/sortition/x"), ("Nu", None)],
            public=public,
            kind="refused",
            texts=texts,
            incident="",
        )

    @made.get("/sortition/behind")
    def behind(request: Request) -> Response:
        passed = Behind(Precedence(), "strandby")
        passed.enter()
        try:
            return page(request)
        finally:
            passed.leave()

    @made.post("/sortition/change")
    def change(request: Request, form: Annotated[Posted, Depends(posted)]) -> Response:
        return redirect(request, "/sortition/page")

    @made.post("/sortition/ask")
    def ask(request: Request, form: Annotated[Posted, Depends(asked)]) -> Response:
        return Response(form.text("question"))

    @made.get("/sortition/raise/{code}")
    def fail(code: str) -> Response:
        violations = (FieldViolation("x", "FIELD_REQUIRED"),) if code == "INVALID_ARGUMENT" else ()
        raise DomainError(Code(code), "ROLE_REQUIRED", {"roles": "<b>"}, violations)

    @made.get("/sortition/incident")
    def incident(request: Request) -> Response:
        return errors.failure(request, "abc123")

    @made.get("/sortition/status/{status}")
    def status_page(request: Request, status: int) -> Response:
        return errors.of_status(request, status)

    return made


class Visitor:
    """A browser without a screen: asks the application directly and keeps its cookies."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.cookies = httpx.Cookies()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self._ask("POST", path, **more)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="https://testserver", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())


@pytest.fixture
def client(app: FastAPI) -> Visitor:
    return Visitor(app)


def test_every_answer_has_the_security_headers(client: Visitor) -> None:
    for path in ("/sortition/page", "/nowhere", "/sortition/static/x/borgerting.css"):
        headers = client.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert {policy[name] for name in ("script-src", "style-src", "img-src", "font-src")} == {"'self'"}
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"].startswith("max-age=")
        # A form's Origin must arrive: the CSRF check reads it.
        assert headers["referrer-policy"] == "same-origin"


def test_who_has_asked_much_gets_the_same_page_in_pieces_between_which_others_go_first(
    client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = client.get("/sortition/page")
    given: list[None] = []
    monkeypatch.setattr(Behind, "give_way", lambda self: given.append(None))
    behind = client.get("/sortition/behind")
    assert len(given) > 2
    assert behind.text.replace("/sortition/behind", "/sortition/page") == usual.text


def test_static_files_are_kept_for_ever_under_their_digest(app: FastAPI, client: Visitor) -> None:
    address = app.state.site.static.address("sortition", "borgerting.css")
    answer = client.get(address, headers={"Accept-Encoding": "identity"})
    assert answer.headers["cache-control"] == FOR_EVER
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == answer.text
    stale = client.get("/sortition/static/0000/borgerting.css")
    assert (stale.status_code, stale.headers["cache-control"]) == (200, "no-cache")
    assert client.get("/sortition/static/0000/none.css").status_code == 404
    assert client.get("/sortition/static/0000/..%2f..%2fsite.py").status_code == 404


def test_a_missing_static_file_says_what_to_do() -> None:
    with pytest.raises(KeyError, match="make setup"):
        StaticFiles([]).address("sortition", "vendor/css/dkfds.css")


def test_every_address_in_the_style_sheets_leads_to_a_file() -> None:
    files = StaticFiles([resources.files("chassis.web") / "static"])
    for sheet in ("borgerting.css", "vendor/css/dkfds.css"):
        text = (resources.files("chassis.web") / "static").joinpath(*sheet.split("/")).read_text("utf-8")
        for address in re.findall(r"url\(\"?([^\")]+)", text):
            assert address.startswith("../")
            assert f"vendor/{address.removeprefix('../')}" in files
        assert "http:" not in re.sub(r"http://www\.w3\.org/\S+", "", text)


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "a.css").write_text("a{}")
    first = StaticFiles([folder]).digest
    (folder / "a.css").write_text("b{}")
    assert StaticFiles([folder]).digest != first
    (folder / "secret.txt.bak").write_text("x")
    (folder / ".hidden.css").write_text("x")
    files = StaticFiles([folder])
    assert "secret.txt.bak" not in files
    assert ".hidden.css" not in files


def test_the_language_is_the_addresss_then_the_cookies_then_danish(client: Visitor) -> None:
    danish = client.get("/sortition/page")
    assert '<html lang="da">' in danish.text
    assert "set-cookie" not in danish.headers
    english = client.get("/sortition/page?language=en")
    assert '<html lang="en">' in english.text
    assert english.headers["content-language"] == "en"
    cookie = english.headers["set-cookie"]
    assert cookie.startswith("language=en;")
    assert {"HttpOnly", "Secure", "SameSite=lax"} <= set(cookie.split("; "))
    assert '<html lang="en">' in client.get("/sortition/page").text
    assert '<html lang="da">' in client.get("/sortition/page?language=da").text
    client.cookies.set("language", "tlh")
    assert '<html lang="da">' in client.get("/sortition/page").text


def test_the_other_language_keeps_the_rest_of_the_address(client: Visitor) -> None:
    text = client.get("/sortition/page?public=true&language=da").text
    assert 'href="/sortition/page?public=true&amp;language=en"' in text


def test_only_pages_for_everyone_are_kept(client: Visitor) -> None:
    assert client.get("/sortition/page").headers["cache-control"] == "no-store"
    public = client.get("/sortition/page?public=true")
    assert public.headers["cache-control"].startswith("public, max-age=10")
    assert "Cookie" in public.headers["vary"]
    client.cookies.set("who", "me")
    assert client.get("/sortition/page?public=true").headers["cache-control"] == "no-store"


def test_the_header_shows_the_municipality_escaped_and_where_one_is(client: Visitor) -> None:
    text = client.get("/sortition/page").text
    assert "Strandby &lt;Kommune&gt;" in text
    assert '<a class="breadcrumbs__link" href="/sortition/x">Her</a>' in text
    assert 'aria-current="page"' in text
    assert "sign-out" not in text
    client.cookies.set("who", "me")
    signed_in = client.get("/sortition/page").text
    assert 'action="/deliberation/sign-out"' in signed_in
    assert '<input type="hidden" name="csrf_token" value="ours">' in signed_in


def test_a_form_must_be_ours(client: Visitor) -> None:
    assert client.post("/sortition/change", data={"csrf_token": "ours"}).status_code == 303
    for data in ({}, {"csrf_token": "theirs"}):
        assert client.post("/sortition/change", data=data).status_code == 403
    assert client.post("/sortition/ask", data={"question": "hvem?"}).text == "hvem?"


def test_htmx_is_sent_on_by_header(client: Visitor) -> None:
    answer = client.post("/sortition/change", data={"csrf_token": "ours"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/sortition/page")


@pytest.mark.parametrize(
    ("code", "status", "heading"),
    [
        ("UNAUTHENTICATED", 401, "Du skal logge ind"),
        ("PERMISSION_DENIED", 403, "Du har ikke adgang til siden"),
        ("NOT_FOUND", 404, "Siden findes ikke"),
        ("FAILED_PRECONDITION", 400, "Det kan ikke lade sig gøre"),
        ("INVALID_ARGUMENT", 400, "Udfyld feltet."),
        ("ABORTED", 409, "&lt;b&gt;"),
    ],
)
def test_refusals_in_words(client: Visitor, code: str, status: int, heading: str) -> None:
    answer = client.get(f"/sortition/raise/{code}")
    assert answer.status_code == status
    assert heading in answer.text
    assert "ROLE_REQUIRED" not in answer.text


def test_our_own_failures_show_a_number_and_nothing_else(client: Visitor) -> None:
    answer = client.get("/sortition/incident")
    assert answer.status_code == 500
    assert "abc123" in answer.text
    assert "abc123" in bytes(errors.last_resort("abc123").body).decode()


@pytest.mark.parametrize("status", [404, 405, 413])
def test_the_frameworks_own_refusals(client: Visitor, status: int) -> None:
    assert client.get(f"/sortition/status/{status}").status_code == status


def test_an_app_without_a_site_says_so() -> None:
    app = FastAPI()
    app.state.site = None

    @app.get("/")
    def page(request: Request) -> Response:
        site_of(request)
        return Response()

    with pytest.raises(TypeError, match="install"):
        Visitor(app).get("/")


def test_templates_outside_their_folder_do_not_exist(app: FastAPI) -> None:
    from jinja2 import TemplateNotFound

    for name in ("../site.py", "web/../../site.py", "/etc/passwd", "web//shell.html"):
        with pytest.raises(TemplateNotFound):
            app.state.site.templates.get_template(name)


def test_gzip_is_the_same_file(app: FastAPI) -> None:
    for path, file in app.state.site.static._files.items():
        if file.compressed is not None:
            assert gzip.decompress(file.compressed) == file.content, path


def services_led_to(app: FastAPI) -> list[tuple[str, bool]]:
    """Where the header leads, and which of it is said to be here."""
    page = Visitor(app).get("/sortition/page").text
    (nav,) = re.findall(r'<nav class="container site-services.*?</nav>', page, re.DOTALL) or [""]
    links = re.findall(r'<a href="([^"]+)"( aria-current="true")?>', nav)
    return [(address, bool(here)) for address, here in links]


def test_the_header_leads_to_the_services_that_are_there(app: FastAPI) -> None:
    assert services_led_to(app) == [("/deliberation/strandby", False), ("/sortition/strandby", True)]


def test_the_header_leads_to_services_of_other_processes_too(app: FastAPI) -> None:
    app.state.site.services = ("volunteer", "followup", "sortition", "deliberation")
    assert [address.split("/")[1] for address, _ in services_led_to(app)] == [
        "deliberation",
        "sortition",
        "followup",
        "volunteer",
    ]


def test_a_service_by_itself_has_no_way_to_others(app: FastAPI) -> None:
    app.state.site.services = ("sortition",)
    assert services_led_to(app) == []
