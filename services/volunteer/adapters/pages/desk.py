"""For coordinators: the morning, and one task with its slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.web import Form, caller, form_of, redirect
from services.volunteer.adapters.pages.house import House, Sent, base, slot_base, task_base, task_id
from services.volunteer.app.browse_tasks import Offer, look_at_task
from services.volunteer.app.cancel_task import cancel_task
from services.volunteer.app.close_task import close_task
from services.volunteer.app.gate import admit
from services.volunteer.app.get_morning import get_morning
from services.volunteer.app.list_tasks import ListTasks, list_tasks
from services.volunteer.app.ports import Promises, SoughtPromise, UnitOfWork
from services.volunteer.app.promises import list_promises
from services.volunteer.app.publish_task import publish_task
from services.volunteer.app.task_acts import TaskAct
from services.volunteer.app.views import Morning, TaskView
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskState

_MOST = 100
_MOST_SLOTS = 1000


class DeskPages:
    def __init__(self, house: House, promises: Promises) -> None:
        self._house = house
        self._promises = promises

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/desk")(self.morning)
        here = "/{municipality}/tasks/{task}"
        router.get(f"{here}/manage")(self.manage)
        router.post(f"{here}/publish")(self.publish)
        router.post(f"{here}/close")(self.close)
        router.get(f"{here}/cancel")(self.ask_cancel)
        router.post(f"{here}/cancel")(self.cancel)
        return router

    def morning(self, request: Request, municipality: str) -> Response:
        clock = self._house.clock

        def work(uow: UnitOfWork, who: Caller) -> tuple[Morning, Sequence[TaskView], Sequence[TaskView]]:
            morning = get_morning(uow, who, clock=clock)
            running, closed = (
                list_tasks(uow, who, ListTasks(state, _MOST), clock=clock).items
                for state in (TaskState.OPEN, TaskState.CLOSED)
            )
            return morning, running, closed

        header, (morning, running, closed) = self._house.read(request, municipality, work)
        # Followup is asked after the unit of work has ended; its words are its own.
        titles, away = self._titles(request, municipality) if morning.sought else ({}, False)
        return self._house.page(
            request,
            "desk",
            header,
            self._house.desk_crumbs(request, municipality),
            base=base(municipality),
            short=[self._row(request, slot, task) for slot, task in morning.short],
            queued=[self._row(request, slot, task) for slot, task in morning.queued],
            drafts=[_task_row(task) for task in morning.drafts],
            running=[_task_row(view.task, view) for view in running],
            closed=[_task_row(view.task) for view in closed],
            sought=[
                {
                    "title": titles[name].title,
                    "wanted": wanted,
                    "task": titles[name].task,
                    "address": f"{base(municipality)}/tasks/new?promise={name.rsplit('/', 1)[-1]}",
                }
                for name, wanted in morning.sought.items()
                if name in titles
            ],
            sought_unknown=len(morning.sought) if away else 0,
        )

    def _titles(self, request: Request, municipality: str) -> tuple[dict[str, SoughtPromise], bool]:
        """What followup says of the promises, by name, and whether it was away."""
        try:
            found = list_promises(self._promises, caller(request), municipality)
        except DomainError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            return {}, True
        return {promise.name: promise for promise in found}, False

    def manage(self, request: Request, municipality: str, task: str) -> Response:
        return self._manage(request, municipality, task, Form())

    def _manage(self, request: Request, municipality: str, task: str, form: Form) -> Response:
        wanted = task_id(task)

        def work(uow: UnitOfWork, who: Caller) -> tuple[Offer, Sequence[Slot]]:
            admit(uow, who, Role.COORDINATOR)
            return look_at_task(uow, who, wanted, clock=self._house.clock), uow.slots.page(
                wanted, _MOST_SLOTS, None
            )

        header, (offer, slots) = self._house.read(request, municipality, work)
        found = offer.view.task
        return self._house.page(
            request,
            "manage",
            header,
            self._house.desk_crumbs(request, municipality, (found.fields.title, None)),
            base=task_base(municipality, found.id),
            task=found.fields,
            state=found.state.value,
            places=offer.view.places,
            has_slots=bool(offer.slots),
            etag=offer.view.etag,
            slots=[self._slot(request, slot) for slot in sorted(slots, key=lambda slot: slot.start)],
            form=form,
            status=400 if form.errors else 200,
        )

    def publish(self, request: Request, municipality: str, task: str, form: Sent) -> Response:
        return self._act(request, municipality, task, form, publish_task)

    def close(self, request: Request, municipality: str, task: str, form: Sent) -> Response:
        return self._act(request, municipality, task, form, close_task)

    def ask_cancel(self, request: Request, municipality: str, task: str) -> Response:
        wanted = task_id(task)

        def work(uow: UnitOfWork, who: Caller) -> Offer:
            admit(uow, who, Role.COORDINATOR)
            return look_at_task(uow, who, wanted, clock=self._house.clock)

        header, offer = self._house.read(request, municipality, work)
        found, words = offer.view.task, self._house.words(request)
        here = task_base(municipality, found.id)
        return self._house.page(
            request,
            "confirm",
            header,
            self._house.desk_crumbs(request, municipality, (found.fields.title, f"{here}/manage")),
            heading=words.text("vol_cancel_task.heading", title=found.fields.title),
            lead=words.plural("vol_cancel_task.lead", len(offer.slots)),
            facts=[
                words.plural("vol_cancel_task.confirmed", sum(slot.confirmed for slot in offer.slots)),
                words.plural("vol_cancel_task.waiting", sum(slot.waiting for slot in offer.slots)),
                words.text("vol_cancel_task.for_good"),
            ],
            question=words.text("vol_cancel_task.question"),
            button=words.text("vol_cancel_task.button"),
            action=f"{here}/cancel",
            back=f"{here}/manage",
            values={"etag": offer.view.etag},
        )

    def cancel(self, request: Request, municipality: str, task: str, form: Sent) -> Response:
        return self._act(request, municipality, task, form, cancel_task)

    def _act(self, request: Request, municipality: str, task: str, form: Sent, use_case: Any) -> Response:
        command = TaskAct(task_id(task), form.text("etag"))
        clock: Clock = self._house.clock
        try:
            self._house.write(
                request, municipality, lambda uow, who: use_case(uow, who, command, clock=clock)
            )
        except DomainError as error:
            if error.code not in (Code.FAILED_PRECONDITION, Code.ABORTED):
                raise
            again = form_of(error, self._house.words(request), {})
            return self._manage(request, municipality, task, again)
        return redirect(request, f"{task_base(municipality, command.task)}/manage")

    def _row(self, request: Request, slot: Slot, task: Task) -> dict[str, Any]:
        return {
            "title": task.fields.title,
            "when": self._house.when(request, slot),
            "missing": slot.vacant,
            "waiting": slot.waiting,
            "address": f"{slot_base(slot)}/people",
        }

    def _slot(self, request: Request, slot: Slot) -> dict[str, Any]:
        return {
            "when": self._house.when(request, slot),
            "confirmed": slot.confirmed,
            "capacity": slot.capacity,
            "waiting": slot.waiting,
            "cancelled": slot.cancelled,
            "coming": slot.to_come(self._house.clock.now()),
            "base": slot_base(slot),
        }


def _task_row(task: Task, view: TaskView | None = None) -> dict[str, Any]:
    return {
        "title": task.fields.title,
        "address": f"{task_base(task.municipality, task.id)}/manage",
        "places": view.places if view else None,
    }
