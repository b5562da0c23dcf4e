"""A municipality's volunteers and tasks, asked for as other systems and browsers do: by gRPC and by pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from borgerting.deliberation.v1 import municipality_service_pb2 as municipalities
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as municipalities_grpc
from borgerting.volunteer.v1 import person_service_pb2 as people
from borgerting.volunteer.v1 import person_service_pb2_grpc as people_grpc
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_ups
from borgerting.volunteer.v1 import sign_up_service_pb2_grpc as sign_ups_grpc
from borgerting.volunteer.v1 import task_service_pb2 as tasks
from borgerting.volunteer.v1 import task_service_pb2_grpc as tasks_grpc
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from tests.e2e.rolling.fleet import Fleet

SLUG = "strandby"
PLACE = f"municipalities/{SLUG}"
_Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks that were opened together, and their slots: one a day, so that nobody's overlap."""

    tasks: Sequence[str]
    slots: Sequence[str]


class Portal:
    """Its calls raise grpc.RpcError, when the channel has given up."""

    def __init__(self, fleet: Fleet) -> None:
        self._tokens = LocalTokens(fleet.keys, SystemClock())
        self._channels = {name: fleet.channel(name) for name in ("deliberation", "volunteer")}
        volunteer = self._channels["volunteer"]
        self._tasks = tasks_grpc.TaskServiceStub(volunteer)
        self._people = people_grpc.PersonServiceStub(volunteer)
        self._sign_ups = sign_ups_grpc.SignUpServiceStub(volunteer)
        self._coordinator = self._who(Role.COORDINATOR, "coordinator-1")
        self._day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        self._known: dict[str, _Metadata] = {}

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def found(self) -> None:
        """The municipality; returns when the volunteer portal has heard of it."""
        stub = municipalities_grpc.MunicipalityServiceStub(self._channels["deliberation"])
        entry = municipalities.Municipality(display_name="Strandby", languages=["da", "en"])
        request = municipalities.CreateMunicipalityRequest(municipality=entry, municipality_id=SLUG)
        self._ask(stub.CreateMunicipality, request, self._who(Role.OPERATOR, "operator-1", None))
        until = time.monotonic() + 60
        while True:
            try:
                self.open(1, 1, 1)
                return
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def open(self, count: int, slots_each: int, capacity: int) -> Batch:
        """So many tasks that people can sign up for."""
        made, slots = [], []
        for number in range(count):
            task = tasks.Task(
                title=f"Reading friends {number}",
                text="Read aloud.",
                place="The school",
                contact_office="The coordinator",
                contact_phone="20 00 00 01",
            )
            request = tasks.CreateTaskRequest(parent=PLACE, task=task)
            name = self._ask(self._tasks.CreateTask, request, self._coordinator).name
            for _ in range(slots_each):
                self._day += timedelta(days=1)
                slot = tasks.Slot(
                    start_time=_stamp(self._day),
                    end_time=_stamp(self._day + timedelta(hours=2)),
                    capacity=capacity,
                )
                wanted = tasks.CreateSlotRequest(parent=name, slot=slot)
                slots.append(self._ask(self._tasks.CreateSlot, wanted, self._coordinator).name)
            self._ask(self._tasks.PublishTask, tasks.PublishTaskRequest(name=name), self._coordinator)
            made.append(name)
        return Batch(tuple(made), tuple(slots))

    def know(self, who: str) -> None:
        """A volunteer who says how to be reached."""
        self._known[who] = self._who(Role.VOLUNTEER, who)
        person = people.Person(name=f"{PLACE}/people/me", display_name=who, phone="20 99 99 99")
        self._ask(self._people.UpdatePerson, people.UpdatePersonRequest(person=person), self._known[who])

    def sign_up(self, who: str, slot: str) -> str:
        request = sign_ups.CreateSignUpRequest(parent=slot)
        return str(self._ask(self._sign_ups.CreateSignUp, request, self._known[who]).name)

    def cancel(self, who: str, sign_up: str) -> None:
        request = sign_ups.CancelSignUpRequest(name=sign_up)
        self._ask(self._sign_ups.CancelSignUp, request, self._known[who])

    def look(self, task: str) -> None:
        self._ask(self._tasks.GetTask, tasks.GetTaskRequest(name=task), ())

    def _who(self, role: Role, subject: str, municipality: str | None = SLUG) -> _Metadata:
        token = self._tokens.issue(Principal(subject, municipality, frozenset({role})))
        return (("authorization", f"Bearer {token}"),)

    def _ask(self, method: Any, request: Message, who: _Metadata) -> Any:
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]  # just seen
        return method(request, metadata=who, timeout=30)


def _stamp(instant: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(instant)
    return made
