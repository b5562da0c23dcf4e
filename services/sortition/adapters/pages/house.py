"""What all pages of this service do alike: one unit of work, the municipality's header, words and formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4

from fastapi import Request, Response

from chassis.clock import Clock
from chassis.context import Caller
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.text import Catalogue
from chassis.web import HeaderMunicipality, caller, render, site_of
from chassis.web.formats import Formats
from chassis.web.render import Crumb, formats
from services.sortition.app.gate import known
from services.sortition.app.ports import UnitOfWork

R = TypeVar("R")


class House:
    """Opens the units of work for pages, and knows where they stand on the site."""

    def __init__(self, entry: Entry[UnitOfWork], clock: Clock) -> None:
        self._entry = entry
        self.clock = clock

    def read(
        self, request: Request, municipality: str, use_case: Callable[[UnitOfWork, Caller], R]
    ) -> tuple[HeaderMunicipality, R]:
        """The municipality as pages show it, and the use case's answer, from one state of the store."""
        who = caller(request)

        def work(uow: UnitOfWork) -> tuple[HeaderMunicipality, R]:
            answer = use_case(uow, who)
            entry = known(uow)
            return HeaderMunicipality(entry.slug, entry.display_name, entry.time_zone), answer

        return self._entry.read(who, municipality, work)

    def write(self, request: Request, municipality: str, use_case: Callable[[UnitOfWork, Caller], R]) -> R:
        who = caller(request)
        return self._entry.write(who, municipality, lambda uow: use_case(uow, who))

    def write_once(
        self,
        request: Request,
        municipality: str,
        request_id: str,
        fingerprint: bytes,
        use_case: Callable[[UnitOfWork, Caller], str],
    ) -> str:
        """For what makes something new: a form that is sent twice makes one thing."""
        who = caller(request)
        return self._entry.write(
            who,
            municipality,
            lambda uow: use_case(uow, who),
            request_id=request_id or str(uuid4()),
            fingerprint=fingerprint,
            store=str.encode,
            restore=bytes.decode,
        )

    def words(self, request: Request) -> Catalogue:
        return site_of(request).catalogues[caller(request).language]

    def formats(self, request: Request, header: HeaderMunicipality) -> Formats:
        return formats(caller(request).language, header.time_zone)

    def page(
        self,
        request: Request,
        template: str,
        header: HeaderMunicipality,
        crumbs: Sequence[Crumb] = (),
        **data: Any,
    ) -> Response:
        return render(request, f"sortition/{template}.html", municipality=header, crumbs=crumbs, **data)


def base(municipality: str) -> str:
    return f"/sortition/{municipality}"


def selection_base(municipality: str, selection: UUID | str) -> str:
    return f"/sortition/{municipality}/selections/{selection}"


def selection_crumbs(
    words: Catalogue, municipality: str, selection: UUID, title: str, *below: Crumb
) -> list[Crumb]:
    """From the list of selections down."""
    crumbs: list[Crumb] = [(words.text("selections.title"), f"{base(municipality)}/selections")]
    crumbs.append((title, selection_base(municipality, selection) if below else None))
    crumbs.extend(below)
    return crumbs


def identity(text: str, reason: str) -> UUID:
    """A UUID from an address. Raises DomainError NOT_FOUND with `reason` for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise DomainError(Code.NOT_FOUND, reason) from None


def selection_id(text: str) -> UUID:
    return identity(text, "SELECTION_UNKNOWN")


def draw_id(text: str) -> UUID:
    return identity(text, "DRAW_UNKNOWN")
