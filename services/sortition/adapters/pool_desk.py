"""Where gRPC and REST meet the use cases of the pool and its people."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.aip.updates import masked_fields
from chassis.context import Caller
from chassis.desk import Desk, inside
from services.sortition.adapters import names, wire
from services.sortition.app.accept_pool_import import accept_pool_import
from services.sortition.app.delete_person import DeletePerson, delete_person
from services.sortition.app.export_person import export_person
from services.sortition.app.get_pool import get_pool
from services.sortition.app.get_pool_import import get_pool_import
from services.sortition.app.get_pool_import_corrections import get_pool_import_corrections
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.list_people import list_people
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.set_inclusion import SetInclusion, set_inclusion


class PoolDesk(Desk[UnitOfWork]):
    locale_package = "services.sortition"

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
            lambda uow: wire.pool_import_to_proto(
                accept_pool_import(uow, caller, selection, clock=self._clock)
            ),
            pb.PoolImport.FromString,
        )

    def get_pool(self, caller: Caller, request: pb.GetPoolRequest) -> pb.Pool:
        municipality, selection = names.selection(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: wire.pool_to_proto(get_pool(uow, caller, selection), f"{request.name}/pool"),
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
