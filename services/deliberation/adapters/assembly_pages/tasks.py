"""The desk: the list of assemblies, and one assembly as a task list from its panel to follow-up."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from chassis.aip.pages import Page
from chassis.context import Caller
from chassis.text import Catalogue
from chassis.web import site_of
from chassis.web.formats import Formats
from services.deliberation.adapters.assembly_pages.house import (
    House,
    assembly_id,
    base,
    is_secretariat,
    listing,
    staff_crumbs,
)
from services.deliberation.adapters.assembly_pages.wording import Wording
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import WRITERS, admit
from services.deliberation.app.get_report import get_report
from services.deliberation.app.get_standing import get_standing
from services.deliberation.app.list_assemblies import list_assemblies
from services.deliberation.app.views import AssemblyView, ReportView
from services.deliberation.domain.assembly import AssemblyState
from services.deliberation.domain.followed_up import Standing
from services.deliberation.domain.report import faults


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is todo, you, waiting or done; `address` None while the step cannot be taken."""

    key: str
    title: str
    state: str
    address: str | None
    figure: str


class Journey:
    """An assembly's steps: what is done, what waits for whom, and the figure that matters at each."""

    def __init__(self, view: ReportView, standing: Standing, words: Catalogue, f: Formats) -> None:
        self._view = view
        self._standing = standing
        self._words = words
        self._f = f
        self._say = Wording(words, f)
        assembly = view.assembly
        self._here = base(assembly.municipality, assembly.id)
        done = self._done()
        self._open = next((key for key, finished in done.items() if not finished), None)
        self.steps = [self._step(key, finished) for key, finished in done.items()]

    @property
    def next(self) -> str:
        """Where this stands and what comes next, in a sentence."""
        if self._open is None:
            return self._words.text("assembly_tasks.next_none")
        if self._open == "report" and self._is_complete():
            return self._words.text("assembly_tasks.next_report_ready")
        return self._words.text(f"assembly_tasks.next_{self._open}")

    def _is_complete(self) -> bool:
        contents = self._view.contents
        return bool(contents) and not faults(contents, self._view.assembly.answer_unit)

    def _done(self) -> dict[str, bool]:
        """Every step in order, and whether it is behind us."""
        handed_over = self._view.report.handover is not None
        return {
            "set_up": True,
            "panel": self._view.assembly.state is not AssemblyState.PREPARING,
            "report": handed_over or self._is_complete(),
            "handover": handed_over,
            "follow_up": bool(self._standing.owed) and self._standing.answered == self._standing.owed,
        }

    def _step(self, key: str, finished: bool) -> Step:
        state = "done" if finished else "you" if key == self._open else "todo"
        if state == "you" and key in ("panel", "follow_up"):
            state = "waiting"
        title = self._words.text(f"assembly_tasks.{key}")
        return Step(key, title, state, self._address(key), self._figure(key))

    def _address(self, key: str) -> str | None:
        assembly, handed_over = self._view.assembly, self._view.report.handover is not None
        if key == "set_up":
            return self._here if handed_over else f"{self._here}/settings"
        if key == "panel":
            return f"/sortition/{assembly.municipality}/selections/{assembly.selection}"
        if key == "report":
            return f"{self._here}/report" if handed_over else f"{self._here}/report/edit"
        if key == "handover":
            if handed_over:
                return f"{self._here}/report"
            ready = assembly.state is AssemblyState.SEATED and self._is_complete()
            return f"{self._here}/report/hand-over" if ready else None
        return f"/followup/{assembly.municipality}" if handed_over else None

    def _figure(self, key: str) -> str:
        view, words, f = self._view, self._words, self._f
        assembly, handover = view.assembly, view.report.handover
        if key == "set_up":
            return words.text("assembly_tasks.figure_set_up", months=self._say.months(assembly.checkpoints))
        if key == "panel" and assembly.members:
            return words.plural("assembly_tasks.figure_panel", assembly.members, n=f.number(assembly.members))
        if key == "report" and view.contents:
            return self._say.contents(view)
        if key == "handover" and handover is not None:
            return f.date(handover.day)
        if key == "follow_up" and self._standing.promises:
            return " ".join(self._say.promises(self._standing))
        return ""


class TaskPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/assemblies")(self.listing)
        router.get("/{municipality}/assemblies/{assembly}/tasks")(self.tasks)
        return router

    def listing(self, request: Request, municipality: str, page_token: str = "") -> Response:
        def work(uow: AssemblyUnitOfWork, who: Caller) -> Page[AssemblyView]:
            admit(uow, who, *WRITERS)
            return list_assemblies(uow, who, 20, page_token)

        header, page = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        say = Wording(words, f)
        return self._house.page(
            request,
            "assemblies",
            header,
            [(words.text("assemblies.title"), None)],
            assemblies=[
                {
                    "address": f"{base(municipality, view.assembly.id)}/tasks",
                    "title": view.assembly.title,
                    "standing": say.standing(view.assembly),
                }
                for view in page.items
            ],
            older=page.next_page_token,
            new=f"{listing(municipality)}/new" if is_secretariat(request, municipality) else None,
            selections=f"/sortition/{municipality}/selections",
        )

    def tasks(self, request: Request, municipality: str, assembly: str) -> Response:
        wanted = assembly_id(assembly)

        def work(uow: AssemblyUnitOfWork, who: Caller) -> tuple[ReportView, Standing]:
            admit(uow, who, *WRITERS)
            return get_report(uow, who, wanted), get_standing(uow, who, wanted, clock=self._house.clock)

        header, (view, standing) = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        journey = Journey(view, standing, words, f)
        mine = is_secretariat(request, municipality)
        offered = site_of(request).services
        steps = [self._offered(step, mine, offered) for step in journey.steps]
        return self._house.page(
            request,
            "assembly_tasks",
            header,
            staff_crumbs(words, view.assembly),
            assembly=view.assembly,
            next=journey.next,
            steps=steps,
            here=base(municipality, wanted),
        )

    def _offered(self, step: Step, mine: bool, services: tuple[str, ...]) -> Step:
        """Without a way to where this caller may not go, or to a service that is not there."""
        allowed = (
            mine or step.key in ("report", "follow_up") or (step.key, step.state) == ("handover", "done")
        )
        needed = {"panel": "sortition", "follow_up": "followup"}.get(step.key)
        if allowed and (needed is None or needed in services):
            return step
        return Step(step.key, step.title, step.state, None, step.figure)
