"""Answer for the council: write, look at what will be public, publish. It cannot be taken back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, HeaderMunicipality, Posted, form_of, posted, redirect
from services.followup.adapters.pages.house import (
    House,
    checkpoint_id,
    promise_base,
    promise_crumbs,
    promise_id,
)
from services.followup.adapters.pages.promise import answer_data, checkpoint_data
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.create_answer import CreateAnswer, create_answer
from services.followup.app.gate import ANSWERING, admit
from services.followup.app.get_promise import get_promise
from services.followup.app.ports import UnitOfWork
from services.followup.app.preview_answer import preview_answer
from services.followup.app.views import PromiseView
from services.followup.domain.checkpoint import Decision
from services.followup.domain.fields import MAX_EVIDENCE, AnswerFields

Sent = Annotated[Posted, Depends(posted)]

_PATH = "/{municipality}/promises/{promise}/checkpoints/{checkpoint}/answer"
_FIELDS = {f"evidence_uris[{index}]": "evidence_uris" for index in range(MAX_EVIDENCE)}
_KEPT = ("decision", "reason", "committee", "office", "actions", "evidence_uris", "request_id")


class AnswerPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get(_PATH)(self.write)
        router.post(_PATH)(self.preview)
        router.post(f"{_PATH}/published")(self.publish)
        return router

    def write(self, request: Request, municipality: str, promise: str, checkpoint: str) -> Response:
        return self._form(request, municipality, promise_id(promise), checkpoint_id(checkpoint), Form())

    def preview(
        self, request: Request, municipality: str, promise: str, checkpoint: str, form: Sent
    ) -> Response:
        """The page of its own that shows what becomes public."""
        wanted, dated = promise_id(promise), checkpoint_id(checkpoint)
        command = CreateAnswer(wanted, dated, _fields(form))
        try:
            header, made = self._house.read(
                request,
                municipality,
                lambda uow, who: preview_answer(uow, who, command, clock=self._house.clock),
            )
        except DomainError as error:
            return self._again(request, municipality, wanted, dated, form, error)
        words = self._house.words(request)
        say = StandWords(words, self._house.formats(request, header))
        here = f"{promise_base(municipality, wanted)}/checkpoints/{dated}/answer"
        return self._house.page(
            request,
            "answer_preview",
            header,
            promise_crumbs(
                words, municipality, wanted, made.promise.title, (words.text("answer_preview.title"), None)
            ),
            address=here,
            promise=made.promise,
            heading=say.heading(made.checkpoint),
            answer=answer_data(made.answer, say),
            later=len(made.checkpoint.answers) > 1,
            action=f"{here}/published",
            values={name: form.text(name) for name in _KEPT},
        )

    def publish(
        self, request: Request, municipality: str, promise: str, checkpoint: str, form: Sent
    ) -> Response:
        wanted, dated = promise_id(promise), checkpoint_id(checkpoint)
        if form.text("act") == "edit":
            return self._form(request, municipality, wanted, dated, Form(form.values))
        command = CreateAnswer(wanted, dated, _fields(form))

        def work(uow: UnitOfWork, who: Caller) -> str:
            return str(create_answer(uow, who, command, clock=self._house.clock).answer.id)

        try:
            self._house.write_once(
                request, municipality, form.text("request_id"), form.fingerprint("create_answer"), work
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
        if not error.violations and error.reason != "CHECKPOINT_NOT_OPEN":
            raise error
        again = form_of(error, self._house.words(request), form.values, _FIELDS)
        return self._form(request, municipality, promise, checkpoint, again)

    def _form(
        self, request: Request, municipality: str, promise: UUID, checkpoint: UUID, form: Form
    ) -> Response:
        def work(uow: UnitOfWork, who: Caller) -> PromiseView:
            admit(uow, who, *ANSWERING)
            return get_promise(uow, who, promise, clock=self._house.clock)

        header, view = self._house.read(request, municipality, work)
        return self._page(request, municipality, header, view, checkpoint, form)

    def _page(
        self,
        request: Request,
        municipality: str,
        header: HeaderMunicipality,
        view: PromiseView,
        checkpoint: UUID,
        form: Form,
    ) -> Response:
        dated = view.promise.checkpoint(checkpoint)
        words = self._house.words(request)
        say = StandWords(words, self._house.formats(request, header))
        here = f"{promise_base(municipality, view.promise.id)}/checkpoints/{checkpoint}/answer"
        return self._house.page(
            request,
            "answer",
            header,
            promise_crumbs(
                words, municipality, view.promise.id, view.promise.title, (words.text("answer.title"), None)
            ),
            address=here,
            promise=view.promise,
            checkpoint=checkpoint_data(view.promise, dated, view.statuses[checkpoint], municipality, say),
            decisions=[
                (each.value, words.text(f"decision.{each.value}"), words.text(f"decision.more_{each.value}"))
                for each in Decision
            ],
            action=here,
            back=promise_base(municipality, view.promise.id),
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
        )


def _fields(form: Posted) -> AnswerFields:
    chosen = form.text("decision")
    lines = form.text("evidence_uris").splitlines()
    return AnswerFields(
        decision=Decision(chosen) if chosen in set(Decision) else None,
        reason=form.text("reason"),
        committee=form.text("committee"),
        office=form.text("office"),
        actions=form.text("actions"),
        evidence_uris=tuple(line.strip() for line in lines if line.strip()),
    )
