"""For coordinators: a new task, from an initiative or not, and a task's words."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, Posted, caller, form_of, redirect
from services.volunteer.adapters.pages.house import House, Sent, base, task_base, task_id
from services.volunteer.app.create_task import CreateTask, create_task
from services.volunteer.app.gate import admit
from services.volunteer.app.get_task import get_task
from services.volunteer.app.ports import Promises, SoughtPromise, UnitOfWork
from services.volunteer.app.promises import find_promise
from services.volunteer.app.update_task import UpdateTask, update_task
from services.volunteer.domain.task import EDITABLE, TaskFields


class TaskFormPages:
    def __init__(self, house: House, promises: Promises) -> None:
        self._house = house
        self._promises = promises

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/tasks/new")(self.new)
        router.post("/{municipality}/tasks/new")(self.create)
        router.get("/{municipality}/tasks/{task}/edit")(self.edit)
        router.post("/{municipality}/tasks/{task}/edit")(self.update)
        return router

    def new(self, request: Request, municipality: str, promise: str = "") -> Response:
        return self._new(request, municipality, promise, Form())

    def _new(self, request: Request, municipality: str, promise: str, form: Form) -> Response:
        header, _ = self._house.read(
            request, municipality, lambda uow, who: admit(uow, who, Role.COORDINATOR)
        )
        found = None if form.errors else self._promise(request, municipality, promise)
        words = self._house.words(request)
        here = f"{base(municipality)}/tasks/new"
        return self._house.page(
            request,
            "task_form",
            header,
            self._house.desk_crumbs(request, municipality, (words.text("vol_form.new_title"), None)),
            task=TaskFields(found.title[:120], found.task, "", "", "") if found else None,
            new=True,
            promise=promise,
            promise_title=found.title if found else "",
            etag="",
            action=here,
            back=f"{base(municipality)}/desk",
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
            address=f"{here}?promise={promise}" if promise else here,
        )

    def create(self, request: Request, municipality: str, form: Sent) -> Response:
        promise = form.text("promise")
        try:
            # Followup is asked before the unit of work is opened, never in it.
            command = CreateTask(_fields(form), self._promise(request, municipality, promise))

            def work(uow: UnitOfWork, who: Caller) -> str:
                return str(create_task(uow, who, command, clock=self._house.clock).task.id)

            made = self._house.write_once(
                request, municipality, form.text("request_id"), form.fingerprint("create_task"), work
            )
        except DomainError as error:
            if not error.violations and error.reason != "NEIGHBOUR_UNAVAILABLE":
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._new(request, municipality, promise, again)
        return redirect(request, f"{base(municipality)}/tasks/{made}/manage")

    def edit(self, request: Request, municipality: str, task: str) -> Response:
        return self._edit(request, municipality, task, Form())

    def _edit(self, request: Request, municipality: str, task: str, form: Form) -> Response:
        wanted = task_id(task)

        def work(uow: UnitOfWork, who: Caller) -> Any:
            admit(uow, who, Role.COORDINATOR)
            return get_task(uow, who, wanted, clock=self._house.clock)

        header, view = self._house.read(request, municipality, work)
        here = task_base(municipality, wanted)
        title = view.task.fields.title
        words = self._house.words(request)
        crumbs = ((title, f"{here}/manage"), (words.text("vol_form.edit_title"), None))
        return self._house.page(
            request,
            "task_form",
            header,
            self._house.desk_crumbs(request, municipality, *crumbs),
            task=view.task.fields,
            new=False,
            promise="",
            promise_title=view.task.promise_title,
            etag=view.etag,
            action=f"{here}/edit",
            back=f"{here}/manage",
            request_id="",
            form=form,
            status=400 if form.errors else 200,
        )

    def update(self, request: Request, municipality: str, task: str, form: Sent) -> Response:
        command = UpdateTask(task_id(task), _fields(form), tuple(sorted(EDITABLE)), etag=form.text("etag"))
        try:
            self._house.write(
                request,
                municipality,
                lambda uow, who: update_task(uow, who, command, clock=self._house.clock),
            )
        except DomainError as error:
            if not error.violations and error.reason not in ("ETAG_STALE", "TASK_CANCELLED"):
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._edit(request, municipality, task, again)
        return redirect(request, f"{task_base(municipality, command.task)}/manage")

    def _promise(self, request: Request, municipality: str, promise: str) -> SoughtPromise | None:
        """The initiative by its id in the address. Raises DomainError as `find_promise`."""
        if not promise:
            return None
        name = f"municipalities/{municipality}/promises/{promise}"
        return find_promise(self._promises, caller(request), municipality, name)


def _fields(form: Posted) -> TaskFields:
    return TaskFields(
        title=form.text("title"),
        text=form.text("text"),
        place=form.text("place"),
        contact_office=form.text("contact_office"),
        contact_phone=form.text("contact_phone"),
        requirements=form.text("requirements"),
        private_text=form.text("private_text"),
    )
