"""What anyone may see: the municipality's front page, an assembly, and its report once it is handed over."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.web import HeaderMunicipality, caller, site_of
from services.deliberation.adapters.assembly_pages.house import (
    House,
    assembly_id,
    base,
    is_secretariat,
    listing,
    short,
    writes,
)
from services.deliberation.adapters.assembly_pages.wording import Wording
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.get_assembly import get_assembly
from services.deliberation.app.get_front import Front, get_front
from services.deliberation.app.get_report import get_report
from services.deliberation.app.get_report_content import get_report_content
from services.deliberation.app.get_standing import get_standing
from services.deliberation.app.views import AssemblyView, ReportView
from services.deliberation.domain.assembly import Assembly, AssemblyState
from services.deliberation.domain.followed_up import Standing

CONTENT = "report.json"

# What awaits who is signed in: for these roles, in this service, at this address, called so.
_WORK = (
    ((Role.SECRETARIAT, Role.EDITOR), "deliberation", "/assemblies", "municipality.to_assemblies"),
    ((Role.SECRETARIAT,), "sortition", "/selections", "municipality.selections"),
    ((Role.OFFICER, Role.COUNCIL), "followup", "/owed", "municipality.to_owed"),
    ((Role.COORDINATOR,), "volunteer", "/desk", "municipality.to_desk"),
    ((Role.VOLUNTEER,), "volunteer", "/mine", "municipality.to_mine"),
)


class FrontPage:
    """A municipality's front page, at its own address and, where it is the only one, at `/`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def show(self, request: Request, municipality: str) -> Response:
        token = request.query_params.get("page_token", "")
        header, front = self._house.read(
            request,
            municipality,
            lambda uow, who: get_front(uow, who, token, clock=self._house.clock),
        )
        words, f = self._house.words(request), self._house.formats(request, header)
        say = Wording(words, f)
        principal = caller(request).principal
        operator = principal.municipality is None and Role.OPERATOR in principal.roles
        return self._house.page(
            request,
            "municipality",
            header,
            public=True,
            assemblies=[self._assembly(say, view.assembly, front) for view in front.assemblies.items],
            older=front.assemblies.next_page_token,
            promised=front.all.promises,
            promise_figures=self._figures(request, header, front),
            help=[
                {
                    "address": f"/volunteer/{municipality}/tasks/{each.task.id}",
                    "title": each.title or words.text("municipality.other_task"),
                    "free": words.plural("municipality.free", each.task.free, n=f.number(each.task.free)),
                }
                for each in front.help
            ],
            more_tasks=front.more_tasks,
            services=site_of(request).services,
            work=[
                {"address": f"/{service}/{municipality}{path}", "text": words.text(text)}
                for roles, service, path, text in _WORK
                if principal.has(municipality, *roles) and service in site_of(request).services
            ],
            administers=is_secretariat(request, municipality) or operator,
            may_export=is_secretariat(request, municipality),
        )

    def _assembly(self, say: Wording, assembly: Assembly, front: Front) -> dict[str, Any]:
        standing = front.standings.get(assembly.id)
        return {
            "address": base(assembly.municipality, assembly.id),
            "title": assembly.title,
            "standing": say.standing(assembly),
            "promises": say.promises(standing) if standing else [],
        }

    def _figures(self, request: Request, header: HeaderMunicipality, front: Front) -> list[tuple[str, str]]:
        words, f = self._house.words(request), self._house.formats(request, header)
        answered = words.text(
            "municipality.answered_of", answered=f.number(front.all.answered), owed=f.number(front.all.owed)
        )
        next_due = f.date(front.all.next_due) if front.all.next_due else words.text("municipality.no_date")
        return [
            (words.text("municipality.figure_answered"), answered),
            (words.text("municipality.figure_overdue"), f.number(front.all.overdue)),
            (words.text("municipality.figure_next"), next_due),
        ]


class PublicPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/assemblies/{assembly}")(self.assembly)
        router.get("/{municipality}/assemblies/{assembly}/report")(self.report)
        router.get(f"/{{municipality}}/assemblies/{{assembly}}/report/{CONTENT}")(self.content)
        return router

    def assembly(self, request: Request, municipality: str, assembly: str) -> Response:
        wanted = assembly_id(assembly)

        def work(uow: AssemblyUnitOfWork, who: Caller) -> tuple[AssemblyView, Standing, ReportView | None]:
            view = get_assembly(uow, who, wanted)
            standing = get_standing(uow, who, wanted, clock=self._house.clock)
            handed_over = view.assembly.state is AssemblyState.HANDED_OVER
            return view, standing, get_report(uow, who, wanted) if handed_over else None

        header, (view, standing, report) = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        say, one = Wording(words, f), view.assembly
        handover = report.report.handover if report else None
        return self._house.page(
            request,
            "assembly",
            header,
            [(short(one.title), None)],
            public=True,
            assembly=one,
            here=base(municipality, wanted),
            standing=say.standing(one),
            seats=f.number(one.members),
            checkpoints=say.checkpoints(one.checkpoints, handover.day if handover else None),
            contents=say.contents(report) if report else "",
            handed_over=f.date(handover.day) if handover else "",
            promises=say.promises(standing) if standing.promises else [],
            services=site_of(request).services,
            writes=writes(request, municipality),
            changed=one.update_time,
        )

    def report(self, request: Request, municipality: str, assembly: str) -> Response:
        """Before the handover there is none to show, and who writes it has a preview."""
        wanted = assembly_id(assembly)
        header, view = self._house.read(
            request, municipality, lambda uow, who: _public(get_report(uow, who, wanted))
        )
        words, f = self._house.words(request), self._house.formats(request, header)
        handover = view.report.handover
        assert handover is not None  # noqa: S101 - what `_public` holds
        here = base(municipality, wanted)
        return self._house.page(
            request,
            "report_public",
            header,
            [(short(view.assembly.title), here), (words.text("assembly_report.crumb"), None)],
            public=True,
            **report_page(view, Wording(words, f)),
            handed_over=f.date(handover.day, weekday=True),
            digest=handover.digest,
            size=f.size(len(handover.content)),
            file=f"{here}/report/{CONTENT}",
            services=site_of(request).services,
            changed=handover.time,
        )

    def content(self, request: Request, municipality: str, assembly: str) -> Response:
        wanted = assembly_id(assembly)
        _, content = self._house.read(
            request, municipality, lambda uow, who: get_report_content(uow, who, wanted)
        )
        answer = Response(content, media_type="application/json")
        answer.headers["Content-Disposition"] = f'attachment; filename="{CONTENT}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "public, max-age=3600"
        return answer


def report_page(view: ReportView, say: Wording) -> dict[str, Any]:
    """What the report's public page and its preview show alike."""
    handover = view.report.handover
    checkpoints = handover.checkpoints if handover else view.assembly.checkpoints
    return {
        "report_title": view.title,
        "assembly": view.assembly,
        "preface": view.report.preface,
        "contents": say.contents(view),
        "recommendations": say.recommendations(view),
        "checkpoints": say.checkpoints(checkpoints, handover.day if handover else None),
        "answer_unit": view.assembly.answer_unit.value,
        "listing": listing(view.assembly.municipality),
    }


def _public(view: ReportView) -> ReportView:
    """The secretariat too finds no report at its public address before it is public."""
    if view.report.handover is None:
        raise DomainError(Code.NOT_FOUND, "REPORT_UNKNOWN")
    return view
