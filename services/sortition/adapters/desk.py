"""Where gRPC and REST meet the use cases: each method one call in one unit of work, done once per request id.

Requests and answers are the protobuf messages of `SelectionService`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.aip.updates import check_request_id, masked_fields
from chassis.clock import Clock
from chassis.context import Caller
from chassis.entry import Entry
from chassis.errors import DomainError
from chassis.text import Catalogue, catalogues
from services.sortition.adapters import names, wire
from services.sortition.app.accept_pool_import import accept_pool_import
from services.sortition.app.check_targets import CheckTargets, check_targets
from services.sortition.app.confirm_panel import ConfirmPanel, confirm_panel
from services.sortition.app.create_selection import CreateSelection, create_selection
from services.sortition.app.get_pool import get_pool
from services.sortition.app.get_pool_import import get_pool_import, get_pool_import_corrections
from services.sortition.app.get_representation import get_representation
from services.sortition.app.get_selection import get_selection
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.import_targets import ImportTargets, import_targets
from services.sortition.app.list_selections import list_selections
from services.sortition.app.panel import (
    SetSeatAnswer,
    get_panel,
    list_seat_contacts,
    list_seats,
    set_seat_answer,
)
from services.sortition.app.people import (
    DeletePerson,
    SetInclusion,
    delete_person,
    export_person,
    list_people,
    set_inclusion,
)
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.update_selection import UpdateSelection, update_selection

A = TypeVar("A", bound=Message)

LOCALE_PACKAGE = "services.sortition"


class Desk:
    """What both desks do alike."""

    def __init__(self, entry: Entry[UnitOfWork], clock: Clock) -> None:
        self._entry = entry
        self._clock = clock

    def read(self, caller: Caller, municipality: str, answer: Callable[[UnitOfWork], A]) -> A:
        return self._entry.read(caller, municipality, answer)

    def write(
        self,
        caller: Caller,
        municipality: str,
        request: Message,
        answer: Callable[[UnitOfWork], A],
        restore: Callable[[bytes], A],
    ) -> A:
        return self._entry.write(
            caller,
            municipality,
            answer,
            request_id=check_request_id(getattr(request, "request_id", "")),
            fingerprint=fingerprint(request),
            store=lambda message: message.SerializeToString(),
            restore=restore,
        )

    def words(self, caller: Caller) -> Catalogue:
        return catalogues((LOCALE_PACKAGE,))[caller.language]


class SelectionDesk(Desk):
    def create_selection(self, caller: Caller, request: pb.CreateSelectionRequest) -> pb.Selection:
        fields = wire.fields_of(request.selection)
        command = CreateSelection(
            fields.title, fields.size, fields.purpose, fields.per_address, fields.targets
        )

        def answer(uow: UnitOfWork) -> pb.Selection:
            with inside("selection"):
                made = create_selection(uow, caller, command, clock=self._clock)
            return wire.selection_to_proto(made)

        municipality = names.municipality(request.parent)
        return self.write(caller, municipality, request, answer, pb.Selection.FromString)

    def get_selection(self, caller: Caller, request: pb.GetSelectionRequest) -> pb.Selection:
        municipality, selection = names.selection(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.selection_to_proto(get_selection(uow, caller, selection)),
        )

    def list_selections(self, caller: Caller, request: pb.ListSelectionsRequest) -> pb.ListSelectionsResponse:
        def answer(uow: UnitOfWork) -> pb.ListSelectionsResponse:
            page = list_selections(uow, caller, request.page_size, request.page_token)
            return pb.ListSelectionsResponse(
                selections=map(wire.selection_to_proto, page.items), next_page_token=page.next_page_token
            )

        return self.read(caller, names.municipality(request.parent), answer)

    def update_selection(self, caller: Caller, request: pb.UpdateSelectionRequest) -> pb.Selection:
        municipality, selection = names.selection(request.selection.name, "selection.name")
        command = UpdateSelection(
            selection,
            wire.fields_of(request.selection),
            tuple(request.update_mask.paths),
            tuple(field.name for field, _ in request.selection.ListFields()),
            request.selection.etag,
        )

        def answer(uow: UnitOfWork) -> pb.Selection:
            with inside("selection"):
                return wire.selection_to_proto(update_selection(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Selection.FromString)

    def import_targets(self, caller: Caller, request: pb.ImportTargetsRequest) -> pb.ImportTargetsResponse:
        municipality, selection = names.selection(request.name)
        command = ImportTargets(selection, request.file, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.targets_import_to_proto(import_targets(uow, caller, command, clock=self._clock)),
            pb.ImportTargetsResponse.FromString,
        )

    def import_pool(self, caller: Caller, request: pb.ImportPoolRequest) -> pb.PoolImport:
        municipality, selection = names.selection(request.name)
        command = ImportPool(
            selection,
            request.file,
            request.id_column,
            tuple(request.address_columns),
            tuple(request.contact_columns),
        )
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.pool_import_to_proto(import_pool(uow, caller, command, clock=self._clock)),
            pb.PoolImport.FromString,
        )

    def get_pool_import(self, caller: Caller, request: pb.GetPoolImportRequest) -> pb.PoolImport:
        municipality, selection = names.selection(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.pool_import_to_proto(get_pool_import(uow, caller, selection)),
        )

    def get_pool_import_corrections(
        self, caller: Caller, request: pb.GetPoolImportCorrectionsRequest
    ) -> pb.GetPoolImportCorrectionsResponse:
        municipality, selection = names.selection(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: pb.GetPoolImportCorrectionsResponse(
                file=get_pool_import_corrections(uow, caller, selection)
            ),
        )

    def accept_pool_import(self, caller: Caller, request: pb.AcceptPoolImportRequest) -> pb.PoolImport:
        municipality, selection = names.selection(request.name)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.pool_import_to_proto(accept_pool_import(uow, caller, selection)),
            pb.PoolImport.FromString,
        )

    def get_pool(self, caller: Caller, request: pb.GetPoolRequest) -> pb.Pool:
        municipality, selection = names.selection(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.pool_to_proto(get_pool(uow, caller, selection), f"{request.name}/pool"),
        )

    def check_targets(self, caller: Caller, request: pb.CheckTargetsRequest) -> pb.TargetsCheck:
        municipality, selection = names.selection(request.name)
        command = CheckTargets(
            selection,
            tuple(map(wire.target_of, request.targets)) or None,
            request.size or None,
            request.per_address if request.HasField("per_address") else None,
        )
        return self.read(
            caller,
            municipality,
            lambda uow: wire.check_to_proto(check_targets(uow, caller, command), self.words(caller)),
        )

    def list_people(self, caller: Caller, request: pb.ListPeopleRequest) -> pb.ListPeopleResponse:
        municipality, selection = names.selection(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListPeopleResponse:
            page = list_people(uow, caller, selection, request.page_size, request.page_token)
            people = map(wire.person_to_proto, page.items)
            return pb.ListPeopleResponse(people=people, next_page_token=page.next_page_token)

        return self.read(caller, municipality, answer)

    def update_person(self, caller: Caller, request: pb.UpdatePersonRequest) -> pb.Person:
        municipality, selection, person = names.person(request.person.name, "person.name")
        masked_fields(request.update_mask.paths, ["inclusion"], ["inclusion"])
        inclusion = wire.inclusion_of(request.person.inclusion)
        command = SetInclusion(selection, person, inclusion, request.person.etag)

        def answer(uow: UnitOfWork) -> pb.Person:
            with inside("person"):
                return wire.person_to_proto(set_inclusion(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Person.FromString)

    def delete_person(self, caller: Caller, request: pb.DeletePersonRequest) -> Empty:
        municipality, selection, person = names.person(request.name)

        def answer(uow: UnitOfWork) -> Empty:
            delete_person(uow, caller, DeletePerson(selection, person), clock=self._clock)
            return Empty()

        return self.write(caller, municipality, request, answer, Empty.FromString)

    def export_person(self, caller: Caller, request: pb.ExportPersonRequest) -> pb.ExportPersonResponse:
        municipality, selection, person = names.person(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.export_to_proto(export_person(uow, caller, selection, person)),
        )

    def get_panel(self, caller: Caller, request: pb.GetPanelRequest) -> pb.Panel:
        municipality, selection = names.selection(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.panel_to_proto(get_panel(uow, caller, selection), request.name),
        )

    def list_seats(self, caller: Caller, request: pb.ListSeatsRequest) -> pb.ListSeatsResponse:
        municipality, selection = names.selection(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListSeatsResponse:
            page = list_seats(uow, caller, selection, request.page_size, request.page_token)
            seats = map(wire.seat_to_proto, page.items)
            return pb.ListSeatsResponse(seats=seats, next_page_token=page.next_page_token)

        return self.read(caller, municipality, answer)

    def list_seat_contacts(
        self, caller: Caller, request: pb.ListSeatContactsRequest
    ) -> pb.ListSeatContactsResponse:
        municipality, selection = names.selection(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListSeatContactsResponse:
            page = list_seat_contacts(uow, caller, selection, request.page_size, request.page_token)
            contacts = map(wire.seat_contact_to_proto, page.items)
            return pb.ListSeatContactsResponse(seat_contacts=contacts, next_page_token=page.next_page_token)

        return self.read(caller, municipality, answer)

    def set_seat_answer(self, caller: Caller, request: pb.SetSeatAnswerRequest) -> pb.Seat:
        municipality, selection, seat = names.seat(request.name)
        command = SetSeatAnswer(selection, seat, wire.answer_of(request.answer), request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.seat_to_proto(set_seat_answer(uow, caller, command, clock=self._clock)),
            pb.Seat.FromString,
        )

    def confirm_panel(self, caller: Caller, request: pb.ConfirmPanelRequest) -> pb.Panel:
        municipality, selection = names.selection(request.name)
        command = ConfirmPanel(selection, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.panel_to_proto(
                confirm_panel(uow, caller, command, clock=self._clock), request.name
            ),
            pb.Panel.FromString,
        )

    def get_representation(self, caller: Caller, request: pb.GetRepresentationRequest) -> pb.Representation:
        municipality, selection = names.selection(request.name)
        name = f"{request.name}/representation"
        return self.read(
            caller,
            municipality,
            lambda uow: wire.representation_to_proto(get_representation(uow, caller, selection), name),
        )


def fingerprint(request: Message) -> bytes:
    """What makes two requests the same, whatever their request id. The message's type names the method."""
    copy = type(request)()
    copy.CopyFrom(request)
    copy.ClearField("request_id")
    content = copy.SerializeToString(deterministic=True)
    return hashlib.sha256(request.DESCRIPTOR.full_name.encode() + b"\0" + content).digest()


@contextmanager
def inside(field: str) -> Iterator[None]:
    """Lead the path of each wrong field by the request's field that holds the resource."""
    try:
        yield
    except DomainError as error:
        error.violations = tuple(
            violation
            if violation.field.startswith("update_mask")
            else replace(violation, field=f"{field}.{violation.field}")
            for violation in error.violations
        )
        raise
