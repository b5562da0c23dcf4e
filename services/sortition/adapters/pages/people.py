"""The volunteers one by one, by their ids: who must or must not be drawn, what is kept, erasing one."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from chassis.aip.names import identity
from chassis.context import Caller
from chassis.web import HeaderMunicipality, Posted, posted, redirect
from services.sortition.adapters.pages.draws import attachment
from services.sortition.adapters.pages.house import House, selection_base, selection_crumbs, selection_id
from services.sortition.app.delete_person import DeletePerson, delete_person
from services.sortition.app.export_person import export_person
from services.sortition.app.get_selection import get_selection
from services.sortition.app.list_people import list_people
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.set_inclusion import SetInclusion, set_inclusion
from services.sortition.app.views import PeoplePage, PersonExport, SelectionView
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.selection import SelectionState

Sent = Annotated[Posted, Depends(posted)]

PEOPLE_A_PAGE = 100


class PeoplePages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/selections/{selection}/people"
        router.get(here)(self.listing)
        router.get(f"{here}/{{person}}")(self.show)
        router.post(f"{here}/{{person}}/inclusion")(self.include)
        router.get(f"{here}/{{person}}/export.json")(self.export)
        router.get(f"{here}/{{person}}/erase")(self.ask_erase)
        router.post(f"{here}/{{person}}/erase")(self.erase)
        return router

    def listing(self, request: Request, municipality: str, selection: str, page_token: str = "") -> Response:
        wanted = selection_id(selection)

        def work(uow: UnitOfWork, who: Caller) -> tuple[SelectionView, PeoplePage]:
            return (
                get_selection(uow, who, wanted),
                list_people(uow, who, wanted, PEOPLE_A_PAGE, page_token),
            )

        header, (view, page) = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        return self._house.page(
            request,
            "people",
            header,
            self._crumbs(request, header, view, (words.text("people.title"), None)),
            base=selection_base(municipality, wanted),
            heading=words.plural("pool.heading", view.pool_size, people=f.number(view.pool_size)),
            features=view.selection.features,
            people=page.items,
            older=page.next_page_token,
        )

    def show(self, request: Request, municipality: str, selection: str, person: str) -> Response:
        header, view, kept = self._read(request, municipality, selection, person)
        words = self._house.words(request)
        listing = f"{selection_base(municipality, view.selection.id)}/people"
        crumbs = self._crumbs(
            request, header, view, (words.text("people.title"), listing), (kept.person.pool_id, None)
        )
        return self._house.page(
            request,
            "person",
            header,
            crumbs,
            base=f"{listing}/{kept.person.id}",
            listing=listing,
            person=kept.person,
            answers=list(kept.person.values.items()),
            contact_columns=list(kept.contact),
            drawn=kept.seat is not None,
            open=view.selection.state is SelectionState.PREPARING,
        )

    def include(
        self, request: Request, municipality: str, selection: str, person: str, form: Sent
    ) -> Response:
        wanted, who_is = selection_id(selection), _person_id(person)
        told = form.text("inclusion").upper()
        inclusion = Inclusion(told) if told in set(Inclusion) else None

        def work(uow: UnitOfWork, who: Caller) -> None:
            command = SetInclusion(wanted, who_is, inclusion, form.text("etag"))
            set_inclusion(uow, who, command, clock=self._house.clock)

        self._house.write(request, municipality, work)
        return redirect(request, f"{selection_base(municipality, wanted)}/people/{who_is}")

    def export(self, request: Request, municipality: str, selection: str, person: str) -> Response:
        """All that is kept about one person, as a file to hand to them."""
        _, _, kept = self._read(request, municipality, selection, person)
        content = {
            "id": kept.person.pool_id,
            "contact": dict(kept.contact),
            "answers": dict(kept.person.values),
            "inclusion": kept.person.inclusion.value,
            "draws": list(kept.draws),
            "seat": None if kept.seat is None else kept.seat.answer.value,
        }
        text = json.dumps(content, ensure_ascii=False, indent=2)
        return attachment(text.encode(), "application/json", "person.json", public=False)

    def ask_erase(self, request: Request, municipality: str, selection: str, person: str) -> Response:
        header, view, kept = self._read(request, municipality, selection, person)
        words = self._house.words(request)
        t = words.text
        here = f"{selection_base(municipality, view.selection.id)}/people/{kept.person.id}"
        fixed = [t("erase.contact")]
        fixed.append(t("erase.stays") if kept.draws else t("erase.gone"))
        if kept.seat is not None:
            fixed.append(t("erase.seat"))
        return self._house.page(
            request,
            "confirm",
            header,
            self._crumbs(request, header, view, (t("erase.title"), None)),
            heading=t("erase.heading", id=kept.person.pool_id),
            lead=t("erase.lead"),
            made_public=[],
            made_fixed=fixed,
            question=t("erase.question"),
            button=t("erase.button"),
            action=f"{here}/erase",
            back=here,
            values={},
        )

    def erase(self, request: Request, municipality: str, selection: str, person: str, form: Sent) -> Response:
        wanted, who_is = selection_id(selection), _person_id(person)

        def work(uow: UnitOfWork, who: Caller) -> None:
            delete_person(uow, who, DeletePerson(wanted, who_is), clock=self._house.clock)

        self._house.write(request, municipality, work)
        return redirect(request, f"{selection_base(municipality, wanted)}/people")

    def _read(
        self, request: Request, municipality: str, selection: str, person: str
    ) -> tuple[HeaderMunicipality, SelectionView, PersonExport]:
        wanted, who_is = selection_id(selection), _person_id(person)
        header, (view, kept) = self._house.read(
            request,
            municipality,
            lambda uow, who: (get_selection(uow, who, wanted), export_person(uow, who, wanted, who_is)),
        )
        return header, view, kept

    def _crumbs(self, request: Request, header: HeaderMunicipality, view: SelectionView, *below: Any) -> Any:
        words, selection = self._house.words(request), view.selection
        pool = (words.text("pool.title"), f"{selection_base(header.slug, selection.id)}/pool")
        return selection_crumbs(words, header.slug, selection.id, selection.title, pool, *below)


def _person_id(text: str) -> UUID:
    return identity(text, "PERSON_UNKNOWN")
