"""Writing a report: its contents at a glance, title and preface, and each recommendation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError, FieldViolation
from chassis.web import Form, HeaderMunicipality, Posted, form_of, invalid, posted, redirect
from services.deliberation.adapters.assembly_pages.house import (
    House,
    assembly_id,
    base,
    recommendation_id,
    report_crumbs,
)
from services.deliberation.adapters.assembly_pages.public import report_page
from services.deliberation.adapters.assembly_pages.wording import Wording
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.create_recommendation import CreateRecommendation, create_recommendation
from services.deliberation.app.delete_recommendation import DeleteRecommendation, delete_recommendation
from services.deliberation.app.gate import WRITERS, admit
from services.deliberation.app.get_report import get_report
from services.deliberation.app.report_acts import recommendation_in
from services.deliberation.app.update_recommendation import UpdateRecommendation, update_recommendation
from services.deliberation.app.update_report import UpdateReport, update_report
from services.deliberation.app.views import RecommendationView, ReportView
from services.deliberation.domain.report import faults

Sent = Annotated[Posted, Depends(posted)]
_REPORT = "/{municipality}/assemblies/{assembly}/report"
_ONE = f"{_REPORT}/recommendations/{{recommendation}}"


def draft(
    house: House, request: Request, municipality: str, wanted: UUID
) -> tuple[HeaderMunicipality, ReportView]:
    """The report for who writes it. Raises DomainError REPORT_HANDED_OVER afterwards."""

    def work(uow: AssemblyUnitOfWork, who: Caller) -> ReportView:
        admit(uow, who, *WRITERS)
        view = get_report(uow, who, wanted)
        view.report.require_draft()
        return view

    return house.read(request, municipality, work)


class EditorPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get(f"{_REPORT}/edit")(self.overview)
        router.get(f"{_REPORT}/preview")(self.preview)
        router.get(f"{_REPORT}/words")(self.words)
        router.post(f"{_REPORT}/words")(self.set_words)
        router.get(f"{_REPORT}/recommendations/new")(self.new)
        router.post(f"{_REPORT}/recommendations/new")(self.create)
        router.get(_ONE)(self.show)
        router.post(_ONE)(self.update)
        router.post(f"{_ONE}/move")(self.move)
        router.get(f"{_ONE}/delete")(self.confirm_delete)
        router.post(f"{_ONE}/delete")(self.delete)
        return router

    def overview(self, request: Request, municipality: str, assembly: str) -> Response:
        wanted = assembly_id(assembly)
        header, view = draft(self._house, request, municipality, wanted)
        words, f = self._house.words(request), self._house.formats(request, header)
        say = Wording(words, f)
        missing = faults(view.contents, view.assembly.answer_unit)
        here = f"{base(municipality, wanted)}/report"
        return self._house.page(
            request,
            "report_edit",
            header,
            report_crumbs(words, view.assembly),
            assembly=view.assembly,
            report_title=view.title,
            preface=view.report.preface,
            recommendations=say.recommendations(view),
            contents=say.contents(view),
            missing=[words.error(each.reason, each.metadata) for each in missing],
            here=here,
            tasks=f"{base(municipality, wanted)}/tasks",
        )

    def preview(self, request: Request, municipality: str, assembly: str) -> Response:
        wanted = assembly_id(assembly)
        header, view = draft(self._house, request, municipality, wanted)
        words, f = self._house.words(request), self._house.formats(request, header)
        return self._house.page(
            request,
            "report_preview",
            header,
            report_crumbs(words, view.assembly, (words.text("report_preview.title"), None)),
            **report_page(view, Wording(words, f)),
            back=f"{base(municipality, wanted)}/report/edit",
        )

    def words(self, request: Request, municipality: str, assembly: str) -> Response:
        return self._words(request, municipality, assembly_id(assembly), Form())

    def set_words(self, request: Request, municipality: str, assembly: str, form: Sent) -> Response:
        wanted = assembly_id(assembly)
        command = UpdateReport(
            wanted, form.text("title"), form.text("preface"), ("title", "preface"), etag=form.text("etag")
        )
        return self._do(
            request,
            municipality,
            wanted,
            form,
            lambda uow, who: update_report(uow, who, command, clock=self._house.clock),
            lambda again: self._words(request, municipality, wanted, again),
        )

    def _words(self, request: Request, municipality: str, wanted: UUID, form: Form) -> Response:
        header, view = draft(self._house, request, municipality, wanted)
        words = self._house.words(request)
        title = words.text("report_words.title")
        return self._house.page(
            request,
            "report_words",
            header,
            report_crumbs(words, view.assembly, (title, None)),
            view=view,
            form=form,
            action=f"{base(municipality, wanted)}/report/words",
            back=f"{base(municipality, wanted)}/report/edit",
            status=400 if form.errors else 200,
        )

    def new(self, request: Request, municipality: str, assembly: str) -> Response:
        return self._new(request, municipality, assembly_id(assembly), Form())

    def _new(self, request: Request, municipality: str, wanted: UUID, form: Form) -> Response:
        header, view = draft(self._house, request, municipality, wanted)
        words = self._house.words(request)
        here = f"{base(municipality, wanted)}/report"
        return self._house.page(
            request,
            "recommendation_edit",
            header,
            report_crumbs(words, view.assembly, (words.text("recommendation_edit.new"), None)),
            recommendation=None,
            etag="",
            form=form,
            action=f"{here}/recommendations/new",
            back=f"{here}/edit",
            request_id=str(uuid4()),
            status=400 if form.errors else 200,
        )

    def create(self, request: Request, municipality: str, assembly: str, form: Sent) -> Response:
        wanted = assembly_id(assembly)

        def work(uow: AssemblyUnitOfWork, who: Caller) -> str:
            command = CreateRecommendation(wanted, form.text("title"), form.text("vision"))
            made = create_recommendation(uow, who, command, clock=self._house.clock)
            return str(made.recommendation.id)

        try:
            made = self._house.write_once(
                request,
                municipality,
                form.text("request_id"),
                form.fingerprint(f"{wanted} recommendation"),
                work,
            )
        except DomainError as error:
            if not error.violations:
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._new(request, municipality, wanted, again)
        return redirect(request, f"{base(municipality, wanted)}/report/edit#recommendation-{made}")

    def show(self, request: Request, municipality: str, assembly: str, recommendation: str) -> Response:
        one = recommendation_id(recommendation)
        return self._one(request, municipality, assembly_id(assembly), one, Form())

    def _one(self, request: Request, municipality: str, wanted: UUID, one: UUID, form: Form) -> Response:
        header, view = draft(self._house, request, municipality, wanted)
        found = recommendation_in(view, one)
        words = self._house.words(request)
        here = f"{base(municipality, wanted)}/report"
        title = words.text("recommendation_edit.title")
        return self._house.page(
            request,
            "recommendation_edit",
            header,
            report_crumbs(words, view.assembly, (title, None)),
            recommendation=found.recommendation,
            etag=found.etag,
            form=form,
            action=f"{here}/recommendations/{one}",
            back=f"{here}/edit",
            request_id="",
            status=400 if form.errors else 200,
        )

    def update(
        self, request: Request, municipality: str, assembly: str, recommendation: str, form: Sent
    ) -> Response:
        wanted, one = assembly_id(assembly), recommendation_id(recommendation)
        command = UpdateRecommendation(
            wanted,
            one,
            form.text("title"),
            form.text("vision"),
            0,
            ("title", "vision"),
            etag=form.text("etag"),
        )
        return self._do(
            request,
            municipality,
            wanted,
            form,
            lambda uow, who: update_recommendation(uow, who, command, clock=self._house.clock),
            lambda again: self._one(request, municipality, wanted, one, again),
            f"recommendation-{one}",
        )

    def move(
        self, request: Request, municipality: str, assembly: str, recommendation: str, form: Sent
    ) -> Response:
        wanted, one = assembly_id(assembly), recommendation_id(recommendation)
        command = UpdateRecommendation(wanted, one, "", "", form.whole("position"), ("position",))
        self._house.write(
            request,
            municipality,
            lambda uow, who: update_recommendation(uow, who, command, clock=self._house.clock),
        )
        return redirect(request, f"{base(municipality, wanted)}/report/edit#recommendation-{one}")

    def confirm_delete(
        self, request: Request, municipality: str, assembly: str, recommendation: str
    ) -> Response:
        wanted, one = assembly_id(assembly), recommendation_id(recommendation)
        header, view = draft(self._house, request, municipality, wanted)
        found = recommendation_in(view, one)
        words, f = self._house.words(request), self._house.formats(request, header)
        here = f"{base(municipality, wanted)}/report"
        inside = len(found.initiatives)
        title = found.recommendation.title
        return self._house.page(
            request,
            "report_delete",
            header,
            report_crumbs(words, view.assembly, (words.text("report_delete.recommendation"), None)),
            heading=words.text("report_delete.recommendation"),
            what=title,
            lead=words.plural("report_delete.inside", inside, n=f.number(inside)),
            action=f"{here}/recommendations/{one}/delete",
            back=f"{here}/edit",
            etag=found.etag,
        )

    def delete(
        self, request: Request, municipality: str, assembly: str, recommendation: str, form: Sent
    ) -> Response:
        wanted, one = assembly_id(assembly), recommendation_id(recommendation)
        command = DeleteRecommendation(wanted, one, needed_etag(form))
        self._house.write(
            request,
            municipality,
            lambda uow, who: delete_recommendation(uow, who, command, clock=self._house.clock),
        )
        return redirect(request, f"{base(municipality, wanted)}/report/edit")

    def _do(
        self,
        request: Request,
        municipality: str,
        wanted: UUID,
        form: Posted,
        act: Callable[[AssemblyUnitOfWork, Caller], ReportView | RecommendationView],
        again: Callable[[Form], Response],
        anchor: str = "",
    ) -> Response:
        """The act, then the report at a glance; the form again with what is wrong, and nothing typed lost."""
        try:
            self._house.write(request, municipality, act)
        except DomainError as error:
            if not error.violations:
                raise
            return again(form_of(error, self._house.words(request), form.values))
        place = f"{base(municipality, wanted)}/report/edit"
        return redirect(request, f"{place}#{anchor}" if anchor else place)


def needed_etag(form: Posted) -> str:
    """Whoever deletes has seen what goes. Raises DomainError FORM_INVALID for a form without."""
    etag = form.text("etag")
    if not etag:
        raise invalid(FieldViolation("etag", "FIELD_REQUIRED"))
    return etag
