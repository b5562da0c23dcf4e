"""Who was drawn: the phone list with each answer, the panel's confirmation, and how the panel compares.

Names and contact data appear here only, for the secretariat.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from chassis.aip.names import identity
from chassis.context import Caller
from chassis.text import Catalogue
from chassis.web import Posted, posted, redirect
from chassis.web.formats import Formats
from services.sortition.adapters.pages.house import House, selection_base, selection_crumbs, selection_id
from services.sortition.adapters.pages.views import selection_likeness
from services.sortition.app.confirm_panel import ConfirmPanel, confirm_panel
from services.sortition.app.get_panel import get_panel
from services.sortition.app.get_representation import get_representation
from services.sortition.app.get_selection import get_selection
from services.sortition.app.list_seat_contacts import list_seat_contacts
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.set_seat_answer import SetSeatAnswer, set_seat_answer
from services.sortition.app.views import PanelView, SeatContact, SeatContactPage, SelectionView
from services.sortition.domain.seat import Answer

Sent = Annotated[Posted, Depends(posted)]

SEATS_A_PAGE = 100


class PanelPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/selections/{selection}"
        router.get(f"{here}/panel")(self.phone_list)
        router.get(f"{here}/panel/confirm")(self.ask)
        router.post(f"{here}/panel/confirm")(self.confirm)
        router.post(f"{here}/seats/{{seat}}/answer")(self.answer)
        router.get(f"{here}/representation")(self.representation)
        return router

    def phone_list(
        self, request: Request, municipality: str, selection: str, page_token: str = ""
    ) -> Response:
        wanted = selection_id(selection)

        def work(uow: UnitOfWork, who: Caller) -> tuple[SelectionView, PanelView, SeatContactPage]:
            return (
                get_selection(uow, who, wanted),
                get_panel(uow, who, wanted),
                list_seat_contacts(uow, who, wanted, SEATS_A_PAGE, page_token),
            )

        header, (view, panel, page) = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        seats = [_seat(contact, words) for contact in page.items]
        confirmed = panel.confirm_time is not None
        waiting = panel.not_asked + panel.asked
        if panel.confirm_time is not None:
            lead = words.text("panel.lead_confirmed", moment=f.moment(panel.confirm_time))
        elif waiting:
            lead = words.plural("panel.lead_waiting", waiting, people=f.number(waiting))
        else:
            lead = words.text("panel.lead_ready")
        return self._house.page(
            request,
            "panel",
            header,
            self._crumbs(words, municipality, view, words.text("panel.title")),
            base=selection_base(municipality, wanted),
            heading=words.plural("panel.heading", panel.size, size=f.number(panel.size)),
            lead=lead,
            confirmed=confirmed,
            may_confirm=not confirmed and not waiting,
            figures=_answers(panel, words, f),
            seats=seats,
            waiting=[seat for seat in seats if seat["answer"] in ("not_asked", "asked")],
            older=page.next_page_token,
        )

    def answer(self, request: Request, municipality: str, selection: str, seat: str, form: Sent) -> Response:
        wanted, sat = selection_id(selection), identity(seat, "SEAT_UNKNOWN")
        told = form.text("answer").upper()
        answer = Answer(told) if told in set(Answer) else None

        def work(uow: UnitOfWork, who: Caller) -> None:
            command = SetSeatAnswer(wanted, sat, answer, form.text("etag"))
            set_seat_answer(uow, who, command, clock=self._house.clock)

        self._house.write(request, municipality, work)
        return redirect(request, f"{selection_base(municipality, wanted)}/panel#seat-{sat}")

    def ask(self, request: Request, municipality: str, selection: str) -> Response:
        wanted = selection_id(selection)
        header, (view, panel) = self._read(request, municipality, wanted)
        words, f = self._house.words(request), self._house.formats(request, header)
        t = words.text
        here = selection_base(municipality, wanted)
        if panel.not_asked or panel.asked or panel.confirm_time is not None:
            return redirect(request, f"{here}/panel")
        return self._house.page(
            request,
            "confirm",
            header,
            self._crumbs(words, municipality, view, t("journey.confirm")),
            heading=words.plural("confirm.panel_heading", panel.accepted, people=f.number(panel.accepted)),
            lead=t("confirm.panel_lead", size=f.number(panel.size), declined=f.number(panel.declined)),
            made_public=[],
            made_fixed=[t("confirm.panel_fixed"), t("confirm.panel_event")],
            question=t("confirm.panel_question"),
            button=t("confirm.panel_button"),
            action=f"{here}/panel/confirm",
            back=f"{here}/panel",
            values={"etag": panel.etag},
        )

    def confirm(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        wanted = selection_id(selection)

        def work(uow: UnitOfWork, who: Caller) -> None:
            command = ConfirmPanel(wanted, form.text("etag"))
            confirm_panel(uow, who, command, clock=self._house.clock)

        self._house.write(request, municipality, work)
        return redirect(request, selection_base(municipality, wanted))

    def representation(self, request: Request, municipality: str, selection: str) -> Response:
        wanted = selection_id(selection)
        header, (view, shown) = self._house.read(
            request,
            municipality,
            lambda uow, who: (get_selection(uow, who, wanted), get_representation(uow, who, wanted)),
        )
        words, f = self._house.words(request), self._house.formats(request, header)
        likeness = selection_likeness(shown, view.selection.size, words, f)
        series = [("pool", words.text("chart.pool"))]
        if shown.panel_size:
            series.append(("panel", words.text("chart.panel")))
        if shown.accepted_size:
            series.append(("accepted", words.text("chart.accepted")))
        if not shown.panel_size:
            heading, lead = words.text("representation.heading_pool"), words.text("representation.lead_pool")
        else:
            heading = words.text(
                "representation.heading", met=f.number(likeness.met), of=f.number(likeness.of)
            )
            key = "representation.lead_accepted" if shown.accepted_size else "representation.lead_drawn"
            lead = words.text(key, accepted=f.number(shown.accepted_size), size=f.number(shown.panel_size))
        figures = [
            (words.text("public.figure_pool"), f.number(shown.pool_size)),
            (words.text("public.figure_size"), f.number(view.selection.size)),
        ]
        if shown.panel_size:
            figures.append((words.text("panel.figure_accepted"), f.number(shown.accepted_size)))
        return self._house.page(
            request,
            "representation",
            header,
            self._crumbs(words, municipality, view, words.text("representation.title")),
            base=selection_base(municipality, wanted),
            heading=heading,
            lead=lead,
            figures=figures,
            shown=likeness,
            series=series,
        )

    def _read(self, request: Request, municipality: str, wanted: UUID) -> Any:
        return self._house.read(
            request,
            municipality,
            lambda uow, who: (get_selection(uow, who, wanted), get_panel(uow, who, wanted)),
        )

    def _crumbs(self, words: Catalogue, municipality: str, view: SelectionView, title: str) -> Any:
        selection = view.selection
        return selection_crumbs(words, municipality, selection.id, selection.title, (title, None))


def _answers(panel: PanelView, words: Catalogue, f: Formats) -> list[tuple[str, str]]:
    return [
        (words.text("answer.not_asked"), f.number(panel.not_asked)),
        (words.text("answer.asked"), f.number(panel.asked)),
        (words.text("answer.accepted"), f.number(panel.accepted)),
        (words.text("answer.declined"), f.number(panel.declined)),
    ]


def _seat(contact: SeatContact, words: Catalogue) -> dict[str, Any]:
    seat = contact.seat
    fields = [(column, text) for column, text in contact.fields.items() if text]
    # The first contact column is the name, as the secretariat gave them.
    heading = fields[0][1] if fields else words.text("panel.without_name", id=contact.pool_id)
    return {
        "id": seat.id,
        "etag": seat.etag,
        "heading": heading,
        "contact": fields[1:],
        "erased": not contact.fields,
        "answer": seat.answer.value.lower(),
        "answered": seat.answer_time,
        "answers": ", ".join(f"{feature}: {value}" for feature, value in seat.values.items()),
    }
