"""The volunteer portal's desks on a real store, without a suite around them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from borgerting.volunteer.v1 import person_service_pb2 as person_pb
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_up_pb
from borgerting.volunteer.v1 import task_service_pb2 as pb
from chassis.clock import FixedClock
from chassis.context import Caller
from chassis.db import Database, Transaction
from chassis.entry import Entry
from chassis.tenant_copy import SqlMunicipalities
from chassis.tenants import Municipality
from chassis.testing.stores import noon
from services.volunteer.adapters import tables, wire
from services.volunteer.adapters.person_desk import PersonDesk
from services.volunteer.adapters.sign_up_desk import SignUpDesk
from services.volunteer.adapters.task_desk import TaskDesk
from services.volunteer.adapters.unit_of_work import SqlUnitOfWork
from services.volunteer.app.ports import UnitOfWork
from tests.contract.volunteer.memory import MemoryPromises
from tests.infrastructure.stores import Stores
from tests.unit.volunteer.house import COORDINATOR, HERE, START, THERE, volunteer

MIGRATIONS = "services.volunteer.migrations"


class House:
    def __init__(self, stores: Stores, make_uow: Callable[[Transaction], Any] = SqlUnitOfWork) -> None:
        self.clock: FixedClock = noon()
        self.database: Database = stores.new(tables.metadata, "volunteer", MIGRATIONS, clock=self.clock)
        self.promises = MemoryPromises()
        for slug in (HERE, THERE):
            with self.database.writing(slug) as transaction:
                SqlMunicipalities(transaction).put(
                    Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
                )
        self.use(make_uow)

    def use(self, make_uow: Callable[[Transaction], Any]) -> None:
        """Desks over this kind of unit of work, opened as `service.py` opens it."""
        self.entry: Entry[UnitOfWork] = Entry(self.database, make_uow, concurrent=True)
        self.tasks = TaskDesk(self.entry, self.clock, self.promises)
        self.sign_ups = SignUpDesk(self.entry, self.clock)
        self.people = PersonDesk(self.entry, self.clock)

    def open(self, capacity: int, starts: tuple[datetime, ...] = (START,), hours: float = 2.0) -> list[str]:
        """The slots of an open task."""
        wanted = pb.Task(
            title="Reading friends",
            text="Read aloud.",
            place="The school",
            contact_office="The coordinator",
            contact_phone="20 00 00 01",
        )
        parent = f"municipalities/{HERE}"
        task = self.tasks.create_task(COORDINATOR, pb.CreateTaskRequest(parent=parent, task=wanted))
        slots = []
        for start in starts:
            slot = pb.Slot(
                start_time=wire.timestamp(start),
                end_time=wire.timestamp(start + timedelta(hours=hours)),
                capacity=capacity,
            )
            request = pb.CreateSlotRequest(parent=task.name, slot=slot)
            slots.append(self.tasks.create_slot(COORDINATOR, request).name)
        self.tasks.publish_task(COORDINATOR, pb.PublishTaskRequest(name=task.name))
        return slots

    def known(self, number: int) -> Caller:
        """A volunteer who has said how to reach them."""
        caller = volunteer(number)
        person = person_pb.Person(
            name=f"municipalities/{HERE}/people/me", display_name=f"NAMEMARK{number}", phone="20 99 99 99"
        )
        self.people.update_person(caller, person_pb.UpdatePersonRequest(person=person))
        return caller

    def sign_up(self, slot: str, by: Caller) -> sign_up_pb.SignUp:
        return self.sign_ups.create_sign_up(by, sign_up_pb.CreateSignUpRequest(parent=slot))

    def cancel(self, sign_up: str, by: Caller) -> sign_up_pb.SignUp:
        return self.sign_ups.cancel_sign_up(by, sign_up_pb.CancelSignUpRequest(name=sign_up))

    def resize(self, slot: str, capacity: int) -> pb.Slot:
        request = pb.UpdateSlotRequest(slot=pb.Slot(name=slot, capacity=capacity))
        request.update_mask.paths.append("capacity")
        return self.tasks.update_slot(COORDINATOR, request)

    def slot(self, name: str) -> pb.Slot:
        return self.tasks.get_slot(COORDINATOR, pb.GetSlotRequest(name=name))

    def all(self, slot: str) -> list[sign_up_pb.SignUp]:
        """Its sign-ups in order of arrival."""
        request = sign_up_pb.ListSignUpsRequest(parent=slot, page_size=1000)
        return list(self.sign_ups.list_sign_ups(COORDINATOR, request).sign_ups)
