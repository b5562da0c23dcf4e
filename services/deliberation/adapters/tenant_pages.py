"""The operators' pages of municipalities: where each stands, and what can be done about that.

They show the registry's entries alone: nothing of what a municipality keeps.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.web import Form, Posted, caller, form_of, posted, redirect, render, site_of
from services.deliberation.adapters.registry import Registry
from services.deliberation.adapters.wire import instant

CallerOfPage = Annotated[Caller, Depends(caller)]
PostedForm = Annotated[Posted, Depends(posted)]

BASE = "/deliberation/municipalities"
_State = pb.Municipality
# What can be done in which state.
_ACTS = {
    _State.STATE_ACTIVE: ("suspend",),
    _State.STATE_SUSPENDED: ("resume", "remove"),
    _State.STATE_REMOVED: ("undelete",),
}
_FIELDS = {"reason": "reason", "confirmation": "confirmation"}


def tenant_router(registry: Registry) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/municipalities")
    def all_of_them(request: Request, who: CallerOfPage) -> Response:
        authorise(who.principal, None, Role.OPERATOR)
        found = _listed(registry, who)
        held = sum(each.state != _State.STATE_ACTIVE for each in found)
        return render(
            request, "deliberation/tenants.html", base=BASE, found=[_shown(each) for each in found], held=held
        )

    @router.get("/municipalities/{municipality}")
    def one(request: Request, who: CallerOfPage, municipality: str) -> Response:
        authorise(who.principal, None, Role.OPERATOR)
        found = _one(registry, who, f"municipalities/{municipality}")
        return render(
            request,
            "deliberation/tenant.html",
            base=BASE,
            found=_shown(found),
            acts=_ACTS.get(found.state, ()),
            services=site_of(request).services,
        )

    @router.get("/municipalities/{municipality}/{act}")
    def ask(request: Request, who: CallerOfPage, municipality: str, act: str) -> Response:
        authorise(who.principal, None, Role.OPERATOR)
        return _form(request, registry.get(who, f"municipalities/{municipality}"), act)

    @router.post("/municipalities/{municipality}/{act}")
    def do(request: Request, who: CallerOfPage, municipality: str, act: str, form: PostedForm) -> Response:
        name = f"municipalities/{municipality}"
        try:
            _act(registry, who, name, act, form)
        except DomainError as error:
            if not error.violations:
                raise
            found = registry.get(who, name)
            words = site_of(request).catalogues[who.language]
            return _form(request, found, act, form_of(error, words, form.values, _FIELDS), error)
        return redirect(request, f"{BASE}/{municipality}")

    return router


def _listed(registry: Registry, who: Caller) -> list[pb.Municipality]:
    found: list[pb.Municipality] = []
    token = ""
    while True:
        wanted = pb.ListMunicipalitiesRequest(page_size=1000, page_token=token, show_deleted=True)
        page = registry.list(who, wanted)
        found += page.municipalities
        token = page.next_page_token
        if not token:
            return found


def _one(registry: Registry, who: Caller, name: str) -> pb.Municipality:
    """Also one that is erased, which to everybody else is not there: how far that is, operators must see."""
    try:
        return registry.get(who, name)
    except DomainError as error:
        if error.reason != "MUNICIPALITY_UNKNOWN":
            raise
        found = next((each for each in _listed(registry, who) if each.name == name), None)
        if found is None:
            raise
        return found


def _act(registry: Registry, who: Caller, name: str, act: str, form: Posted) -> None:
    reason, etag = form.text("reason"), form.text("etag")
    match act:
        case "suspend":
            registry.suspend(who, pb.SuspendMunicipalityRequest(name=name, reason=reason, etag=etag))
        case "resume":
            registry.resume(who, pb.ResumeMunicipalityRequest(name=name, reason=reason, etag=etag))
        case "undelete":
            registry.undelete(who, pb.UndeleteMunicipalityRequest(name=name, reason=reason, etag=etag))
        case "remove":
            request = pb.DeleteMunicipalityRequest(
                name=name,
                reason=reason,
                etag=etag,
                confirmation=form.text("confirmation"),
                without_export=form.text("without_export") == "yes",
            )
            registry.delete(who, request)
        case _:
            raise _no_such_act()


def _form(
    request: Request,
    found: pb.Municipality,
    act: str,
    form: Form | None = None,
    error: DomainError | None = None,
) -> Response:
    """Raises DomainError NOT_FOUND for what cannot be done with it now."""
    if act not in _ACTS.get(found.state, ()):
        raise _no_such_act()
    return render(
        request,
        "deliberation/tenant_act.html",
        status=error.code.http_status if error else 200,
        base=BASE,
        act=act,
        found=_shown(found),
        services=site_of(request).services,
        form=form or Form(),
    )


def _no_such_act() -> DomainError:
    return DomainError(Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN")


def _shown(municipality: pb.Municipality) -> dict[str, object]:
    slug = municipality.name.removeprefix("municipalities/")
    return {
        "slug": slug,
        "name": municipality.display_name or slug,
        "state": pb.Municipality.State.Name(municipality.state).removeprefix("STATE_").lower(),
        "since": instant(municipality.state_time),
        "purge": instant(municipality.purge_time) if municipality.HasField("purge_time") else None,
        "etag": municipality.etag,
    }
