"""Loads the demonstration into a running suite, through its public gRPC API and nothing else."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable

import grpc
from google.protobuf.duration_pb2 import Duration

from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as links
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as links_grpc
from borgerting.sortition.v1 import draw_service_pb2 as draws
from borgerting.sortition.v1 import draw_service_pb2_grpc as draws_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from demo.assembly import hand_over
from demo.pool import DemoPool, make_pool

TokenFor = Callable[[str | None, str], str]
"""A bearer token for (municipality or None, role)."""

HAVNSTED, EGEBAEK, FJORDBY = "havnsted", "egebaek", "fjordby"
_DRAW_LIMIT_S = 300
_EVENT_LIMIT_S = 30
_LINK_LIFETIME_S = 24 * 3600
_Seat = selections.Seat


class Demonstration:
    """Talks to one suite. `channel` reaches its gRPC port."""

    def __init__(self, channel: grpc.Channel, token_for: TokenFor, say: Callable[[str], None]) -> None:
        self._channel = channel
        self._registry = registry_grpc.MunicipalityServiceStub(channel)
        self._links = links_grpc.SignInLinkServiceStub(channel)
        self._selections = selections_grpc.SelectionServiceStub(channel)
        self._draws = draws_grpc.DrawServiceStub(channel)
        self._token_for = token_for
        self._say = say

    def is_empty(self) -> bool:
        return not self._registry.ListMunicipalities(registry.ListMunicipalitiesRequest()).municipalities

    def load(self) -> None:
        """Three invented municipalities: one draw finished in public, one whose panels await a number, one
        whose assembly has handed its report over.
        """
        self._municipality(HAVNSTED, "Havnsted Kommune")
        self._municipality(EGEBAEK, "Egebæk Kommune")
        self._municipality(FJORDBY, "Fjordby Kommune")
        self._havnsted()
        self._egebaek()
        self._fjordby()

    def sign_in_link(self, role: str, municipality: str | None) -> str:
        """A one-time link, good for a day."""
        link = links.SignInLink(
            role=role,
            municipality=f"municipalities/{municipality}" if municipality else "",
            ttl=Duration(seconds=_LINK_LIFETIME_S),
        )
        request = links.CreateSignInLinkRequest(sign_in_link=link, request_id=_request_id())
        return self._links.CreateSignInLink(request, metadata=self._as(None, "operator")).uri

    def _as(self, municipality: str | None, role: str = "secretariat") -> tuple[tuple[str, str], ...]:
        return (
            ("authorization", f"Bearer {self._token_for(municipality, role)}"),
            ("accept-language", "da"),
        )

    def _municipality(self, slug: str, name: str) -> None:
        self._registry.CreateMunicipality(
            registry.CreateMunicipalityRequest(
                municipality_id=slug,
                municipality=registry.Municipality(display_name=name),
                request_id=_request_id(),
            ),
            metadata=self._as(None, "operator"),
        )
        self._await_copy(slug)

    def _await_copy(self, slug: str) -> None:
        """Waits until sortition has heard of the municipality: it learns of it by event."""
        request = selections.ListSelectionsRequest(parent=f"municipalities/{slug}")
        until = time.monotonic() + _EVENT_LIMIT_S
        while True:
            try:
                self._selections.ListSelections(request, metadata=self._as(slug))
                return
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _havnsted(self) -> None:
        """The reference case's figures: 240 volunteers, 36 seats, five features, a draw in public."""
        pool = make_pool(
            seed=2025,
            people=240,
            size=36,
            districts={"Nordby": 0.32, "Havnen": 0.25, "Sydstranden": 0.20, "Marken": 0.14, "Øen": 0.09},
        )
        name = self._selection(
            HAVNSTED,
            "Borgerting om fremtidens velfærd",
            "36 borgere skriver i foråret anbefalinger til byrådet om, hvordan velfærden skal se ud i 2035.",
            36,
            pool,
        )
        draw = self._committed_draw(HAVNSTED, name, "tre tisidede terninger, slået på rådhuset for åbne døre")
        metadata = self._as(HAVNSTED)
        # The demonstration throws its dice with the operating system's randomness, after the commitment.
        number = secrets.randbelow(draw.panels)
        self._draws.RevealDraw(
            draws.RevealDrawRequest(
                name=draw.name,
                number=number,
                note=f"terningerne viste {' – '.join(f'{number:03d}')}",
                request_id=_request_id(),
            ),
            metadata=metadata,
        )
        self._draws.PublishDraw(
            draws.PublishDrawRequest(name=draw.name, request_id=_request_id()), metadata=metadata
        )
        self._say(f"{HAVNSTED}: number {number:03d} drawn, panel published")
        seats = self._selections.ListSeats(
            selections.ListSeatsRequest(parent=name, page_size=100), metadata=metadata
        ).seats
        # The phone round is under way: most have said yes.
        for position, seat in enumerate(seats):
            answer = _Seat.ANSWER_ACCEPTED if position < 29 else _Seat.ANSWER_ASKED
            if position < 33:
                self._selections.SetSeatAnswer(
                    selections.SetSeatAnswerRequest(name=seat.name, answer=answer, request_id=_request_id()),
                    metadata=metadata,
                )

    def _egebaek(self) -> None:
        """A standing panel whose panels are published and whose number is still to be drawn."""
        pool = make_pool(
            seed=7, people=120, size=24, districts={"Egebæk by": 0.5, "Skovsogn": 0.3, "Mosby": 0.2}
        )
        name = self._selection(
            EGEBAEK,
            "Borgerråd for klima",
            "24 borgere rådgiver byrådet om klimaplanen i to år.",
            24,
            pool,
        )
        self._committed_draw(EGEBAEK, name, "en lottotromle med 1.000 kugler på biblioteket")

    def _fjordby(self) -> None:
        """All the way: drawn, asked, confirmed, and a report that is the council's."""
        pool = make_pool(seed=11, people=110, size=27, districts={"Fjordby": 0.6, "Strandmark": 0.4})
        name = self._selection(
            FJORDBY,
            "Borgerting om fremtidens velfærd",
            "27 borgere skriver anbefalinger til byrådet om velfærden i 2035.",
            27,
            pool,
        )
        draw = self._committed_draw(FJORDBY, name, "tre tisidede terninger, slået på biblioteket")
        metadata = self._as(FJORDBY)
        number = secrets.randbelow(draw.panels)
        self._draws.RevealDraw(
            draws.RevealDrawRequest(
                name=draw.name,
                number=number,
                note=f"terningerne viste {' – '.join(f'{number:03d}')}",
                request_id=_request_id(),
            ),
            metadata=metadata,
        )
        self._draws.PublishDraw(
            draws.PublishDrawRequest(name=draw.name, request_id=_request_id()), metadata=metadata
        )
        seats = self._selections.ListSeats(
            selections.ListSeatsRequest(parent=name, page_size=100), metadata=metadata
        ).seats
        for seat in seats:
            self._selections.SetSeatAnswer(
                selections.SetSeatAnswerRequest(
                    name=seat.name, answer=_Seat.ANSWER_ACCEPTED, request_id=_request_id()
                ),
                metadata=metadata,
            )
        self._selections.ConfirmPanel(
            selections.ConfirmPanelRequest(name=name, request_id=_request_id()), metadata=metadata
        )
        hand_over(self._channel, metadata, FJORDBY, name, self._say)

    def _selection(self, municipality: str, title: str, purpose: str, size: int, pool: DemoPool) -> str:
        metadata = self._as(municipality)
        selection = self._selections.CreateSelection(
            selections.CreateSelectionRequest(
                parent=f"municipalities/{municipality}",
                selection=selections.Selection(title=title, purpose=purpose, size=size, per_address=1),
                request_id=_request_id(),
            ),
            metadata=metadata,
        )
        targets = self._selections.ImportTargets(
            selections.ImportTargetsRequest(
                name=selection.name, file=pool.targets_csv(), request_id=_request_id()
            ),
            metadata=metadata,
        )
        imported = self._selections.ImportPool(
            selections.ImportPoolRequest(
                name=selection.name,
                file=pool.respondents_csv(),
                id_column="id",
                address_columns=["adresse"],
                contact_columns=["navn", "e-mail", "telefon"],
                request_id=_request_id(),
            ),
            metadata=metadata,
        )
        if targets.errors or imported.errors:
            raise RuntimeError(
                f"the demonstration's own files were refused: {targets.errors}{imported.errors}"
            )
        self._say(f"{municipality}: {imported.accepted_rows} volunteers for {size} seats")
        return selection.name

    def _committed_draw(self, municipality: str, selection: str, announced: str) -> draws.Draw:
        """Has the panels computed and published, and comes back when the number may be drawn."""
        metadata = self._as(municipality)
        draw = self._draws.CreateDraw(
            draws.CreateDrawRequest(
                parent=selection,
                draw=draws.Draw(mode=draws.Draw.MODE_PUBLIC, announced=announced),
                request_id=_request_id(),
            ),
            metadata=metadata,
        )
        until = time.monotonic() + _DRAW_LIMIT_S
        while draw.state in (draws.Draw.STATE_QUEUED, draws.Draw.STATE_RUNNING):
            if time.monotonic() > until:
                raise RuntimeError(f"{draw.name} is still {draws.Draw.State.Name(draw.state)}")
            time.sleep(0.2)
            draw = self._draws.GetDraw(draws.GetDrawRequest(name=draw.name), metadata=metadata)
        if draw.state != draws.Draw.STATE_PANELS_READY:
            raise RuntimeError(f"{draw.name} failed: {draw.failure.reason} {draw.failure.message}")
        self._say(f"{municipality}: {draw.panels} panels computed and published")
        return self._draws.PublishCommitment(
            draws.PublishCommitmentRequest(name=draw.name, request_id=_request_id()), metadata=metadata
        )


def _request_id() -> str:
    return str(uuid.uuid4())
