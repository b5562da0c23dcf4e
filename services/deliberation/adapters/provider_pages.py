"""Signing in at the municipality's OpenID provider: there, back, and what went wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response

from chassis.auth.pages import PageSecurity
from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import caller, redirect, render, site_of
from services.deliberation.adapters.homes import home_of
from services.deliberation.adapters.registry import Registry

if TYPE_CHECKING:
    from chassis.auth.oidc_sign_in import OidcSignIn

BEGIN = "/deliberation/sign-in/oidc"
SIGNED_OUT = "/deliberation/sign-in/out"

CallerOfPage = Annotated[Caller, Depends(caller)]
SignInOutcome = Callable[[str], None]


def provider_routes(
    router: APIRouter,
    registry: Registry,
    security: PageSecurity,
    provider: OidcSignIn,
    count: SignInOutcome,
) -> None:
    def failed(request: Request, error: DomainError) -> Response:
        count(error.reason)
        return render(
            request,
            "deliberation/sign_in_failed.html",
            status=error.code.http_status,
            reason=error.reason,
            again=BEGIN,
            # The way back of this answer serves nobody twice.
            address="/deliberation/sign-in",
        )

    @router.get("/sign-in/oidc")
    def begin(request: Request, who: CallerOfPage) -> Response:
        """A link and no form: the policy of our pages lets no form lead to another site."""
        try:
            return redirect(request, provider.start(request, request.query_params.get("then", "/")))
        except DomainError as error:
            return failed(request, error)

    @router.get("/sign-in/oidc/callback")
    def finish(request: Request, who: CallerOfPage) -> Response:
        try:
            signed_in = provider.finish(request)
            place = signed_in.principal.municipality
            if place is not None:
                registry.get(who, f"municipalities/{place}")
        except DomainError as error:
            return failed(request, error)
        count("signed_in")
        security.sign_in(request, signed_in.principal)
        own = home_of(signed_in.principal, site_of(request).services)
        return redirect(request, own if signed_in.then == "/" else signed_in.then)

    @router.get("/sign-in/out")
    def signed_out(request: Request, who: CallerOfPage) -> Response:
        """Signed out here; the provider keeps its own session, which a link ends."""
        return render(request, "deliberation/signed_out.html", provider=provider.sign_out_address())
