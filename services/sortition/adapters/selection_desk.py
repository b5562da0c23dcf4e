"""Where gRPC and REST meet the use cases of `SelectionService`."""

from __future__ import annotations

from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.context import Caller
from chassis.desk import inside
from services.sortition.adapters import names, wire
from services.sortition.adapters.pool_desk import PoolDesk
from services.sortition.app.check_targets import CheckTargets, check_targets
from services.sortition.app.confirm_panel import ConfirmPanel, confirm_panel
from services.sortition.app.create_selection import CreateSelection, create_selection
from services.sortition.app.get_panel import get_panel
from services.sortition.app.get_representation import get_representation
from services.sortition.app.get_selection import get_selection
from services.sortition.app.import_targets import ImportTargets, import_targets
from services.sortition.app.list_seat_contacts import list_seat_contacts
from services.sortition.app.list_seats import list_seats
from services.sortition.app.list_selections import list_selections
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.set_seat_answer import SetSeatAnswer, set_seat_answer
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.app.views import SelectionView


class SelectionDesk(PoolDesk):
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
            lambda uow: _remembered(uow, get_selection(uow, caller, selection)),
        )

    def list_selections(self, caller: Caller, request: pb.ListSelectionsRequest) -> pb.ListSelectionsResponse:
        def answer(uow: UnitOfWork) -> pb.ListSelectionsResponse:
            page = list_selections(uow, caller, request.page_size, request.page_token)
            return pb.ListSelectionsResponse(
                selections=[_remembered(uow, item) for item in page.items],
                next_page_token=page.next_page_token,
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


def _remembered(uow: UnitOfWork, view: SelectionView) -> pb.Selection:
    """The message, which nobody changes: all in it follows from the selection's version and the pool's size
    (a version's time tells it from the same number in a store that was restored).
    """
    selection = view.selection
    key = ("selection message", selection.id.int, selection.version, selection.update_time, view.pool_size)
    message: pb.Selection | None = uow.memory.recall(*key)
    if message is None:
        message = wire.selection_to_proto(view)
        uow.memory.keep(message, *key)
    return message
