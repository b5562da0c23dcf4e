"""Where gRPC and REST meet the use cases of `DrawService`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from google.protobuf.message import Message

from borgerting.sortition.v1 import draw_service_pb2 as pb
from chassis.clock import Clock
from chassis.context import Caller
from chassis.desk import Desk, inside
from services.sortition.adapters import draw_wire, names
from services.sortition.adapters.wire import timestamp
from services.sortition.app.cancel_draw import cancel_draw
from services.sortition.app.check_receipt import check_receipt
from services.sortition.app.create_draw import CreateDraw, create_draw
from services.sortition.app.draw_acts import DrawAct
from services.sortition.app.get_draw import get_draw
from services.sortition.app.get_draw_file import get_draw_file
from services.sortition.app.get_published_draw import get_published_draw
from services.sortition.app.get_signing_key import get_signing_key
from services.sortition.app.list_draw_states import list_draw_states
from services.sortition.app.list_draws import list_draws
from services.sortition.app.list_published_draws import list_published_draws
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.publish_commitment import publish_commitment
from services.sortition.app.publish_draw import publish_draw
from services.sortition.app.reveal_draw import RevealDraw, reveal_draw
from services.sortition.app.views import DrawView


class _Act(Protocol):
    def __call__(self, uow: UnitOfWork, caller: Caller, command: DrawAct, *, clock: Clock) -> DrawView: ...


class DrawDesk(Desk[UnitOfWork]):
    locale_package = "services.sortition"

    def create_draw(self, caller: Caller, request: pb.CreateDrawRequest) -> pb.Draw:
        municipality, selection = names.selection(request.parent, "parent")
        wanted = request.draw
        command = CreateDraw(
            selection,
            draw_wire.mode_of(wanted.mode),
            draw_wire.method_of(wanted.method),
            wanted.panels,
            wanted.seed,
            wanted.announced,
        )

        def work(uow: UnitOfWork) -> DrawView:
            with inside("draw"):
                return create_draw(uow, caller, command, clock=self._clock)

        return self._change(caller, municipality, request, work)

    def get_draw(self, caller: Caller, request: pb.GetDrawRequest) -> pb.Draw:
        municipality, selection, draw = names.draw(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: draw_wire.draw_to_proto(get_draw(uow, caller, selection, draw), self.words(caller)),
        )

    def list_draws(self, caller: Caller, request: pb.ListDrawsRequest) -> pb.ListDrawsResponse:
        municipality, selection = names.selection(request.parent, "parent")

        def answer(uow: UnitOfWork) -> pb.ListDrawsResponse:
            page = list_draws(uow, caller, selection, request.page_size, request.page_token)
            draws = [draw_wire.draw_to_proto(item, self.words(caller)) for item in page.items]
            return pb.ListDrawsResponse(draws=draws, next_page_token=page.next_page_token)

        return self.read(caller, municipality, answer)

    def cancel_draw(self, caller: Caller, request: pb.CancelDrawRequest) -> pb.Draw:
        return self._act(caller, request, request.name, request.etag, cancel_draw)

    def publish_commitment(self, caller: Caller, request: pb.PublishCommitmentRequest) -> pb.Draw:
        return self._act(caller, request, request.name, request.etag, publish_commitment)

    def publish_draw(self, caller: Caller, request: pb.PublishDrawRequest) -> pb.Draw:
        return self._act(caller, request, request.name, request.etag, publish_draw)

    def reveal_draw(self, caller: Caller, request: pb.RevealDrawRequest) -> pb.Draw:
        municipality, selection, draw = names.draw(request.name)
        command = RevealDraw(
            selection,
            draw,
            request.number if request.HasField("number") else None,
            request.randomness,
            request.note,
            request.etag,
        )
        return self._change(
            caller, municipality, request, lambda uow: reveal_draw(uow, caller, command, clock=self._clock)
        )

    def get_draw_file(self, caller: Caller, request: pb.GetDrawFileRequest) -> pb.DrawFile:
        municipality, selection, draw, filename = names.file(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: draw_wire.draw_file_to_proto(get_draw_file(uow, caller, selection, draw, filename)),
        )

    def list_published_draws(
        self, caller: Caller, request: pb.ListPublishedDrawsRequest
    ) -> pb.ListPublishedDrawsResponse:
        def answer(uow: UnitOfWork) -> pb.ListPublishedDrawsResponse:
            page = list_published_draws(uow, caller, request.page_size, request.page_token)
            draws = map(draw_wire.published_to_proto, page.items)
            return pb.ListPublishedDrawsResponse(published_draws=draws, next_page_token=page.next_page_token)

        return self.read(caller, names.municipality(request.parent), answer)

    def get_published_draw(self, caller: Caller, request: pb.GetPublishedDrawRequest) -> pb.PublishedDraw:
        municipality, selection, draw = names.draw(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: draw_wire.published_to_proto(get_published_draw(uow, caller, selection, draw)),
        )

    def check_receipt(self, caller: Caller, request: pb.CheckReceiptRequest) -> pb.CheckReceiptResponse:
        municipality, selection, draw = names.draw(request.name)
        return self.read(
            caller,
            municipality,
            lambda uow: draw_wire.receipt_to_proto(
                check_receipt(uow, caller, selection, draw, request.random_id)
            ),
        )

    def get_signing_key(self, caller: Caller, request: pb.GetSigningKeyRequest) -> pb.SigningKey:
        def answer(uow: UnitOfWork) -> pb.SigningKey:
            key = get_signing_key(uow, caller)
            return pb.SigningKey(
                name=request.name,
                public_key_pem=key.pem,
                fingerprint=key.fingerprint,
                create_time=timestamp(key.create_time),
            )

        return self.read(caller, names.signing_key(request.name), answer)

    def list_draw_states(
        self, caller: Caller, request: pb.ListDrawStatesRequest
    ) -> pb.ListDrawStatesResponse:
        def answer(uow: UnitOfWork) -> pb.ListDrawStatesResponse:
            page = list_draw_states(uow, caller, request.page_size, request.page_token)
            states = map(draw_wire.draw_state_to_proto, page.items)
            return pb.ListDrawStatesResponse(draw_states=states, next_page_token=page.next_page_token)

        return self.read(caller, names.municipality(request.parent), answer)

    def _act(self, caller: Caller, request: Message, name: str, etag: str, act: _Act) -> pb.Draw:
        municipality, selection, draw = names.draw(name)
        command = DrawAct(selection, draw, etag)
        return self._change(
            caller, municipality, request, lambda uow: act(uow, caller, command, clock=self._clock)
        )

    def _change(
        self,
        caller: Caller,
        municipality: str,
        request: Message,
        work: Callable[[UnitOfWork], DrawView],
    ) -> pb.Draw:
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: draw_wire.draw_to_proto(work(uow), self.words(caller)),
            pb.Draw.FromString,
        )
