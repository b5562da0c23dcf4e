"""Every use case, every role, the same role of another municipality, and neighbouring services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.auth.principal import Role
from chassis.errors import Code, DomainError
from services.volunteer.app.browse_tasks import browse_tasks, look_at_task
from services.volunteer.app.calendar import get_calendar, reset_calendar
from services.volunteer.app.cancel_sign_up import CancelSignUp, cancel_sign_up
from services.volunteer.app.cancel_slot import CancelSlot, cancel_slot
from services.volunteer.app.cancel_task import cancel_task
from services.volunteer.app.close_task import close_task
from services.volunteer.app.create_person import create_person
from services.volunteer.app.create_sign_up import CreateSignUp, create_sign_up
from services.volunteer.app.create_slot import CreateSlot, create_slot
from services.volunteer.app.create_task import CreateTask, create_task
from services.volunteer.app.delete_person import delete_person
from services.volunteer.app.export_person import export_person
from services.volunteer.app.get_attendance import get_attendance
from services.volunteer.app.get_morning import get_morning
from services.volunteer.app.get_person import get_person
from services.volunteer.app.get_sign_up import get_sign_up
from services.volunteer.app.get_slot import get_slot
from services.volunteer.app.get_task import get_task
from services.volunteer.app.list_person_sign_ups import list_person_sign_ups
from services.volunteer.app.list_sign_ups import list_sign_up_contacts, list_sign_ups
from services.volunteer.app.list_slots import list_slots
from services.volunteer.app.list_tasks import ListTasks, list_tasks
from services.volunteer.app.own_claims import own_claims
from services.volunteer.app.publish_task import publish_task
from services.volunteer.app.sign_up_with_contact import (
    SignUpWithContact,
    sign_up_by_phone,
    sign_up_with_contact,
)
from services.volunteer.app.task_acts import TaskAct
from services.volunteer.app.update_person import UpdatePerson, update_person
from services.volunteer.app.update_slot import UpdateSlot, update_slot
from services.volunteer.app.update_task import UpdateTask, update_task
from services.volunteer.domain.person import Contact
from services.volunteer.domain.slot import SlotFields
from services.volunteer.domain.task import TaskState
from tests.authorisation import Rights
from tests.unit.volunteer.house import FIELDS, HERE, START, THERE, House, who

C, V = Role.COORDINATOR, Role.VOLUNTEER
EVERYONE: frozenset[Role | None] = frozenset({*Role, None})
COORDINATORS: frozenset[Role | None] = frozenset({C})
BOTH: frozenset[Role | None] = frozenset({C, V})

T, S, X = UUID(int=7), UUID(int=8), UUID(int=9)
SLOT = SlotFields(START, START + timedelta(hours=2), "", 2)
CONTACT = Contact("Somebody", "20 00 00 01")

# Use case -> (who may, its arguments after the caller, whether it is handed a clock).
TABLE: dict[Callable[..., Any], tuple[frozenset[Role | None], tuple[Any, ...], bool]] = {
    browse_tasks: (EVERYONE, (), True),
    look_at_task: (EVERYONE, (T,), True),
    get_task: (EVERYONE, (T,), True),
    list_tasks: (EVERYONE, (ListTasks(),), True),
    get_slot: (EVERYONE, (T, S), False),
    list_slots: (EVERYONE, (T,), False),
    # Of who asks: none for who is no volunteer.
    own_claims: (EVERYONE, (), False),
    # Who has the secret: this is none.
    get_calendar: (EVERYONE, ("nonsense",), False),
    reset_calendar: (frozenset({V}), (), True),
    create_task: (COORDINATORS, (CreateTask(FIELDS),), True),
    update_task: (COORDINATORS, (UpdateTask(T, FIELDS, ("title",)),), True),
    publish_task: (COORDINATORS, (TaskAct(T),), True),
    close_task: (COORDINATORS, (TaskAct(T),), True),
    cancel_task: (COORDINATORS, (TaskAct(T),), True),
    create_slot: (COORDINATORS, (CreateSlot(T, SLOT),), True),
    update_slot: (COORDINATORS, (UpdateSlot(T, S, SLOT, ("capacity",)),), True),
    cancel_slot: (COORDINATORS, (CancelSlot(T, S),), True),
    get_morning: (COORDINATORS, (), True),
    get_attendance: (COORDINATORS, (T, S), False),
    list_sign_ups: (COORDINATORS, (T, S), False),
    list_sign_up_contacts: (COORDINATORS, (T, S), False),
    create_person: (COORDINATORS, (CONTACT,), True),
    sign_up_by_phone: (COORDINATORS, (SignUpWithContact(CreateSignUp(T, S), CONTACT),), True),
    sign_up_with_contact: (frozenset({V}), (SignUpWithContact(CreateSignUp(T, S), CONTACT),), True),
    update_person: (frozenset({V}), (UpdatePerson(None, CONTACT, ("phone",)),), True),
    create_sign_up: (BOTH, (CreateSignUp(T, S),), True),
    cancel_sign_up: (BOTH, (CancelSignUp(T, S, X),), True),
    get_sign_up: (BOTH, (T, S, X), False),
    get_person: (BOTH, (X,), False),
    list_person_sign_ups: (BOTH, (X,), False),
    export_person: (BOTH, (X,), False),
    delete_person: (BOTH, (X,), True),
}

# Parts of use cases.
HELPERS = {
    "locked_task",
    "own_person",
    "readable_person",
    "readable_sign_up",
    "task_view",
    "task_views",
}


class TestRights(Rights):
    table = TABLE
    house = House


@pytest.mark.parametrize("municipality", [HERE, THERE])
@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "nobody")
def test_a_draft_is_its_coordinators_alone(role: Role | None, municipality: str) -> None:
    house = House()
    task = house.task()
    assert task.state is TaskState.DRAFT
    caller = who(role, municipality)
    if (role, municipality) == (C, HERE):
        assert house.act(get_task, task.id, by=caller).task.id == task.id
        return
    with pytest.raises(DomainError) as refused:
        house.act(get_task, task.id, by=caller)
    assert (refused.value.code, refused.value.reason) == (Code.NOT_FOUND, "TASK_UNKNOWN")
