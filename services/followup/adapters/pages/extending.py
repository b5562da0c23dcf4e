"""Grant more time, in public: write, look at what will be public, grant. The original date stands."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, Posted, form_of, posted, redirect
from services.followup.adapters.pages.house import (
    House,
    checkpoint_id,
    promise_base,
    promise_crumbs,
    promise_id,
)
from services.followup.adapters.pages.promise import checkpoint_data, paragraphs
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.create_extension import CreateExtension, create_extension
from services.followup.app.gate import ANSWERING, admit
from services.followup.app.get_promise import get_promise
from services.followup.app.ports import UnitOfWork
from services.followup.app.preview_extension import preview_extension
from services.followup.app.views import PromiseView
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.domain.fields import ExtensionFields
from services.followup.words import DateWords

Sent = Annotated[Posted, Depends(posted)]

_PATH = "/{municipality}/promises/{promise}/checkpoints/{checkpoint}/extension"
_KEPT = ("until_date", "office", "reason", "request_id")


class ExtensionPages:
    def __init__(self, house: House, calendar: WorkingCalendar) -> None:
        self._house = house
        self._calendar = calendar

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get(_PATH)(self.write)
        router.post(_PATH)(self.preview)
        router.post(f"{_PATH}/granted")(self.grant)
        return router

    def write(self, request: Request, municipality: str, promise: str, checkpoint: str) -> Response:
        return self._form(request, municipality, promise_id(promise), checkpoint_id(checkpoint), Form())

    def preview(
        self, request: Request, municipality: str, promise: str, checkpoint: str, form: Sent
    ) -> Response:
        wanted, dated = promise_id(promise), checkpoint_id(checkpoint)
        command = CreateExtension(wanted, dated, _fields(form))
        try:
            header, made = self._house.read(
                request,
                municipality,
                lambda uow, who: preview_extension(
                    uow, who, command, clock=self._house.clock, calendar=self._calendar
                ),
            )
        except DomainError as error:
            return self._again(request, municipality, wanted, dated, form, error)
        words = self._house.words(request)
        say = StandWords(words, self._house.formats(request, header))
        here = f"{promise_base(municipality, wanted)}/checkpoints/{dated}/extension"
        return self._house.page(
            request,
            "extension_preview",
            header,
            promise_crumbs(
                words, municipality, wanted, made.promise.title, (words.text("extension_preview.title"), None)
            ),
            address=here,
            promise=made.promise,
            heading=say.heading(made.checkpoint),
            original=made.checkpoint.due,
            due=made.extension.due,
            how=DateWords(words).dates(made.extension.reasons),
            office=made.extension.office,
            reason=paragraphs(made.extension.reason),
            action=f"{here}/granted",
            values={name: form.text(name) for name in _KEPT},
        )

    def grant(
        self, request: Request, municipality: str, promise: str, checkpoint: str, form: Sent
    ) -> Response:
        wanted, dated = promise_id(promise), checkpoint_id(checkpoint)
        if form.text("act") == "edit":
            return self._form(request, municipality, wanted, dated, Form(form.values))
        command = CreateExtension(wanted, dated, _fields(form))

        def work(uow: UnitOfWork, who: Caller) -> str:
            made = create_extension(uow, who, command, clock=self._house.clock, calendar=self._calendar)
            return str(made.extension.id)

        try:
            self._house.write_once(
                request, municipality, form.text("request_id"), form.fingerprint("create_extension"), work
            )
        except DomainError as error:
            return self._again(request, municipality, wanted, dated, form, error)
        return redirect(request, promise_base(municipality, wanted))

    def _again(
        self,
        request: Request,
        municipality: str,
        promise: UUID,
        checkpoint: UUID,
        form: Posted,
        error: DomainError,
    ) -> Response:
        """The form as it was typed, with what is wrong. Raises what no form can show."""
        if not error.violations:
            raise error
        again = form_of(error, self._house.words(request), form.values)
        return self._form(request, municipality, promise, checkpoint, again)

    def _form(
        self, request: Request, municipality: str, promise: UUID, checkpoint: UUID, form: Form
    ) -> Response:
        def work(uow: UnitOfWork, who: Caller) -> PromiseView:
            admit(uow, who, *ANSWERING)
            return get_promise(uow, who, promise, clock=self._house.clock)

        header, view = self._house.read(request, municipality, work)
        dated = view.promise.checkpoint(checkpoint)
        words = self._house.words(request)
        say = StandWords(words, self._house.formats(request, header))
        here = f"{promise_base(municipality, promise)}/checkpoints/{checkpoint}/extension"
        return self._house.page(
            request,
            "extension",
            header,
            promise_crumbs(
                words, municipality, promise, view.promise.title, (words.text("extension.title"), None)
            ),
            address=here,
            promise=view.promise,
            checkpoint=checkpoint_data(view.promise, dated, view.statuses[checkpoint], municipality, say),
            answered=bool(dated.answers),
            action=here,
            back=promise_base(municipality, promise),
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
        )


def _fields(form: Posted) -> ExtensionFields:
    return ExtensionFields(form.text("until_date"), form.text("office"), form.text("reason"))
