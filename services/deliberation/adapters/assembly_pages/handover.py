"""The handover: an act of its own, which shows what becomes public and fixed, and asks once more in words."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, Posted, form_of, posted, redirect
from services.deliberation.adapters.assembly_pages.house import (
    House,
    assembly_id,
    base,
    report_crumbs,
)
from services.deliberation.adapters.assembly_pages.wording import Wording
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import admit
from services.deliberation.app.get_report import get_report
from services.deliberation.app.hand_over_report import HandOverReport, hand_over_report
from services.deliberation.app.views import ReportView
from services.deliberation.domain.assembly import AssemblyState
from services.deliberation.domain.report import faults

Sent = Annotated[Posted, Depends(posted)]
_PATH = "/{municipality}/assemblies/{assembly}/report/hand-over"


class HandoverPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get(_PATH)(self.ask)
        router.post(_PATH)(self.hand_over)
        return router

    def ask(self, request: Request, municipality: str, assembly: str) -> Response:
        return self._ask(request, municipality, assembly, Form())

    def hand_over(self, request: Request, municipality: str, assembly: str, form: Sent) -> Response:
        wanted = assembly_id(assembly)
        command = HandOverReport(wanted, form.text("etag"))
        try:
            self._house.write(
                request,
                municipality,
                lambda uow, who: hand_over_report(uow, who, command, clock=self._house.clock),
            )
        except DomainError as error:
            if error.reason != "ETAG_STALE":
                raise
            # Somebody wrote in it meanwhile: what is asked about again is the report as it stands now.
            return self._ask(request, municipality, assembly, form_of(error, self._house.words(request), {}))
        return redirect(request, f"{base(municipality, wanted)}/report")

    def _ask(self, request: Request, municipality: str, assembly: str, form: Form) -> Response:
        wanted = assembly_id(assembly)

        def work(uow: AssemblyUnitOfWork, who: Caller) -> ReportView:
            admit(uow, who, Role.SECRETARIAT)
            view = get_report(uow, who, wanted)
            view.report.require_draft()
            return view

        header, view = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        say = Wording(words, f)
        one = view.assembly
        missing = [words.error(each.reason, each.metadata) for each in faults(view.contents, one.answer_unit)]
        if not view.contents:
            missing.append(words.error("REPORT_EMPTY"))
        if one.state is AssemblyState.PREPARING:
            missing.insert(0, words.error("ASSEMBLY_NOT_SEATED"))
        today = self._house.clock.now().astimezone(ZoneInfo(header.time_zone)).date()
        here = base(municipality, wanted)
        return self._house.page(
            request,
            "hand_over",
            header,
            report_crumbs(words, one, (words.text("handover.crumb"), None)),
            report_title=view.title,
            contents=say.contents(view),
            missing=missing,
            checkpoints=say.checkpoints(one.checkpoints, today),
            answer_unit=one.answer_unit.value,
            today=f.date(today, weekday=True),
            etag=view.etag,
            action=f"{here}/report/hand-over",
            preview=f"{here}/report/preview",
            address_of_report=f"{here}/report",
            back=f"{here}/tasks",
            form=form,
            status=409 if form.errors else 200,
        )
