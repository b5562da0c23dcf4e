"""The lotteries of the demonstration: finished in public, under way on the phone, waiting for a number."""

from __future__ import annotations

import secrets

from borgerting.sortition.v1 import draw_service_pb2 as draws
from borgerting.sortition.v1 import draw_service_pb2_grpc as draws_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from demo.access import EGEBAEK, HAVNSTED, Access, request_id, until
from demo.pool import DemoPool, make_pool

_DRAW_LIMIT_S = 300
_Seat = selections.Seat
_DISTRICTS = {"Nordby": 0.32, "Havnen": 0.25, "Sydstranden": 0.20, "Marken": 0.14, "Øen": 0.09}


def assembly_pool() -> DemoPool:
    """The reference case's figures."""
    return make_pool(seed=2025, people=240, size=36, districts=_DISTRICTS)


def standing_council_pool() -> DemoPool:
    return make_pool(seed=77, people=130, size=24, districts=_DISTRICTS)


def climate_council_pool() -> DemoPool:
    districts = {"Egebæk by": 0.5, "Skovsogn": 0.3, "Mosby": 0.2}
    return make_pool(seed=7, people=120, size=24, districts=districts)


class Lotteries:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._selections = selections_grpc.SelectionServiceStub(access.channel)
        self._draws = draws_grpc.DrawServiceStub(access.channel)

    def assembly(self) -> str:
        """The reference case's figures: 240 volunteers, 36 seats, five features, a draw in public; all drawn
        have said yes, and the panel is confirmed. Returns the selection's name.
        """
        name = self._selection(
            HAVNSTED,
            "Borgerting om fremtidens velfærd",
            "36 borgere skriver anbefalinger til byrådet om, hvordan velfærden skal se ud i 2035.",
            36,
            assembly_pool(),
        )
        self._drawn_in_public(HAVNSTED, name)
        for seat in self._seats(HAVNSTED, name):
            self._answer(seat, _Seat.ANSWER_ACCEPTED)
        self._selections.ConfirmPanel(
            selections.ConfirmPanelRequest(name=name, request_id=request_id()),
            metadata=self._access.signed_in(HAVNSTED, "secretariat"),
        )
        self._access.say(f"{HAVNSTED}: the panel is confirmed")
        return name

    def standing_council(self) -> None:
        """The council that the report asked for: drawn, and most of them reached by telephone."""
        name = self._selection(
            HAVNSTED,
            "Havnsteds faste borgerråd",
            "24 borgere rådgiver byrådet i tre år. En tredjedel skiftes ud hvert år.",
            24,
            standing_council_pool(),
        )
        self._drawn_in_public(HAVNSTED, name)
        for position, seat in enumerate(self._seats(HAVNSTED, name)):
            if position < 21:
                self._answer(seat, _Seat.ANSWER_ACCEPTED if position < 18 else _Seat.ANSWER_ASKED)

    def climate_council(self) -> None:
        """Egebæk's: the panels are published, and the number is still to be drawn."""
        name = self._selection(
            EGEBAEK,
            "Borgerråd for klima",
            "24 borgere rådgiver byrådet om klimaplanen i to år.",
            24,
            climate_council_pool(),
        )
        self._committed_draw(EGEBAEK, name, "en lottotromle med 1.000 kugler på biblioteket")

    def _drawn_in_public(self, municipality: str, selection: str) -> None:
        draw = self._committed_draw(
            municipality, selection, "tre tisidede terninger, slået på rådhuset for åbne døre"
        )
        metadata = self._access.signed_in(municipality, "secretariat")
        # The demonstration throws its dice with the operating system's randomness, after the commitment.
        number = secrets.randbelow(draw.panels)
        self._draws.RevealDraw(
            draws.RevealDrawRequest(
                name=draw.name,
                number=number,
                note=f"terningerne viste {' – '.join(f'{number:03d}')}",
                request_id=request_id(),
            ),
            metadata=metadata,
        )
        self._draws.PublishDraw(
            draws.PublishDrawRequest(name=draw.name, request_id=request_id()), metadata=metadata
        )
        self._access.say(f"{municipality}: number {number:03d} drawn, panel published")

    def _seats(self, municipality: str, selection: str) -> list[selections.Seat]:
        request = selections.ListSeatsRequest(parent=selection, page_size=100)
        metadata = self._access.signed_in(municipality, "secretariat")
        return list(self._selections.ListSeats(request, metadata=metadata).seats)

    def _answer(self, seat: selections.Seat, answer: selections.Seat.Answer.ValueType) -> None:
        self._selections.SetSeatAnswer(
            selections.SetSeatAnswerRequest(name=seat.name, answer=answer, request_id=request_id()),
            metadata=self._access.signed_in(HAVNSTED, "secretariat"),
        )

    def _selection(self, municipality: str, title: str, purpose: str, size: int, pool: DemoPool) -> str:
        metadata = self._access.signed_in(municipality, "secretariat")
        selection = self._selections.CreateSelection(
            selections.CreateSelectionRequest(
                parent=f"municipalities/{municipality}",
                selection=selections.Selection(title=title, purpose=purpose, size=size, per_address=1),
                request_id=request_id(),
            ),
            metadata=metadata,
        )
        targets = self._selections.ImportTargets(
            selections.ImportTargetsRequest(
                name=selection.name, file=pool.targets_csv(), request_id=request_id()
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
                request_id=request_id(),
            ),
            metadata=metadata,
        )
        if targets.errors or imported.errors:
            raise RuntimeError(
                f"the demonstration's own files were refused: {len(targets.errors)} errors in the targets, "
                f"{len(imported.errors)} in the pool"
            )
        self._access.say(f"{municipality}: {imported.accepted_rows} volunteers for {size} seats")
        return selection.name

    def _committed_draw(self, municipality: str, selection: str, announced: str) -> draws.Draw:
        """Has the panels computed and published, and comes back when the number may be drawn."""
        metadata = self._access.signed_in(municipality, "secretariat")
        draw = self._draws.CreateDraw(
            draws.CreateDrawRequest(
                parent=selection,
                draw=draws.Draw(mode=draws.Draw.MODE_PUBLIC, announced=announced),
                request_id=request_id(),
            ),
            metadata=metadata,
        )

        def computed() -> draws.Draw | None:
            found = self._draws.GetDraw(draws.GetDrawRequest(name=draw.name), metadata=metadata)
            return None if found.state in (draws.Draw.STATE_QUEUED, draws.Draw.STATE_RUNNING) else found

        draw = until(computed, "a draw", _DRAW_LIMIT_S)
        if draw.state != draws.Draw.STATE_PANELS_READY:
            raise RuntimeError(f"{draw.name} failed: {draw.failure.reason} {draw.failure.message}")
        self._access.say(f"{municipality}: {draw.panels} panels computed and published")
        return self._draws.PublishCommitment(
            draws.PublishCommitmentRequest(name=draw.name, request_id=request_id()), metadata=metadata
        )
