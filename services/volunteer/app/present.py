"""From what is kept to what is answered, for several use cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.aip.updates import make_etag
from chassis.context import Caller
from services.volunteer.app.gate import coordinates, volunteers
from services.volunteer.app.ports import Places, UnitOfWork
from services.volunteer.app.views import PersonView, SignUpView, SlotView, TaskView
from services.volunteer.domain.person import NO_CONTACT, Contact, Person
from services.volunteer.domain.sign_up import SignUp
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task


def task_etag(task: Task) -> str:
    return make_etag(task.name, task.version)


def task_view(uow: UnitOfWork, caller: Caller, task: Task, now: datetime) -> TaskView:
    return task_views(uow, caller, [task], now)[0]


def task_views(uow: UnitOfWork, caller: Caller, tasks: Sequence[Task], now: datetime) -> list[TaskView]:
    """With the private text where it is meant for the caller: coordinators, and who has a place."""
    places = uow.slots.places([task.id for task in tasks], now)
    everything = coordinates(uow, caller)
    mine = set() if everything else _tasks_with_a_place(uow, caller)
    return [
        TaskView(
            task,
            places.get(task.id, Places()),
            task.fields.private_text if everything or task.id in mine else "",
            task_etag(task),
        )
        for task in tasks
    ]


def _tasks_with_a_place(uow: UnitOfWork, caller: Caller) -> set[object]:
    person = uow.people.of_subject(caller.principal.subject) if volunteers(uow, caller) else None
    if person is None:
        return set()
    return {sign_up.task for sign_up in uow.sign_ups.live_of(person.id) if sign_up.holds}


def slot_view(slot: Slot) -> SlotView:
    return SlotView(slot, make_etag(slot.name, slot.version))


def sign_up_view(uow: UnitOfWork, sign_up: SignUp) -> SignUpView:
    return sign_up_views(uow, [sign_up])[0]


def sign_up_views(uow: UnitOfWork, sign_ups: Sequence[SignUp]) -> list[SignUpView]:
    numbers = uow.sign_ups.queue_numbers(sign_ups)
    return [SignUpView(sign_up, numbers.get(sign_up.id, 0)) for sign_up in sign_ups]


def person_view(person: Person, contact: Contact | None) -> PersonView:
    return PersonView(person, contact or NO_CONTACT, make_etag(person.name, person.version))
