"""Writing a report: each initiative, its words and what members' ballots said of it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError, FieldViolation
from chassis.web import Form, Posted, form_of, invalid, posted, redirect
from services.deliberation.adapters.assembly_pages.editor import draft, needed_etag
from services.deliberation.adapters.assembly_pages.house import (
    House,
    assembly_id,
    base,
    initiative_id,
    recommendation_id,
    report_crumbs,
)
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.create_initiative import CreateInitiative, create_initiative
from services.deliberation.app.delete_initiative import DeleteInitiative, delete_initiative
from services.deliberation.app.report_acts import initiative_in, recommendation_in
from services.deliberation.app.update_initiative import UpdateInitiative, update_initiative
from services.deliberation.app.views import InitiativeView, RecommendationView, ReportView
from services.deliberation.domain.support import Base, Support

Sent = Annotated[Posted, Depends(posted)]
_ALL = "/{municipality}/assemblies/{assembly}/report/recommendations/{recommendation}/initiatives"
_ONE = f"{_ALL}/{{initiative}}"

# The counts of a ballot in the form; those that may be left out count 0.
_COUNTS = ("for", "against", "abstain", "entitled", "present")
_OPTIONAL = frozenset({"abstain", "present"})
_FIELDS = {f"support.{name}": name for name in (*_COUNTS, "base")}


class InitiativePages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get(f"{_ALL}/new")(self.new)
        router.post(f"{_ALL}/new")(self.create)
        router.get(_ONE)(self.show)
        router.post(_ONE)(self.update)
        router.post(f"{_ONE}/move")(self.move)
        router.get(f"{_ONE}/delete")(self.confirm_delete)
        router.post(f"{_ONE}/delete")(self.delete)
        return router

    def new(self, request: Request, municipality: str, assembly: str, recommendation: str) -> Response:
        parent = recommendation_id(recommendation)
        return self._new(request, municipality, assembly_id(assembly), parent, Form())

    def _new(self, request: Request, municipality: str, wanted: UUID, parent: UUID, form: Form) -> Response:
        header, view = draft(self._house, request, municipality, wanted)
        above = recommendation_in(view, parent)
        page = self._page(request, municipality, view, above, None, form)
        return self._house.page(request, "initiative_edit", header, **page)

    def create(
        self, request: Request, municipality: str, assembly: str, recommendation: str, form: Sent
    ) -> Response:
        wanted, parent = assembly_id(assembly), recommendation_id(recommendation)

        def work(uow: AssemblyUnitOfWork, who: Caller) -> str:
            command = CreateInitiative(wanted, parent, form.text("title"), form.text("text"), _support(form))
            return str(create_initiative(uow, who, command, clock=self._house.clock).initiative.id)

        try:
            made = self._house.write_once(
                request,
                municipality,
                form.text("request_id"),
                form.fingerprint(f"{wanted} {parent} initiative"),
                work,
            )
        except DomainError as error:
            if not error.violations:
                raise
            again = form_of(error, self._house.words(request), form.values, _FIELDS)
            return self._new(request, municipality, wanted, parent, again)
        return redirect(request, f"{base(municipality, wanted)}/report/edit#initiative-{made}")

    def show(
        self, request: Request, municipality: str, assembly: str, recommendation: str, initiative: str
    ) -> Response:
        parent, one = recommendation_id(recommendation), initiative_id(initiative)
        return self._one(request, municipality, assembly_id(assembly), parent, one, Form())

    def _one(
        self, request: Request, municipality: str, wanted: UUID, parent: UUID, one: UUID, form: Form
    ) -> Response:
        header, view = draft(self._house, request, municipality, wanted)
        above = recommendation_in(view, parent)
        page = self._page(request, municipality, view, above, initiative_in(above, one), form)
        return self._house.page(request, "initiative_edit", header, **page)

    def update(
        self,
        request: Request,
        municipality: str,
        assembly: str,
        recommendation: str,
        initiative: str,
        form: Sent,
    ) -> Response:
        wanted, parent = assembly_id(assembly), recommendation_id(recommendation)
        one = initiative_id(initiative)
        try:
            command = UpdateInitiative(
                wanted,
                parent,
                one,
                form.text("title"),
                form.text("text"),
                _support(form),
                0,
                ("title", "text", "support"),
                etag=form.text("etag"),
            )
            self._house.write(
                request,
                municipality,
                lambda uow, who: update_initiative(uow, who, command, clock=self._house.clock),
            )
        except DomainError as error:
            if not error.violations:
                raise
            again = form_of(error, self._house.words(request), form.values, _FIELDS)
            return self._one(request, municipality, wanted, parent, one, again)
        return redirect(request, f"{base(municipality, wanted)}/report/edit#initiative-{one}")

    def move(
        self,
        request: Request,
        municipality: str,
        assembly: str,
        recommendation: str,
        initiative: str,
        form: Sent,
    ) -> Response:
        wanted, one = assembly_id(assembly), initiative_id(initiative)
        command = UpdateInitiative(
            wanted,
            recommendation_id(recommendation),
            one,
            "",
            "",
            None,
            form.whole("position"),
            ("position",),
        )
        self._house.write(
            request,
            municipality,
            lambda uow, who: update_initiative(uow, who, command, clock=self._house.clock),
        )
        return redirect(request, f"{base(municipality, wanted)}/report/edit#initiative-{one}")

    def confirm_delete(
        self, request: Request, municipality: str, assembly: str, recommendation: str, initiative: str
    ) -> Response:
        wanted = assembly_id(assembly)
        header, view = draft(self._house, request, municipality, wanted)
        above = recommendation_in(view, recommendation_id(recommendation))
        found = initiative_in(above, initiative_id(initiative))
        words = self._house.words(request)
        heading = words.text("report_delete.initiative")
        return self._house.page(
            request,
            "report_delete",
            header,
            report_crumbs(words, view.assembly, (heading, None)),
            heading=heading,
            what=found.initiative.title,
            lead="",
            action=f"{_place(municipality, wanted, above.recommendation.id)}/{found.initiative.id}/delete",
            back=f"{base(municipality, wanted)}/report/edit",
            etag=found.etag,
        )

    def delete(
        self,
        request: Request,
        municipality: str,
        assembly: str,
        recommendation: str,
        initiative: str,
        form: Sent,
    ) -> Response:
        wanted, parent = assembly_id(assembly), recommendation_id(recommendation)
        command = DeleteInitiative(wanted, parent, initiative_id(initiative), needed_etag(form))
        self._house.write(
            request,
            municipality,
            lambda uow, who: delete_initiative(uow, who, command, clock=self._house.clock),
        )
        return redirect(request, f"{base(municipality, wanted)}/report/edit#recommendation-{parent}")

    def _page(
        self,
        request: Request,
        municipality: str,
        view: ReportView,
        above: RecommendationView,
        found: InitiativeView | None,
        form: Form,
    ) -> dict[str, Any]:
        words = self._house.words(request)
        place = _place(municipality, view.assembly.id, above.recommendation.id)
        title = words.text("initiative_edit.title" if found else "initiative_edit.new")
        initiative = found.initiative if found else None
        return {
            "crumbs": report_crumbs(words, view.assembly, (title, None)),
            "heading": title,
            "recommendation": above.recommendation,
            "initiative": initiative,
            "ballot": _ballot(initiative.support if initiative else None, initiative is not None),
            "members": view.assembly.members,
            "bases": [each.value for each in Base],
            "etag": found.etag if found else "",
            "form": form,
            "action": f"{place}/{initiative.id}" if initiative else f"{place}/new",
            "back": f"{base(municipality, view.assembly.id)}/report/edit",
            "request_id": "" if found else str(uuid4()),
            "status": 400 if form.errors else 200,
        }


def _place(municipality: str, wanted: UUID, parent: UUID) -> str:
    return f"{base(municipality, wanted)}/report/recommendations/{parent}/initiatives"


def _ballot(support: Support | None, known: bool) -> dict[str, str]:
    """What the form shows of a ballot before anything is typed."""
    if support is None:
        empty = dict.fromkeys(_COUNTS, "")
        return empty | {"held": "no" if known else "yes", "base": Base.FOR_AND_AGAINST.value}
    return {
        "held": "yes",
        "for": str(support.in_favour),
        "against": str(support.against),
        "abstain": str(support.abstain),
        "entitled": str(support.entitled),
        "present": str(support.present or ""),
        "base": support.base.value if support.base else "",
    }


def _support(form: Posted) -> Support | None:
    """Raises DomainError FORM_INVALID with every count that is no number."""
    held = form.text("held")
    if held == "no":
        return None
    wrong: list[FieldViolation] = []
    if held != "yes":
        wrong.append(FieldViolation("held", "FIELD_REQUIRED"))
    counts: dict[str, int] = {}
    for name in _COUNTS:
        try:
            counts[name] = 0 if name in _OPTIONAL and not form.text(name) else form.whole(name)
        except DomainError as error:
            wrong += error.violations
    typed = form.text("base")
    if typed not in list(Base):
        wrong.append(FieldViolation("base", "BASE_REQUIRED"))
    if wrong:
        raise invalid(*wrong)
    return Support(
        counts["for"],
        counts["against"],
        counts["abstain"],
        counts["entitled"],
        counts["present"],
        Base(typed),
    )
