"""Where gRPC, REST and pages meet the use cases of `AssemblyService`."""

from __future__ import annotations

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from chassis.clock import Clock
from chassis.context import Caller
from chassis.desk import Desk, inside
from chassis.entry import Entry
from services.deliberation.adapters import assembly_wire as wire
from services.deliberation.adapters import names
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork, Selections
from services.deliberation.app.create_assembly import CreateAssembly, check_new_assembly, create_assembly
from services.deliberation.app.get_assembly import get_assembly
from services.deliberation.app.list_assemblies import list_assemblies
from services.deliberation.app.list_members import list_members
from services.deliberation.app.selections import require_selection
from services.deliberation.app.update_assembly import UpdateAssembly, check_assembly_update, update_assembly


class AssemblyDesk(Desk[AssemblyUnitOfWork]):
    """Sortition is asked between two units of work: the first says whether there is anything to ask about,
    the second does the act, and looks at everything again.
    """

    locale_package = "services.deliberation"

    def __init__(self, entry: Entry[AssemblyUnitOfWork], clock: Clock, selections: Selections) -> None:
        super().__init__(entry, clock)
        self._selections = selections

    def create_assembly(self, caller: Caller, request: pb.CreateAssemblyRequest) -> pb.Assembly:
        municipality = names.municipality(request.parent)
        command = CreateAssembly(*wire.assembly_fields(request.assembly, municipality))
        with inside("assembly"):
            selection = self._entry.read(
                caller, municipality, lambda uow: check_new_assembly(uow, caller, command)
            )
            require_selection(self._selections, caller, municipality, selection)

        def answer(uow: AssemblyUnitOfWork) -> pb.Assembly:
            with inside("assembly"):
                return wire.assembly_to_proto(create_assembly(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Assembly.FromString)

    def get_assembly(self, caller: Caller, request: pb.GetAssemblyRequest) -> pb.Assembly:
        municipality, assembly = names.assembly(request.name)
        return self.read(
            caller, municipality, lambda uow: wire.assembly_to_proto(get_assembly(uow, caller, assembly))
        )

    def list_assemblies(self, caller: Caller, request: pb.ListAssembliesRequest) -> pb.ListAssembliesResponse:
        def answer(uow: AssemblyUnitOfWork) -> pb.ListAssembliesResponse:
            page = list_assemblies(uow, caller, request.page_size, request.page_token)
            return pb.ListAssembliesResponse(
                assemblies=map(wire.assembly_to_proto, page.items), next_page_token=page.next_page_token
            )

        return self.read(caller, names.municipality(request.parent), answer)

    def update_assembly(self, caller: Caller, request: pb.UpdateAssemblyRequest) -> pb.Assembly:
        municipality, assembly = names.assembly(request.assembly.name, "assembly.name")
        fields, wrong = wire.assembly_fields(request.assembly, municipality)
        command = UpdateAssembly(
            assembly,
            fields,
            tuple(request.update_mask.paths),
            tuple(field.name for field, _ in request.assembly.ListFields()),
            request.assembly.etag,
            wrong,
        )
        with inside("assembly"):
            selection = self._entry.read(
                caller, municipality, lambda uow: check_assembly_update(uow, caller, command)
            )
            if selection is not None:
                require_selection(self._selections, caller, municipality, selection)

        def answer(uow: AssemblyUnitOfWork) -> pb.Assembly:
            with inside("assembly"):
                return wire.assembly_to_proto(update_assembly(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Assembly.FromString)

    def list_members(self, caller: Caller, request: pb.ListMembersRequest) -> pb.ListMembersResponse:
        municipality, assembly = names.assembly(request.parent, "parent")

        def answer(uow: AssemblyUnitOfWork) -> pb.ListMembersResponse:
            page = list_members(uow, caller, assembly, request.page_size, request.page_token)
            members = [pb.Member(name=f"{request.parent}/members/{seat}") for seat in page.items]
            return pb.ListMembersResponse(members=members, next_page_token=page.next_page_token)

        return self.read(caller, municipality, answer)
