"""Setting an assembly up: which selection's panel sits in it, then its task and what the council promised."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import DomainError, FieldViolation
from chassis.web import Form, Posted, caller, form_of, invalid, posted, redirect
from services.deliberation.adapters.assembly_desk import AssemblyDesk
from services.deliberation.adapters.assembly_pages.house import (
    House,
    assembly_id,
    base,
    listing,
    staff_crumbs,
)
from services.deliberation.adapters.names import identity
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork, Panel, Selections
from services.deliberation.app.gate import admit
from services.deliberation.app.get_assembly import get_assembly
from services.deliberation.app.list_waiting_panels import list_waiting_panels
from services.deliberation.app.selections import require_selection
from services.deliberation.app.views import AssemblyView
from services.deliberation.domain.checkpoint import USUAL, Checkpoint

Sent = Annotated[Posted, Depends(posted)]

# How many answers the form has room for; the API takes more.
ROWS = 4
_EDITED = ("title", "task", "outside", "checkpoints", "answer_unit")


class SettingUpPages:
    """`desk` does the acts, as it does for gRPC and REST; `selections` gives the titles to choose among."""

    def __init__(self, house: House, desk: AssemblyDesk, selections: Selections) -> None:
        self._house = house
        self._desk = desk
        self._selections = selections

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/assemblies/new")(self.new)
        router.post("/{municipality}/assemblies/new")(self.create)
        router.get("/{municipality}/assemblies/{assembly}/settings")(self.settings)
        router.post("/{municipality}/assemblies/{assembly}/settings")(self.update)
        return router

    def new(self, request: Request, municipality: str, selection: str = "") -> Response:
        header, panels = self._house.read(
            request, municipality, lambda uow, who: list_waiting_panels(uow, who)
        )
        if not selection:
            return self._choose(request, municipality, header, panels)
        return self._form(request, municipality, selection, Form())

    def _choose(self, request: Request, municipality: str, header: Any, panels: Any) -> Response:
        words = self._house.words(request)
        return self._house.page(
            request,
            "assembly_choose",
            header,
            self._new_crumbs(request, municipality),
            choices=[
                {"selection": str(panel.selection), "title": title, "seats": len(panel.seats)}
                for panel, title in self._titled(caller(request), municipality, panels)
            ],
            here=f"{listing(municipality)}/new",
            selections=f"/sortition/{municipality}/selections",
            unnamed=words.text("assembly_choose.unnamed"),
        )

    def _titled(self, who: Caller, municipality: str, panels: list[Panel]) -> list[tuple[Panel, str]]:
        """The panels with the titles that sortition knows. When it is away they stand without."""
        titled = []
        away = False
        for panel in panels:
            title = ""
            if not away:
                try:
                    found = self._selections.find(who, municipality, panel.selection)
                    title = found.title if found else ""
                except DomainError:
                    away = True
            titled.append((panel, title))
        return titled

    def _form(self, request: Request, municipality: str, selection: str, form: Form) -> Response:
        wanted = identity(selection, "SELECTION_UNKNOWN")
        header, _ = self._house.read(
            request, municipality, lambda uow, who: admit(uow, who, Role.SECRETARIAT)
        )
        known = require_selection(self._selections, caller(request), municipality, wanted)
        return self._house.page(
            request,
            "assembly_edit",
            header,
            self._new_crumbs(request, municipality),
            **self._fields(request, USUAL, form),
            selection=selection,
            selection_title=known.title,
            assembly=None,
            etag="",
            action=f"{listing(municipality)}/new?selection={selection}",
            back=f"{listing(municipality)}/new",
            request_id=str(uuid4()),
        )

    def create(self, request: Request, municipality: str, form: Sent) -> Response:
        selection = form.text("selection")
        try:
            wish = _wish(form)
            wish.selection = f"municipalities/{municipality}/selections/{selection}"
            made = self._desk.create_assembly(
                caller(request),
                pb.CreateAssemblyRequest(
                    parent=f"municipalities/{municipality}",
                    assembly=wish,
                    request_id=form.text("request_id"),
                ),
            )
        except DomainError as error:
            if not error.violations and error.reason != "SORTITION_AWAY":
                raise
            again = form_of(error, self._house.words(request), form.values, _places(error, form))
            if error.reason == "SORTITION_AWAY":
                return self._away(request, municipality, selection, again)
            return self._form(request, municipality, selection, again)
        return redirect(request, f"{base(municipality, made.name.rsplit('/', 1)[1])}/tasks")

    def _away(self, request: Request, municipality: str, selection: str, form: Form) -> Response:
        """Nothing was saved and nothing that was typed is lost: the same form, to be sent again."""
        header, _ = self._house.read(
            request, municipality, lambda uow, who: admit(uow, who, Role.SECRETARIAT)
        )
        words = self._house.words(request)
        return self._house.page(
            request,
            "assembly_edit",
            header,
            self._new_crumbs(request, municipality),
            **(self._fields(request, USUAL, form) | {"status": 503}),
            selection=selection,
            selection_title=words.text("assembly_choose.unnamed"),
            assembly=None,
            etag="",
            action=f"{listing(municipality)}/new?selection={selection}",
            back=f"{listing(municipality)}/new",
            request_id=str(uuid4()),
        )

    def settings(self, request: Request, municipality: str, assembly: str) -> Response:
        return self._settings(request, municipality, assembly_id(assembly), Form())

    def update(self, request: Request, municipality: str, assembly: str, form: Sent) -> Response:
        wanted = assembly_id(assembly)
        try:
            wish = _wish(form)
            wish.name = f"municipalities/{municipality}/assemblies/{wanted}"
            wish.etag = form.text("etag")
            mask = FieldMask(paths=_EDITED)
            self._desk.update_assembly(
                caller(request), pb.UpdateAssemblyRequest(assembly=wish, update_mask=mask)
            )
        except DomainError as error:
            if not error.violations:
                raise
            again = form_of(error, self._house.words(request), form.values, _places(error, form))
            return self._settings(request, municipality, wanted, again)
        return redirect(request, f"{base(municipality, wanted)}/tasks")

    def _settings(self, request: Request, municipality: str, wanted: UUID, form: Form) -> Response:
        def work(uow: AssemblyUnitOfWork, who: Caller) -> AssemblyView:
            admit(uow, who, Role.SECRETARIAT)
            view = get_assembly(uow, who, wanted)
            view.assembly.require_open()
            return view

        header, view = self._house.read(request, municipality, work)
        words = self._house.words(request)
        title = words.text("assembly_edit.title")
        return self._house.page(
            request,
            "assembly_edit",
            header,
            staff_crumbs(words, view.assembly, (title, None)),
            **self._fields(request, view.assembly.checkpoints, form),
            selection="",
            selection_title="",
            assembly=view.assembly,
            etag=view.etag,
            action=f"{base(municipality, wanted)}/settings",
            back=f"{base(municipality, wanted)}/tasks",
            request_id="",
        )

    def _fields(self, request: Request, checkpoints: tuple[Checkpoint, ...], form: Form) -> dict[str, Any]:
        rows = max(ROWS, len(checkpoints) + 1)
        shown = [checkpoints[index] if index < len(checkpoints) else None for index in range(rows)]
        return {"rows": shown, "form": form, "status": 400 if form.errors else 200}

    def _new_crumbs(self, request: Request, municipality: str) -> list[tuple[str, str | None]]:
        words = self._house.words(request)
        return [
            (words.text("assemblies.title"), listing(municipality)),
            (words.text("assemblies.new"), None),
        ]


def _wish(form: Posted) -> pb.Assembly:
    """Raises DomainError FORM_INVALID for months that are no number."""
    wish = pb.Assembly(title=form.text("title"), task=form.text("task"), outside=form.text("outside"))
    wrong = []
    for index in _filled(form):
        typed = form.text(f"months_{index}")
        if not typed.isascii() or not typed.isdigit() or len(typed) > 4:
            wrong.append(FieldViolation(f"months_{index}", "NOT_A_WHOLE_NUMBER"))
            continue
        wish.checkpoints.add(
            months=int(typed),
            kind=_chosen(pb.Checkpoint.Kind, "KIND_", form.text(f"kind_{index}")),
            working_day_rule=_chosen(
                pb.Checkpoint.WorkingDayRule, "WORKING_DAY_RULE_", form.text(f"rule_{index}")
            ),
        )
    if wrong:
        raise invalid(*wrong)
    wish.answer_unit = _chosen(pb.Assembly.AnswerUnit, "ANSWER_UNIT_", form.text("answer_unit"))
    return wish


def _filled(form: Posted) -> list[int]:
    """The rows of the form in which months stand."""
    rows = [name.removeprefix("months_") for name in form.values if name.startswith("months_")]
    return [int(row) for row in rows if row.isdigit() and form.text(f"months_{row}")]


def _chosen(enum: Any, prefix: str, typed: str) -> Any:
    """What was chosen; not said where the form names nothing known."""
    return enum.Value(prefix + typed) if prefix + typed in enum.keys() else 0  # noqa: SIM118


def _places(error: DomainError, form: Posted) -> dict[str, str]:
    """Paths of violations to the form's fields."""
    rows = _filled(form)
    places = {
        "assembly.checkpoints": "months_0",
        "assembly.selection": "",
        **{f"assembly.{name}": name for name in ("title", "task", "outside", "answer_unit")},
    }
    for index, row in enumerate(rows):
        places[f"assembly.checkpoints[{index}].months"] = f"months_{row}"
    return places
