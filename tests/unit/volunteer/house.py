"""A municipality in memory with tasks, slots and volunteers, for tests of use cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from chassis.auth.principal import NOBODY, Principal, Role
from chassis.clock import FixedClock
from chassis.context import Caller
from chassis.tenants import Municipality
from chassis.testing.stores import NOON, noon
from services.volunteer.app.create_sign_up import CreateSignUp, create_sign_up
from services.volunteer.app.create_slot import CreateSlot, create_slot
from services.volunteer.app.create_task import CreateTask, create_task
from services.volunteer.app.publish_task import publish_task
from services.volunteer.app.task_acts import TaskAct
from services.volunteer.app.update_person import UpdatePerson, update_person
from services.volunteer.app.views import SignUpView
from services.volunteer.domain.person import Contact
from services.volunteer.domain.slot import Slot, SlotFields
from services.volunteer.domain.task import Task, TaskFields
from tests.contract.volunteer.memory import MemoryEntry, MemoryUnitOfWork

R = TypeVar("R")

HERE, THERE = "hjemby", "naboby"
# In April, when clocks in Copenhagen are two hours ahead of UTC.
START = datetime(2027, 4, 6, 12, 0, tzinfo=NOON.tzinfo)
FIELDS = TaskFields("Reading friends", "Read aloud.", "The school", "The coordinator", "20 00 00 01")


def who(role: Role | None, municipality: str | None = HERE, subject: str = "staff-7") -> Caller:
    """None is nobody signed in."""
    principal = NOBODY if role is None else Principal(subject, municipality, frozenset({role}))
    return Caller(principal, "correlation-1", "en")


COORDINATOR = who(Role.COORDINATOR)
ANYONE = who(None)


def volunteer(number: int = 1, municipality: str = HERE) -> Caller:
    return who(Role.VOLUNTEER, municipality, f"volunteer-{number}")


class House:
    """Use cases on a store in memory. `run(f, *args)` gives `f(uow, caller, *args)`."""

    def __init__(self) -> None:
        self.clock: FixedClock = noon()
        self.entry = MemoryEntry()
        for slug in (HERE, THERE):
            entry = Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
            self.entry.run(slug, lambda uow, entry=entry: uow.municipalities.put(entry))

    def run(self, use_case: Callable[..., R], *arguments: Any, by: Caller = COORDINATOR, at: str = HERE) -> R:
        return self.entry.run(at, lambda uow: use_case(uow, by, *arguments))

    def act(self, use_case: Callable[..., R], *arguments: Any, by: Caller = COORDINATOR, at: str = HERE) -> R:
        """A use case that asks for the time."""
        return self.entry.run(at, lambda uow: use_case(uow, by, *arguments, clock=self.clock))

    def direct(self, work: Callable[[MemoryUnitOfWork], R], *, at: str = HERE) -> R:
        return self.entry.run(at, work)

    def task(self, **fields: Any) -> Task:
        return self.act(create_task, CreateTask(replace(FIELDS, **fields))).task

    def slot(
        self, task: UUID, capacity: int = 2, *, start: datetime = START, hours: float = 2.0, zone: str = ""
    ) -> Slot:
        fields = SlotFields(start, start + timedelta(hours=hours), zone, capacity)
        return self.act(create_slot, CreateSlot(task, fields)).slot

    def open(self, capacity: int = 2, **slot: Any) -> Slot:
        """A slot of an open task."""
        made = self.slot(self.task().id, capacity, **slot)
        self.act(publish_task, TaskAct(made.task))
        return made

    def known(self, number: int = 1) -> Caller:
        """A volunteer who has said how to reach them."""
        caller = volunteer(number)
        contact = Contact(f"NAMEMARK{number}", "20 99 99 99", f"mailmark{number}@example.org")
        mask = ("display_name", "phone", "email")
        self.act(update_person, UpdatePerson(None, contact, mask), by=caller)
        return caller

    def sign_up(self, slot: Slot, number: int = 1) -> SignUpView:
        wanted = CreateSignUp(slot.task, slot.id)
        return self.act(create_sign_up, wanted, by=self.known(number))

    def stands(self, slot: Slot) -> Slot:
        return self.direct(lambda uow: uow.slots.get(slot.task, slot.id))

    def person(self, number: int = 1) -> UUID:
        found = self.direct(lambda uow: uow.people.of_subject(f"volunteer-{number}"))
        assert found is not None
        return found.id
