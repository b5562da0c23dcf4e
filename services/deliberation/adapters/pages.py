"""Deliberation's pages: the front page, a municipality's own, its particulars, and signing in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis import rest
from chassis.auth.pages import PageSecurity, own_path
from chassis.auth.principal import Principal, Role, authorise
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.text import Catalogue
from chassis.web import (
    Form,
    HeaderMunicipality,
    Posted,
    caller,
    form_of,
    posted,
    redirect,
    render,
    site_of,
)
from services.deliberation.adapters.assembly_pages import FrontPage
from services.deliberation.adapters.homes import home_of
from services.deliberation.adapters.provider_pages import BEGIN, SIGNED_OUT, SignInOutcome, provider_routes
from services.deliberation.adapters.registry import Registry
from services.deliberation.adapters.tenant_pages import tenant_router
from services.deliberation.adapters.wire import instant
from services.deliberation.app.permissions import authorise_administration

if TYPE_CHECKING:
    from chassis.auth.oidc_sign_in import OidcSignIn

CallerOfPage = Annotated[Caller, Depends(caller)]
PostedForm = Annotated[Posted, Depends(posted)]

_DEAD_LINK = frozenset({"SIGN_IN_LINK_UNKNOWN", "SIGN_IN_LINK_SPENT", "SIGN_IN_LINK_EXPIRED"})
# Paths of violations to the forms' fields.
_FIELDS = {
    "municipality_id": "slug",
    "municipality.display_name": "display_name",
    "municipality.time_zone": "time_zone",
    "sign_in_link.role": "role",
    "sign_in_link.subject": "subject",
}
# The pages' own form; languages are for the API and the command line.
_EDITED = ("display_name", "time_zone")


def make_root_router(registry: Registry, front_page: FrontPage) -> APIRouter:
    """`/`: the municipalities, or the only one."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def front(request: Request, who: CallerOfPage) -> Response:
        listed = registry.list(who, pb.ListMunicipalitiesRequest(page_size=1000))
        if len(listed.municipalities) == 1 and not is_operator(who.principal):
            return front_page.show(request, slug_of(listed.municipalities[0]))
        return render(
            request,
            "deliberation/front.html",
            public=True,
            municipalities=[(slug_of(each), each.display_name) for each in listed.municipalities],
            operator=is_operator(who.principal),
            own=who.principal.municipality,
        )

    return router


def make_router(
    registry: Registry,
    security: PageSecurity,
    count: SignInOutcome,
    front_page: FrontPage,
    provider: OidcSignIn | None = None,
) -> APIRouter:
    """All below `/deliberation`.

    `count` is told each sign-in's outcome: signed_in or the refusal's reason.
    """
    router = APIRouter(include_in_schema=False)
    if provider is not None:
        # First: `/sign-in/{secret}` would take its paths.
        provider_routes(router, registry, security, provider, count)
    _sign_in_routes(router, registry, security, count, provider)
    # Before `/{municipality}`, which would take them; no municipality has such a slug.
    router.include_router(tenant_router(registry))
    _registry_routes(router, registry, front_page)
    return router


def _sign_in_routes(
    router: APIRouter,
    registry: Registry,
    security: PageSecurity,
    count: SignInOutcome,
    provider: OidcSignIn | None,
) -> None:
    def dead(request: Request, error: DomainError) -> Response:
        if error.reason not in _DEAD_LINK:
            raise error
        count(error.reason)
        status = 404 if error.code is Code.NOT_FOUND else 410
        return render(request, "deliberation/sign_in_dead.html", status=status, reason=error.reason)

    @router.get("/sign-in")
    def sign_in_help(request: Request, who: CallerOfPage) -> Response:
        then = own_path(request.query_params.get("then", "/"))
        return render(
            request,
            "deliberation/sign_in_help.html",
            provider=f"{BEGIN}?{urlencode({'then': then})}" if provider else None,
        )

    @router.get("/sign-in/{secret}")
    def show_link(request: Request, who: CallerOfPage, secret: str) -> Response:
        """One button. Looking spends nothing: mail scanners follow every link."""
        try:
            security.check_can_sign_in(request)
            link = registry.find_link(who, secret)
        except DomainError as error:
            return dead(request, error)
        municipality = None
        if link.municipality is not None:
            municipality = registry.get(who, f"municipalities/{link.municipality}")
        return render(
            request,
            "deliberation/sign_in.html",
            municipality=header(municipality) if municipality else None,
            role=link.role.value,
            expires=link.expire_time,
        )

    @router.post("/sign-in/{secret}")
    def spend_link(request: Request, who: CallerOfPage, secret: str, form: PostedForm) -> Response:
        try:
            security.check_can_sign_in(request)
            link = registry.spend_link(who, secret)
        except DomainError as error:
            return dead(request, error)
        count("signed_in")
        security.sign_in(request, link.principal())
        return redirect(request, home_of(link.principal(), site_of(request).services))

    @router.post("/sign-out")
    def sign_out(request: Request, form: PostedForm) -> Response:
        security.sign_out(request)
        return redirect(request, SIGNED_OUT if provider else "/")


def _registry_routes(router: APIRouter, registry: Registry, front_page: FrontPage) -> None:
    @router.get("/new")
    def new_form(request: Request, who: CallerOfPage) -> Response:
        authorise_administration(who.principal, None)
        return render(request, "deliberation/new.html")

    @router.post("/new")
    def create(request: Request, who: CallerOfPage, form: PostedForm) -> Response:
        message = pb.CreateMunicipalityRequest(
            municipality_id=form.text("slug"), municipality=_particulars(form)
        )
        try:
            made = registry.create(who, message)
        except DomainError as error:
            if not error.violations:
                raise
            return render(
                request,
                "deliberation/new.html",
                status=error.code.http_status,
                form=_again(request, who, form, error),
            )
        return redirect(request, f"/deliberation/{slug_of(made)}")

    @router.get("/{municipality}")
    def show(request: Request, who: CallerOfPage, municipality: str) -> Response:
        return front_page.show(request, municipality)

    @router.get("/{municipality}/edit")
    def edit_form(request: Request, who: CallerOfPage, municipality: str) -> Response:
        authorise_administration(who.principal, municipality)
        found = registry.get(who, f"municipalities/{municipality}")
        return _page(request, who, "edit", found)

    @router.post("/{municipality}/edit")
    def edit(request: Request, who: CallerOfPage, municipality: str, form: PostedForm) -> Response:
        wanted = _particulars(form)
        wanted.name, wanted.etag = f"municipalities/{municipality}", form.text("etag")
        message = pb.UpdateMunicipalityRequest(municipality=wanted)
        message.update_mask.paths.extend(_EDITED)
        try:
            made = registry.update(who, message)
        except DomainError as error:
            if not error.violations:
                raise
            found = registry.get(who, wanted.name)
            return _page(request, who, "edit", found, _again(request, who, form, error), error)
        return redirect(request, f"/deliberation/{slug_of(made)}")

    @router.get("/{municipality}/export")
    def export(request: Request, who: CallerOfPage, municipality: str) -> Response:
        """A button per service of the site; each answers itself with its file (chassis.holdings.pages)."""
        authorise(who.principal, municipality, Role.SECRETARIAT)
        return _page(request, who, "export", registry.get(who, f"municipalities/{municipality}"))

    for_people = [role for role in registry.link_roles if role is not Role.OPERATOR]

    @router.get("/{municipality}/sign-in-links/new")
    def link_form(request: Request, who: CallerOfPage, municipality: str) -> Response:
        authorise_administration(who.principal, municipality)
        found = registry.get(who, f"municipalities/{municipality}")
        return _page(request, who, "link", found, roles=for_people)

    @router.post("/{municipality}/sign-in-links/new")
    def make_link(request: Request, who: CallerOfPage, municipality: str, form: PostedForm) -> Response:
        """The answer itself shows the link, once: an address that showed it again would store it."""
        name = f"municipalities/{municipality}"
        message = link_pb.CreateSignInLinkRequest(
            sign_in_link=link_pb.SignInLink(
                municipality=name, role=form.text("role"), subject=form.text("subject")
            )
        )
        try:
            made = registry.create_link(who, message, rest.site_of(request))
        except DomainError as error:
            if not error.violations:
                raise
            found = registry.get(who, name)
            again = _again(request, who, form, error)
            return _page(request, who, "link", found, again, error, for_people)
        return render(
            request,
            "deliberation/link_made.html",
            municipality=header(registry.get(who, name)),
            uri=made.uri,
            expires=instant(made.expire_time),
        )


def _page(
    request: Request,
    who: Caller,
    kind: str,
    found: pb.Municipality,
    form: Form | None = None,
    error: DomainError | None = None,
    roles: Sequence[Role] = (),
) -> Response:
    """A page about one municipality: `edit`, `export`, or `link`, which may be for one of `roles`."""
    words = _words(request, who)
    return render(
        request,
        f"deliberation/{kind}.html",
        status=error.code.http_status if error else 200,
        municipality=header(found),
        crumbs=[
            (found.display_name, f"/deliberation/{slug_of(found)}"),
            (words.text(f"{kind}.title"), None),
        ],
        found=found,
        form=form or Form(),
        roles=[(role.value, _first_large(words.text(f"role.{role}")), "") for role in roles],
    )


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _again(request: Request, who: Caller, form: Posted, error: DomainError) -> Form:
    return form_of(error, _words(request, who), form.values, _FIELDS)


def _particulars(form: Posted) -> pb.Municipality:
    return pb.Municipality(display_name=form.text("display_name"), time_zone=form.text("time_zone"))


def _words(request: Request, who: Caller) -> Catalogue:
    return site_of(request).catalogues[who.language]


def header(municipality: pb.Municipality) -> HeaderMunicipality:
    return HeaderMunicipality(
        slug_of(municipality),
        municipality.display_name,
        municipality.time_zone,
        municipality.state == pb.Municipality.STATE_ACTIVE,
    )


def slug_of(municipality: pb.Municipality) -> str:
    return municipality.name.removeprefix("municipalities/")


def is_operator(principal: Principal) -> bool:
    return principal.municipality is None and Role.OPERATOR in principal.roles
