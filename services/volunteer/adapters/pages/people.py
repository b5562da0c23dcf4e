"""For coordinators: who comes to a slot, and somebody who phones."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, form_of, redirect
from services.volunteer.adapters.pages.house import House, Sent, slot_base, slot_id, task_base, task_id
from services.volunteer.app.create_sign_up import CreateSignUp
from services.volunteer.app.get_attendance import get_attendance
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.sign_up_with_contact import SignUpWithContact, sign_up_by_phone
from services.volunteer.app.views import SignUpContact
from services.volunteer.domain.person import Contact
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import TaskState

_EXPLAINED = frozenset({"TASK_NOT_OPEN", "SLOT_CANCELLED", "SLOT_OVER"})


class PeoplePages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/tasks/{task}/slots/{slot}/people"
        router.get(here)(self.show)
        router.post(here)(self.enter)
        return router

    def show(self, request: Request, municipality: str, task: str, slot: str) -> Response:
        return self._show(request, municipality, task, slot, Form())

    def _show(self, request: Request, municipality: str, task: str, slot: str, form: Form) -> Response:
        ids = task_id(task), slot_id(slot)
        header, found = self._house.look(
            request, municipality, lambda uow, who: get_attendance(uow, who, *ids)
        )
        words, here = self._house.words(request), task_base(municipality, ids[0])
        of_slot = found.slot.slot
        coming = of_slot.to_come(self._house.clock.now())
        return self._house.page(
            request,
            "people",
            header,
            self._house.desk_crumbs(
                request,
                municipality,
                (found.task.fields.title, f"{here}/manage"),
                (words.text("vol_people.title"), None),
            ),
            title=found.task.fields.title,
            when=self._house.when(request, of_slot),
            capacity=of_slot.capacity,
            confirmed=of_slot.confirmed,
            coming=[_row(item, of_slot) for item in found.coming],
            queue=[_row(item, of_slot) for item in found.queue],
            can_cancel=coming,
            can_enter=coming and found.task.state is TaskState.OPEN,
            next_number=of_slot.waiting + 1,
            free=of_slot.free,
            action=f"{slot_base(of_slot)}/people",
            manage=f"{here}/manage",
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
        )

    def enter(self, request: Request, municipality: str, task: str, slot: str, form: Sent) -> Response:
        wanted = CreateSignUp(task_id(task), slot_id(slot))
        contact = Contact(form.text("display_name"), form.text("phone"), form.text("email"))

        def work(uow: UnitOfWork, who: Caller) -> str:
            command = SignUpWithContact(wanted, contact)
            return sign_up_by_phone(uow, who, command, clock=self._house.clock).sign_up.name

        act = form.fingerprint(f"sign_up_by_phone {wanted.task} {wanted.slot}")
        try:
            self._house.write_once(request, municipality, form.text("request_id"), act, work)
        except DomainError as error:
            if not error.violations and error.reason not in _EXPLAINED:
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._show(request, municipality, task, slot, again)
        return redirect(request, f"{task_base(municipality, wanted.task)}/slots/{wanted.slot}/people")


def _row(item: SignUpContact, slot: Slot) -> dict[str, Any]:
    return {
        "name": item.contact.display_name,
        "phone": item.contact.phone,
        "email": item.contact.email,
        "queue_number": item.sign_up.queue_number,
        "cancel": f"{slot_base(slot)}/sign-ups/{item.sign_up.sign_up.id}/cancel",
    }
