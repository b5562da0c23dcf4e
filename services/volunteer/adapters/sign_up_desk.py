"""Where gRPC and REST meet the use cases of `SignUpService`."""

from __future__ import annotations

from uuid import UUID

from borgerting.volunteer.v1 import sign_up_service_pb2 as pb
from chassis.context import Caller
from chassis.desk import inside
from chassis.errors import Code, DomainError, FieldViolation
from services.volunteer.adapters import names, wire
from services.volunteer.adapters.desk import VolunteerDesk
from services.volunteer.app.cancel_sign_up import CancelSignUp, cancel_sign_up
from services.volunteer.app.create_sign_up import CreateSignUp, create_sign_up
from services.volunteer.app.get_sign_up import get_sign_up
from services.volunteer.app.list_person_sign_ups import list_person_sign_ups
from services.volunteer.app.list_sign_ups import list_sign_up_contacts, list_sign_ups
from services.volunteer.app.ports import UnitOfWork


class SignUpDesk(VolunteerDesk):
    def create_sign_up(self, caller: Caller, request: pb.CreateSignUpRequest) -> pb.SignUp:
        municipality, task, slot = names.slot(request.parent, "parent")
        command = CreateSignUp(task, slot, _person(request.sign_up.person, municipality))

        def answer(uow: UnitOfWork) -> pb.SignUp:
            with inside("sign_up"):
                return wire.sign_up_to_proto(create_sign_up(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.SignUp.FromString)

    def get_sign_up(self, caller: Caller, request: pb.GetSignUpRequest) -> pb.SignUp:
        municipality, task, slot, sign_up = names.sign_up(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.sign_up_to_proto(get_sign_up(uow, caller, task, slot, sign_up)),
        )

    def cancel_sign_up(self, caller: Caller, request: pb.CancelSignUpRequest) -> pb.SignUp:
        municipality, task, slot, sign_up = names.sign_up(request.name)
        command = CancelSignUp(task, slot, sign_up)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.sign_up_to_proto(cancel_sign_up(uow, caller, command, clock=self._clock)),
            pb.SignUp.FromString,
        )

    def list_sign_ups(self, caller: Caller, request: pb.ListSignUpsRequest) -> pb.ListSignUpsResponse:
        municipality, task, slot = names.slot(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListSignUpsResponse:
            page = list_sign_ups(uow, caller, task, slot, request.page_size, request.page_token)
            return pb.ListSignUpsResponse(
                sign_ups=map(wire.sign_up_to_proto, page.items), next_page_token=page.next_page_token
            )

        return self.look(caller, municipality, answer)

    def list_sign_up_contacts(
        self, caller: Caller, request: pb.ListSignUpContactsRequest
    ) -> pb.ListSignUpContactsResponse:
        municipality, task, slot = names.slot(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListSignUpContactsResponse:
            page = list_sign_up_contacts(uow, caller, task, slot, request.page_size, request.page_token)
            return pb.ListSignUpContactsResponse(
                sign_up_contacts=map(wire.sign_up_contact_to_proto, page.items),
                next_page_token=page.next_page_token,
            )

        return self.look(caller, municipality, answer)

    def list_person_sign_ups(
        self, caller: Caller, request: pb.ListPersonSignUpsRequest
    ) -> pb.ListPersonSignUpsResponse:
        municipality, person = names.person(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListPersonSignUpsResponse:
            page = list_person_sign_ups(uow, caller, person, request.page_size, request.page_token)
            return pb.ListPersonSignUpsResponse(
                sign_ups=map(wire.sign_up_to_proto, page.items), next_page_token=page.next_page_token
            )

        return self.look(caller, municipality, answer)


def _person(name: str, municipality: str) -> UUID | None:
    """None when it is left out, and for `people/me`. Raises DomainError at `sign_up.person`."""
    if not name:
        return None
    theirs, person = names.person(name, "sign_up.person")
    if theirs != municipality:
        violation = FieldViolation("sign_up.person", "VOLUNTEER_UNKNOWN")
        raise DomainError(Code.INVALID_ARGUMENT, "SIGN_UP_INVALID", {}, (violation,))
    return person
