"""For volunteers: what is kept about them, to see, to correct, to take along and to erase."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from google.protobuf.json_format import MessageToDict

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import DomainError
from chassis.rest import site_of
from chassis.web import Form, form_of, redirect
from services.volunteer.adapters import wire
from services.volunteer.adapters.calendar import calendar_of
from services.volunteer.adapters.pages.house import House, Sent, base
from services.volunteer.app.calendar import get_calendar, reset_calendar
from services.volunteer.app.delete_person import delete_person
from services.volunteer.app.export_person import export_person
from services.volunteer.app.gate import admit
from services.volunteer.app.people import own_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.update_person import UpdatePerson, update_person
from services.volunteer.app.views import PersonExport
from services.volunteer.domain.person import EDITABLE, Contact


class MePages:
    def __init__(self, house: House, site: str) -> None:
        self._house = house
        self._site = site

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/me")(self.show)
        router.post("/{municipality}/me")(self.update)
        router.get("/{municipality}/me/export.json")(self.export)
        router.post("/{municipality}/me/calendar")(self.reset_calendar)
        router.get("/{municipality}/calendar/{secret}.ics")(self.calendar)
        router.get("/{municipality}/me/erase")(self.ask_erase)
        router.post("/{municipality}/me/erase")(self.erase)
        return router

    def show(self, request: Request, municipality: str, saved: str = "") -> Response:
        return self._show(request, municipality, Form(), saved=bool(saved))

    def _show(self, request: Request, municipality: str, form: Form, *, saved: bool = False) -> Response:
        header, kept = self._house.read(request, municipality, _kept)
        words = self._house.words(request)
        return self._house.page(
            request,
            "me",
            header,
            self._house.crumbs(request, municipality, (words.text("vol_me.title"), None)),
            base=base(municipality),
            kept=kept.person.contact if kept else None,
            etag=kept.person.etag if kept else "",
            sign_ups=len(kept.sign_ups) if kept else 0,
            saved=saved,
            form=form,
            status=400 if form.errors else 200,
        )

    def update(self, request: Request, municipality: str, form: Sent) -> Response:
        contact = Contact(form.text("display_name"), form.text("phone"), form.text("email"))
        command = UpdatePerson(None, contact, tuple(sorted(EDITABLE)), etag=form.text("etag"))
        try:
            self._house.write(
                request,
                municipality,
                lambda uow, who: update_person(uow, who, command, clock=self._house.clock),
            )
        except DomainError as error:
            if not error.violations and error.reason != "ETAG_STALE":
                raise
            return self._show(request, municipality, form_of(error, self._house.words(request), form.values))
        return redirect(request, f"{base(municipality)}/me?saved=1")

    def export(self, request: Request, municipality: str) -> Response:
        _, kept = self._house.read(request, municipality, lambda uow, who: export_person(uow, who, None))
        content = MessageToDict(wire.export_to_proto(kept), always_print_fields_with_no_presence=True)
        return Response(
            json.dumps(content, ensure_ascii=False, indent=2) + "\n",
            media_type="application/json",
            headers={
                "Content-Disposition": 'attachment; filename="volunteer.json"',
                "Cache-Control": "no-store",
            },
        )

    def reset_calendar(self, request: Request, municipality: str, form: Sent) -> Response:
        """The answer itself shows the address, once: a page that showed it again would have to store it."""

        def work(uow: UnitOfWork, who: Caller) -> str:
            return reset_calendar(uow, who, clock=self._house.clock)

        secret = self._house.write(request, municipality, work)
        header, _ = self._house.read(request, municipality, _kept)
        words = self._house.words(request)
        here = f"{base(municipality)}/me"
        return self._house.page(
            request,
            "calendar",
            header,
            self._house.crumbs(
                request,
                municipality,
                (words.text("vol_me.title"), here),
                (words.text("vol_calendar.title"), None),
            ),
            uri=f"{self._site or site_of(request)}{base(municipality)}/calendar/{secret}.ics",
            back=here,
            address=here,
        )

    def calendar(self, request: Request, municipality: str, secret: str) -> Response:
        """iCalendar (RFC 5545) for who has the secret address; no name is in it."""
        _, appointments = self._house.read(
            request, municipality, lambda uow, who: get_calendar(uow, who, secret)
        )
        content = calendar_of(appointments, request.url.hostname or "", self._house.clock.now())
        return Response(content, media_type="text/calendar", headers={"Cache-Control": "no-store"})

    def ask_erase(self, request: Request, municipality: str) -> Response:
        header, kept = self._house.read(request, municipality, lambda uow, who: export_person(uow, who, None))
        words, now = self._house.words(request), self._house.clock.now()
        coming = sum(each.view.sign_up.live and each.start > now for each in kept.sign_ups)
        return self._house.page(
            request,
            "erase",
            header,
            self._house.crumbs(request, municipality, (words.text("vol_erase.title"), None)),
            coming=coming,
            action=f"{base(municipality)}/me/erase",
            back=f"{base(municipality)}/me",
        )

    def erase(self, request: Request, municipality: str, form: Sent) -> Response:
        self._house.write(
            request,
            municipality,
            lambda uow, who: delete_person(uow, who, None, clock=self._house.clock),
        )
        return redirect(request, f"{base(municipality)}/me")


def _kept(uow: UnitOfWork, who: Caller) -> PersonExport | None:
    """None while nothing is kept."""
    admit(uow, who, Role.VOLUNTEER)
    return export_person(uow, who, None) if own_person(uow, who) else None
