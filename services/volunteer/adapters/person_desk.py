"""Where gRPC and REST meet the use cases of `PersonService`."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty

from borgerting.volunteer.v1 import person_service_pb2 as pb
from chassis.aip.updates import check_request_id
from chassis.context import Caller
from chassis.desk import fingerprint, inside
from services.volunteer.adapters import names, wire
from services.volunteer.adapters.desk import VolunteerDesk
from services.volunteer.app.create_person import create_person
from services.volunteer.app.delete_person import delete_person
from services.volunteer.app.export_person import export_person
from services.volunteer.app.get_person import get_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.update_person import UpdatePerson, update_person

_CONTACT = ("display_name", "phone", "email")


class PersonDesk(VolunteerDesk):
    def create_person(self, caller: Caller, request: pb.CreatePersonRequest) -> pb.Person:
        municipality = names.municipality(request.parent)
        contact = wire.contact_of(request.person)

        def answer(uow: UnitOfWork) -> pb.Person:
            with inside("person"):
                return wire.person_to_proto(create_person(uow, caller, contact, clock=self._clock))

        return self._write_person(caller, municipality, request, answer)

    def get_person(self, caller: Caller, request: pb.GetPersonRequest) -> pb.Person:
        municipality, person = names.person(request.name)
        return self.look(
            caller, municipality, lambda uow: wire.person_to_proto(get_person(uow, caller, person))
        )

    def update_person(self, caller: Caller, request: pb.UpdatePersonRequest) -> pb.Person:
        municipality, person = names.person(request.person.name, "person.name")
        command = UpdatePerson(
            person,
            wire.contact_of(request.person),
            tuple(request.update_mask.paths),
            wire.populated(request.person),
            request.person.etag,
        )

        def answer(uow: UnitOfWork) -> pb.Person:
            with inside("person"):
                return wire.person_to_proto(update_person(uow, caller, command, clock=self._clock))

        return self._write_person(caller, municipality, request, answer)

    def export_person(self, caller: Caller, request: pb.ExportPersonRequest) -> pb.ExportPersonResponse:
        municipality, person = names.person(request.name)
        return self.look(
            caller, municipality, lambda uow: wire.export_to_proto(export_person(uow, caller, person))
        )

    def delete_person(self, caller: Caller, request: pb.DeletePersonRequest) -> Empty:
        municipality, person = names.person(request.name)

        def answer(uow: UnitOfWork) -> Empty:
            delete_person(uow, caller, person, clock=self._clock)
            return Empty()

        return self.write(caller, municipality, request, answer, Empty.FromString)

    def _write_person(
        self,
        caller: Caller,
        municipality: str,
        request: pb.CreatePersonRequest | pb.UpdatePersonRequest,
        answer: Callable[[UnitOfWork], pb.Person],
    ) -> pb.Person:
        """As `write`, but no name or telephone is kept to answer a repetition with: erasing would miss it.

        What the repeated request itself says of them is told again.
        """

        def store(message: pb.Person) -> bytes:
            kept = pb.Person()
            kept.CopyFrom(message)
            for field in _CONTACT:
                kept.ClearField(field)  # type: ignore[arg-type]
            return kept.SerializeToString()

        def restore(content: bytes) -> pb.Person:
            kept = pb.Person.FromString(content)
            for field in _CONTACT:
                setattr(kept, field, getattr(request.person, field))
            return kept

        return self._entry.write(
            caller,
            municipality,
            answer,
            request_id=check_request_id(request.request_id),
            fingerprint=fingerprint(request),
            store=store,
            restore=restore,
        )
