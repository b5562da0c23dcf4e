"""The secretariat's draw: set it up, watch it, publish the panels, type the number, publish the result."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError, FieldViolation
from chassis.web import Form, HeaderMunicipality, Posted, form_of, invalid, is_fragment, posted, redirect
from services.sortition.adapters.pages.draw_words import DrawWords
from services.sortition.adapters.pages.house import (
    House,
    draw_id,
    selection_base,
    selection_crumbs,
    selection_id,
)
from services.sortition.adapters.pages.journey import AT_WORK, number_text
from services.sortition.app.cancel_draw import cancel_draw
from services.sortition.app.create_draw import CreateDraw, create_draw
from services.sortition.app.draw_acts import DrawAct
from services.sortition.app.get_draw import get_draw
from services.sortition.app.get_draw_file import get_draw_file
from services.sortition.app.get_selection import get_selection
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.publish_commitment import publish_commitment
from services.sortition.app.publish_draw import publish_draw
from services.sortition.app.reveal_draw import RevealDraw, reveal_draw
from services.sortition.app.views import DrawView, SelectionView
from services.sortition.domain.draw import DrawMethod, DrawMode, DrawState, check_request, check_reveal

Sent = Annotated[Posted, Depends(posted)]

# The acts that have a confirming page of their own; the number's comes from its form.
ACTS = {"commit": publish_commitment, "publish": publish_draw, "cancel": cancel_draw}
REFRESH_SECONDS = 3


class DrawPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/selections/{selection}/draws"
        router.get(f"{here}/new")(self.new)
        router.post(f"{here}/new")(self.ask)
        router.post(here)(self.create)
        router.get(f"{here}/{{draw}}")(self.show)
        router.get(f"{here}/{{draw}}/files/{{filename}}")(self.file)
        router.post(f"{here}/{{draw}}/reveal")(self.ask_number)
        router.post(f"{here}/{{draw}}/reveal/confirmed")(self.reveal)
        router.get(f"{here}/{{draw}}/{{act}}")(self.ask_act)
        router.post(f"{here}/{{draw}}/{{act}}")(self.act)
        return router

    def new(self, request: Request, municipality: str, selection: str) -> Response:
        return self._new(request, municipality, selection_id(selection), Form())

    def ask(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        """What will be public and fixed, and once more: shall it be drawn?"""
        wanted = selection_id(selection)
        try:
            command = _draw_command(wanted, form)
            check_request(command.mode, command.panels, command.seed, command.announced)
        except DomainError as error:
            again = form_of(error, self._house.words(request), form.values)
            return self._new(request, municipality, wanted, again)
        header, view = self._house.read(
            request, municipality, lambda uow, who: get_selection(uow, who, wanted)
        )
        say = DrawWords(self._house.words(request), self._house.formats(request, header))
        here = selection_base(municipality, wanted)
        values = {
            "mode": command.mode.value,
            "method": command.method.value,
            "panels": str(command.panels),
            "seed": command.seed,
            "announced": command.announced,
            "request_id": str(uuid4()),
        }
        return self._confirm(
            request,
            header,
            view,
            say.before_draw(command, view),
            action=f"{here}/draws",
            back=f"{here}/draws/new",
            values=values,
        )

    def create(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        wanted = selection_id(selection)
        command = _draw_command(wanted, form)

        def work(uow: UnitOfWork, who: Caller) -> str:
            return str(create_draw(uow, who, command, clock=self._house.clock).draw.id)

        made = self._house.write_once(
            request, municipality, form.text("request_id"), form.fingerprint("create_draw"), work
        )
        return redirect(request, f"{selection_base(municipality, wanted)}/draws/{made}")

    def show(self, request: Request, municipality: str, selection: str, draw: str) -> Response:
        return self._draw(request, municipality, selection_id(selection), draw_id(draw), Form())

    def file(self, request: Request, municipality: str, selection: str, draw: str, filename: str) -> Response:
        wanted, drawn = selection_id(selection), draw_id(draw)
        _, file = self._house.read(
            request, municipality, lambda uow, who: get_draw_file(uow, who, wanted, drawn, filename)
        )
        return attachment(file.content, file.media_type, file.filename, public=file.public)

    def ask_number(
        self, request: Request, municipality: str, selection: str, draw: str, form: Sent
    ) -> Response:
        """The number as typed, read back, and once more: is it right?"""
        wanted, drawn = selection_id(selection), draw_id(draw)
        header, (view, shown) = self._read(request, municipality, wanted, drawn)
        try:
            number, randomness, note = _number(form)
            check_reveal(shown.draw, number, randomness, note)
        except DomainError as error:
            again = form_of(error, self._house.words(request), form.values)
            return self._draw(request, municipality, wanted, drawn, again)
        say = DrawWords(self._house.words(request), self._house.formats(request, header))
        here = f"{selection_base(municipality, wanted)}/draws/{drawn}"
        values = {
            "source": form.text("source"),
            "number": form.text("number"),
            "randomness": randomness,
            "note": note,
            "etag": shown.etag,
        }
        return self._confirm(
            request,
            header,
            view,
            say.before_reveal(shown.draw, number, randomness, note),
            action=f"{here}/reveal/confirmed",
            back=here,
            values=values,
        )

    def reveal(self, request: Request, municipality: str, selection: str, draw: str, form: Sent) -> Response:
        wanted, drawn = selection_id(selection), draw_id(draw)
        number, randomness, note = _number(form)
        command = RevealDraw(wanted, drawn, number, randomness, note, form.text("etag"))

        def work(uow: UnitOfWork, who: Caller) -> None:
            reveal_draw(uow, who, command, clock=self._house.clock)

        self._house.write(request, municipality, work)
        return redirect(request, f"{selection_base(municipality, wanted)}/draws/{drawn}")

    def ask_act(self, request: Request, municipality: str, selection: str, draw: str, act: str) -> Response:
        wanted, drawn = selection_id(selection), draw_id(draw)
        header, (view, shown) = self._read(request, municipality, wanted, drawn)
        say = DrawWords(self._house.words(request), self._house.formats(request, header))
        here = f"{selection_base(municipality, wanted)}/draws/{drawn}"
        if act not in say.possible(shown.draw):
            # Somebody else was quicker, or the address was typed: the draw's page says where it stands.
            return redirect(request, here)
        return self._confirm(
            request,
            header,
            view,
            say.before_act(act, shown.draw),
            action=f"{here}/{act}",
            back=here,
            values={"etag": shown.etag},
        )

    def act(
        self, request: Request, municipality: str, selection: str, draw: str, act: str, form: Sent
    ) -> Response:
        wanted, drawn = selection_id(selection), draw_id(draw)
        use_case = ACTS.get(act)
        if use_case is not None:
            command = DrawAct(wanted, drawn, form.text("etag"))
            self._house.write(
                request, municipality, lambda uow, who: use_case(uow, who, command, clock=self._house.clock)
            )
        return redirect(request, f"{selection_base(municipality, wanted)}/draws/{drawn}")

    def _read(
        self, request: Request, municipality: str, wanted: UUID, drawn: UUID
    ) -> tuple[HeaderMunicipality, tuple[SelectionView, DrawView]]:
        return self._house.read(
            request,
            municipality,
            lambda uow, who: (get_selection(uow, who, wanted), get_draw(uow, who, wanted, drawn)),
        )

    def _new(self, request: Request, municipality: str, wanted: UUID, form: Form) -> Response:
        header, view = self._house.read(
            request, municipality, lambda uow, who: get_selection(uow, who, wanted)
        )
        words = self._house.words(request)
        title = (words.text("journey.draw"), None)
        return self._house.page(
            request,
            "draw_new",
            header,
            selection_crumbs(words, municipality, wanted, view.selection.title, title),
            base=selection_base(municipality, wanted),
            selection={"size": view.selection.size, "pool_size": view.pool_size},
            form=form,
            status=400 if form.errors else 200,
        )

    def _draw(self, request: Request, municipality: str, wanted: UUID, drawn: UUID, form: Form) -> Response:
        header, (view, shown) = self._read(request, municipality, wanted, drawn)
        words, f = self._house.words(request), self._house.formats(request, header)
        say = DrawWords(words, f)
        draw = shown.draw
        listing = selection_base(municipality, wanted)
        here = f"{listing}/draws/{drawn}"
        running = draw.state in AT_WORK
        progress = say.progress(shown, here)
        if is_fragment(request):
            if not running:
                return redirect(request, here)
            return self._house.page(request, "draw_progress", header, progress=progress)
        page: dict[str, Any] = {
            "base": here,
            "address": here,
            "back": listing,
            "state": draw.state.value,
            "running": running,
            "progress": progress,
            "refresh_seconds": REFRESH_SECONDS if running else None,
            "heading": say.heading(draw),
            "lead": say.lead(draw),
            "failure": words.error(draw.failure_reason, draw.failure_metadata)
            if draw.state is DrawState.FAILED
            else "",
            "figures": say.figures(draw),
            "acts": say.acts(draw, here),
            "last_number": number_text(draw.panels - 1, draw.panels),
            "announced": draw.announced,
            "files": say.files(shown),
            "public_address": f"/sortition/{municipality}/draws/{drawn}" if draw.public else "",
            "form": form,
            "status": 400 if form.errors else 200,
        }
        crumb = (words.text("draw.crumb"), None)
        crumbs = selection_crumbs(words, municipality, wanted, view.selection.title, crumb)
        return self._house.page(request, "draw", header, crumbs, **page)

    def _confirm(
        self,
        request: Request,
        header: HeaderMunicipality,
        view: SelectionView,
        told: dict[str, Any],
        *,
        action: str,
        back: str,
        values: dict[str, str],
    ) -> Response:
        crumb = (told["heading"], None)
        crumbs = selection_crumbs(
            self._house.words(request), header.slug, view.selection.id, view.selection.title, crumb
        )
        return self._house.page(
            request,
            "confirm",
            header,
            crumbs,
            **told,
            action=action,
            back=back,
            values=values,
            # A confirming page that answers a form is shown again from the form.
            address=None if request.method == "GET" else back,
        )


def _draw_command(wanted: UUID, form: Posted) -> CreateDraw:
    """Raises DomainError for choices that no form of ours offers."""
    mode, method = form.text("mode"), form.text("method")
    if mode not in set(DrawMode) or method not in set(DrawMethod):
        raise invalid(FieldViolation("mode", "FIELD_REQUIRED"))
    chosen = DrawMode(mode)
    return CreateDraw(
        wanted,
        chosen,
        DrawMethod(method),
        form.whole("panels"),
        form.text("seed") if chosen is DrawMode.SEEDED else "",
        form.text("announced") if chosen is DrawMode.PUBLIC else "",
    )


def _number(form: Posted) -> tuple[int | None, str, str]:
    """The number or the text it follows from (whichever was chosen), and the note."""
    note = form.text("note")
    if form.text("source") == "randomness":
        if not form.text("randomness"):
            raise invalid(FieldViolation("randomness", "FIELD_REQUIRED"))
        return None, form.text("randomness"), note
    return form.whole("number"), "", note


def attachment(content: bytes, media_type: str, filename: str, *, public: bool) -> Response:
    """A file to keep. Nothing in it is ever shown as a page of ours."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Cache-Control": "public, max-age=60" if public else "no-store",
    }
    return Response(content, media_type=media_type, headers=headers)
