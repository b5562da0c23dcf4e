"""Where gRPC and REST meet the use cases of `PromiseService`."""

from __future__ import annotations

from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis.clock import Clock
from chassis.context import Caller
from chassis.desk import Desk, inside
from chassis.entry import Entry
from services.followup.adapters import names, wire
from services.followup.app.create_answer import CreateAnswer, create_answer
from services.followup.app.create_extension import CreateExtension, create_extension
from services.followup.app.get_promise import get_promise
from services.followup.app.list_promises import ListPromises, list_promises
from services.followup.app.ports import UnitOfWork
from services.followup.app.seek_volunteers import SeekVolunteers, seek_volunteers
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.domain.fields import SeekFields
from services.followup.words import DateWords


class PromiseDesk(Desk[UnitOfWork]):
    locale_package = "services.followup"

    def __init__(self, entry: Entry[UnitOfWork], clock: Clock, calendar: WorkingCalendar) -> None:
        super().__init__(entry, clock)
        self._calendar = calendar

    def get_promise(self, caller: Caller, request: pb.GetPromiseRequest) -> pb.Promise:
        municipality, promise = names.promise(request.name)
        words = DateWords(self.words(caller))
        return self.read(
            caller,
            municipality,
            lambda uow: wire.promise_to_proto(get_promise(uow, caller, promise, clock=self._clock), words),
        )

    def list_promises(self, caller: Caller, request: pb.ListPromisesRequest) -> pb.ListPromisesResponse:
        municipality = names.municipality(request.parent)
        command = ListPromises(
            request.page_size,
            request.page_token,
            names.assembly(request.assembly, "assembly", municipality) if request.assembly else None,
            request.overdue,
            request.volunteers_wanted,
        )
        words = DateWords(self.words(caller))
        return self.read(
            caller,
            municipality,
            lambda uow: wire.page_to_proto(list_promises(uow, caller, command, clock=self._clock), words),
        )

    def create_answer(self, caller: Caller, request: pb.CreateAnswerRequest) -> pb.Answer:
        municipality, promise, checkpoint = names.checkpoint(request.parent)
        command = CreateAnswer(promise, checkpoint, wire.answer_fields_of(request.answer))

        def answer(uow: UnitOfWork) -> pb.Answer:
            with inside("answer"):
                return wire.answer_made_to_proto(create_answer(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Answer.FromString)

    def create_extension(self, caller: Caller, request: pb.CreateExtensionRequest) -> pb.Extension:
        municipality, promise, checkpoint = names.checkpoint(request.parent)
        command = CreateExtension(promise, checkpoint, wire.extension_fields_of(request.extension))

        def answer(uow: UnitOfWork) -> pb.Extension:
            with inside("extension"):
                made = create_extension(uow, caller, command, clock=self._clock, calendar=self._calendar)
            return wire.extension_made_to_proto(made)

        return self.write(caller, municipality, request, answer, pb.Extension.FromString)

    def seek_volunteers(self, caller: Caller, request: pb.SeekVolunteersRequest) -> pb.Promise:
        municipality, promise = names.promise(request.name)
        command = SeekVolunteers(promise, SeekFields(request.wanted, request.task), request.etag)
        words = DateWords(self.words(caller))
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.promise_to_proto(
                seek_volunteers(uow, caller, command, clock=self._clock), words
            ),
            pb.Promise.FromString,
        )
