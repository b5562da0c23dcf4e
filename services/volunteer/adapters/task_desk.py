"""Where gRPC and REST meet the use cases of `TaskService`."""

from __future__ import annotations

from borgerting.volunteer.v1 import task_service_pb2 as pb
from chassis.clock import Clock
from chassis.context import Caller
from chassis.desk import inside
from chassis.entry import Entry
from services.volunteer.adapters import names, wire
from services.volunteer.adapters.desk import VolunteerDesk
from services.volunteer.app.cancel_slot import CancelSlot, cancel_slot
from services.volunteer.app.cancel_task import cancel_task
from services.volunteer.app.close_task import close_task
from services.volunteer.app.create_slot import CreateSlot, create_slot
from services.volunteer.app.create_task import CreateTask, create_task
from services.volunteer.app.get_slot import get_slot
from services.volunteer.app.get_task import get_task
from services.volunteer.app.list_slots import list_slots
from services.volunteer.app.list_tasks import ListTasks, list_tasks
from services.volunteer.app.ports import Promises, UnitOfWork
from services.volunteer.app.promises import find_promise
from services.volunteer.app.publish_task import publish_task
from services.volunteer.app.task_acts import TaskAct
from services.volunteer.app.update_slot import UpdateSlot, update_slot
from services.volunteer.app.update_task import UpdateTask, update_task


class TaskDesk(VolunteerDesk):
    def __init__(self, entry: Entry[UnitOfWork], clock: Clock, promises: Promises) -> None:
        super().__init__(entry, clock)
        self._promises = promises

    def create_task(self, caller: Caller, request: pb.CreateTaskRequest) -> pb.Task:
        municipality = names.municipality(request.parent)
        with inside("task"):
            # Followup is asked before the unit of work is opened, never in it.
            promise = (
                find_promise(self._promises, caller, municipality, request.task.promise)
                if request.task.promise
                else None
            )
        command = CreateTask(wire.task_fields(request.task), promise)

        def answer(uow: UnitOfWork) -> pb.Task:
            with inside("task"):
                return wire.task_to_proto(create_task(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Task.FromString)

    def get_task(self, caller: Caller, request: pb.GetTaskRequest) -> pb.Task:
        municipality, task = names.task(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.task_to_proto(get_task(uow, caller, task, clock=self._clock)),
        )

    def list_tasks(self, caller: Caller, request: pb.ListTasksRequest) -> pb.ListTasksResponse:
        command = ListTasks(wire.state_of(request.state), request.page_size, request.page_token)

        def answer(uow: UnitOfWork) -> pb.ListTasksResponse:
            page = list_tasks(uow, caller, command, clock=self._clock)
            return pb.ListTasksResponse(
                tasks=map(wire.task_to_proto, page.items), next_page_token=page.next_page_token
            )

        return self.read(caller, names.municipality(request.parent), answer)

    def update_task(self, caller: Caller, request: pb.UpdateTaskRequest) -> pb.Task:
        municipality, task = names.task(request.task.name, "task.name")
        command = UpdateTask(
            task,
            wire.task_fields(request.task),
            tuple(request.update_mask.paths),
            wire.populated(request.task),
            request.task.etag,
        )

        def answer(uow: UnitOfWork) -> pb.Task:
            with inside("task"):
                return wire.task_to_proto(update_task(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Task.FromString)

    def publish_task(self, caller: Caller, request: pb.PublishTaskRequest) -> pb.Task:
        municipality, task = names.task(request.name)
        command = TaskAct(task, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.task_to_proto(publish_task(uow, caller, command, clock=self._clock)),
            pb.Task.FromString,
        )

    def close_task(self, caller: Caller, request: pb.CloseTaskRequest) -> pb.Task:
        municipality, task = names.task(request.name)
        command = TaskAct(task, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.task_to_proto(close_task(uow, caller, command, clock=self._clock)),
            pb.Task.FromString,
        )

    def cancel_task(self, caller: Caller, request: pb.CancelTaskRequest) -> pb.Task:
        municipality, task = names.task(request.name)
        command = TaskAct(task, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.task_to_proto(cancel_task(uow, caller, command, clock=self._clock)),
            pb.Task.FromString,
        )

    def create_slot(self, caller: Caller, request: pb.CreateSlotRequest) -> pb.Slot:
        municipality, task = names.task(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.Slot:
            with inside("slot"):
                command = CreateSlot(task, wire.slot_fields(request.slot))
                return wire.slot_to_proto(create_slot(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Slot.FromString)

    def get_slot(self, caller: Caller, request: pb.GetSlotRequest) -> pb.Slot:
        municipality, task, slot = names.slot(request.name)
        return self.read(
            caller, municipality, lambda uow: wire.slot_to_proto(get_slot(uow, caller, task, slot))
        )

    def list_slots(self, caller: Caller, request: pb.ListSlotsRequest) -> pb.ListSlotsResponse:
        municipality, task = names.task(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListSlotsResponse:
            page = list_slots(uow, caller, task, request.page_size, request.page_token)
            return pb.ListSlotsResponse(
                slots=map(wire.slot_to_proto, page.items), next_page_token=page.next_page_token
            )

        return self.read(caller, municipality, answer)

    def update_slot(self, caller: Caller, request: pb.UpdateSlotRequest) -> pb.Slot:
        municipality, task, slot = names.slot(request.slot.name, "slot.name")

        def answer(uow: UnitOfWork) -> pb.Slot:
            with inside("slot"):
                command = UpdateSlot(
                    task,
                    slot,
                    wire.slot_fields(request.slot),
                    tuple(request.update_mask.paths),
                    wire.populated(request.slot),
                    request.slot.etag,
                )
                return wire.slot_to_proto(update_slot(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Slot.FromString)

    def cancel_slot(self, caller: Caller, request: pb.CancelSlotRequest) -> pb.Slot:
        municipality, task, slot = names.slot(request.name)
        command = CancelSlot(task, slot, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.slot_to_proto(cancel_slot(uow, caller, command, clock=self._clock)),
            pb.Slot.FromString,
        )
