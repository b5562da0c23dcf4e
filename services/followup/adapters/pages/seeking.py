"""Say how many volunteers an initiative needs, or that it needs no more. It can be changed again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, Posted, form_of, posted, redirect
from services.followup.adapters.pages.house import House, promise_base, promise_crumbs, promise_id
from services.followup.app.gate import SEEKING, admit
from services.followup.app.get_promise import get_promise
from services.followup.app.ports import UnitOfWork
from services.followup.app.seek_volunteers import SeekVolunteers, seek_volunteers
from services.followup.app.views import PromiseView
from services.followup.domain.fields import SeekFields

Sent = Annotated[Posted, Depends(posted)]


class SeekPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/promises/{promise}/volunteers")(self.form)
        router.post("/{municipality}/promises/{promise}/volunteers")(self.seek)
        return router

    def form(self, request: Request, municipality: str, promise: str) -> Response:
        return self._form(request, municipality, promise, Form())

    def seek(self, request: Request, municipality: str, promise: str, form: Sent) -> Response:
        wanted = promise_id(promise)

        def work(uow: UnitOfWork, who: Caller) -> None:
            # Rights are asked before what was typed is looked at.
            admit(uow, who, *SEEKING)
            number = 0 if form.text("act") == "stop" else form.whole("wanted")
            command = SeekVolunteers(wanted, SeekFields(number, form.text("task")), form.text("etag"))
            seek_volunteers(uow, who, command, clock=self._house.clock)

        try:
            self._house.write(request, municipality, work)
        except DomainError as error:
            if not error.violations and error.reason != "PROMISE_NOT_FOLLOWED":
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._form(request, municipality, promise, again)
        return redirect(request, promise_base(municipality, wanted))

    def _form(self, request: Request, municipality: str, promise: str, form: Form) -> Response:
        wanted = promise_id(promise)

        def work(uow: UnitOfWork, who: Caller) -> PromiseView:
            admit(uow, who, *SEEKING)
            return get_promise(uow, who, wanted, clock=self._house.clock)

        header, view = self._house.read(request, municipality, work)
        words, found = self._house.words(request), view.promise
        latest = view.standing.latest
        return self._house.page(
            request,
            "seek",
            header,
            promise_crumbs(words, municipality, wanted, found.title, (words.text("seek.title"), None)),
            promise=found,
            followed=latest is not None and latest.decision.follows,
            etag=view.etag,
            back=promise_base(municipality, wanted),
            form=form,
            status=400 if form.errors else 200,
        )
