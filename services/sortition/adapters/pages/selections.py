"""The secretariat's selections: the list, one selection's task list, its settings."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import DomainError, FieldViolation
from chassis.web import Form, Posted, form_of, invalid, posted, redirect
from services.sortition.adapters.pages.house import (
    House,
    base,
    selection_base,
    selection_crumbs,
    selection_id,
)
from services.sortition.adapters.pages.journey import Journey
from services.sortition.app.create_selection import CreateSelection, create_selection
from services.sortition.app.gate import admit
from services.sortition.app.get_panel import get_panel
from services.sortition.app.get_selection import get_selection
from services.sortition.app.list_draws import list_draws
from services.sortition.app.list_selections import list_selections
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.app.views import DrawView, PanelView, SelectionView
from services.sortition.domain.selection import SelectionFields, SelectionState

Sent = Annotated[Posted, Depends(posted)]


class SelectionPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/selections")(self.listing)
        router.get("/{municipality}/selections/new")(self.new)
        router.post("/{municipality}/selections/new")(self.create)
        router.get("/{municipality}/selections/{selection}")(self.tasks)
        router.get("/{municipality}/selections/{selection}/settings")(self.settings)
        router.post("/{municipality}/selections/{selection}/settings")(self.update)
        return router

    def listing(self, request: Request, municipality: str, page_token: str = "") -> Response:
        header, page = self._house.read(
            request, municipality, lambda uow, who: list_selections(uow, who, 20, page_token)
        )
        words, f = self._house.words(request), self._house.formats(request, header)
        shown = [
            {
                "id": view.selection.id,
                "title": view.selection.title,
                "standing": words.text(
                    f"selections.standing_{view.selection.state.value}",
                    size=f.number(view.selection.size),
                    pool=f.number(view.pool_size),
                ),
            }
            for view in page.items
        ]
        return self._house.page(
            request,
            "selections",
            header,
            [(words.text("selections.title"), None)],
            base=base(municipality),
            selections=shown,
            older=page.next_page_token,
        )

    def new(self, request: Request, municipality: str) -> Response:
        header, _ = self._house.read(
            request, municipality, lambda uow, who: admit(uow, who, Role.SECRETARIAT)
        )
        return self._house.page(request, "selection_edit", header, **self._new_page(request, municipality))

    def create(self, request: Request, municipality: str, form: Sent) -> Response:
        def work(uow: UnitOfWork, who: Caller) -> str:
            fields = _fields(form)
            command = CreateSelection(fields.title, fields.size, fields.purpose, fields.per_address)
            return str(create_selection(uow, who, command, clock=self._house.clock).selection.id)

        try:
            made = self._house.write_once(
                request, municipality, form.text("request_id"), form.fingerprint("create_selection"), work
            )
        except DomainError as error:
            if not error.violations:
                raise
            header, _ = self._house.read(
                request, municipality, lambda uow, who: admit(uow, who, Role.SECRETARIAT)
            )
            again = form_of(error, self._house.words(request), form.values)
            page = self._new_page(request, municipality) | {"form": again, "status": 400}
            return self._house.page(request, "selection_edit", header, **page)
        return redirect(request, selection_base(municipality, made))

    def tasks(self, request: Request, municipality: str, selection: str) -> Response:
        wanted = selection_id(selection)

        def work(
            uow: UnitOfWork, who: Caller
        ) -> tuple[SelectionView, tuple[DrawView, ...], PanelView | None]:
            view = get_selection(uow, who, wanted)
            drawn = view.selection.state is not SelectionState.PREPARING
            panel = get_panel(uow, who, wanted) if drawn else None
            return view, list_draws(uow, who, wanted, 20).items, panel

        header, (view, draws, panel) = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        journey = Journey(view, draws, panel, municipality, words, f)
        return self._house.page(
            request,
            "selection",
            header,
            selection_crumbs(words, municipality, wanted, view.selection.title),
            base=selection_base(municipality, wanted),
            selection=view.selection,
            next=journey.next,
            steps=journey.steps,
            older_draws=journey.earlier_draws,
        )

    def settings(self, request: Request, municipality: str, selection: str) -> Response:
        return self._settings(request, municipality, selection, Form())

    def update(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        wanted = selection_id(selection)

        def work(uow: UnitOfWork, who: Caller) -> None:
            mask: tuple[str, ...] = ("title", "purpose")
            view = get_selection(uow, who, wanted)
            if view.selection.state is SelectionState.PREPARING:
                mask = (*mask, "size", "per_address")
            fields = _fields(form) if len(mask) > 2 else _texts(form, view)
            update_selection(
                uow,
                who,
                UpdateSelection(wanted, fields, mask, etag=form.text("etag")),
                clock=self._house.clock,
            )

        try:
            self._house.write(request, municipality, work)
        except DomainError as error:
            if not error.violations and error.reason != "ETAG_STALE":
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._settings(request, municipality, selection, again)
        return redirect(request, selection_base(municipality, wanted))

    def _settings(self, request: Request, municipality: str, selection: str, form: Form) -> Response:
        wanted = selection_id(selection)
        header, view = self._house.read(
            request, municipality, lambda uow, who: get_selection(uow, who, wanted)
        )
        words = self._house.words(request)
        here = selection_base(municipality, wanted)
        title = words.text("selection_edit.title")
        return self._house.page(
            request,
            "selection_edit",
            header,
            selection_crumbs(words, municipality, wanted, view.selection.title, (title, None)),
            selection=_Settings(view),
            action=f"{here}/settings",
            back=here,
            request_id="",
            form=form,
            status=400 if form.errors else 200,
        )

    def _new_page(self, request: Request, municipality: str) -> dict[str, Any]:
        words = self._house.words(request)
        listing = f"{base(municipality)}/selections"
        return {
            "crumbs": [(words.text("selections.title"), listing), (words.text("selections.new"), None)],
            "selection": None,
            "action": f"{listing}/new",
            "back": listing,
            "request_id": str(uuid4()),
        }


class _Settings:
    """What the settings form shows before anything is typed."""

    def __init__(self, view: SelectionView) -> None:
        self.title = view.selection.title
        self.purpose = view.selection.purpose
        self.size = view.selection.size
        self.per_address = view.selection.per_address or 0
        self.etag = view.etag
        self.open = view.selection.state is SelectionState.PREPARING


def _fields(form: Posted) -> SelectionFields:
    """Raises DomainError for a size that is no number."""
    limit = form.text("per_address", "0")
    if limit not in ("0", "1", "2"):
        raise invalid(FieldViolation("per_address", "FIELD_REQUIRED"))
    return SelectionFields(form.text("title"), form.text("purpose"), form.whole("size"), int(limit))


def _texts(form: Posted, view: SelectionView) -> SelectionFields:
    return SelectionFields(
        form.text("title"), form.text("purpose"), view.selection.size, view.selection.per_address
    )
