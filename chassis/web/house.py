"""What every service's pages do alike: one unit of work, the municipality's header, words, formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import uuid4

from fastapi import Request, Response

from chassis.clock import Clock
from chassis.context import Caller
from chassis.entry import Entry
from chassis.tenants import Municipality, TenantUnitOfWork, known
from chassis.text import Catalogue
from chassis.web import HeaderMunicipality, caller, render, site_of
from chassis.web.formats import Formats
from chassis.web.render import Crumb, formats

U = TypeVar("U", bound=TenantUnitOfWork)
R = TypeVar("R")


def header_of(entry: Municipality) -> HeaderMunicipality:
    return HeaderMunicipality(entry.slug, entry.display_name, entry.time_zone, entry.active)


class House(Generic[U]):
    """Opens the units of work for the pages of `service`, and knows where they stand on the site."""

    def __init__(self, service: str, entry: Entry[U], clock: Clock) -> None:
        self._service = service
        self._entry = entry
        self.clock = clock

    def read(
        self, request: Request, municipality: str, use_case: Callable[[U, Caller], R]
    ) -> tuple[HeaderMunicipality, R]:
        """The municipality as pages show it, and the use case's answer, from one state of the store."""
        who = caller(request)

        def work(uow: U) -> tuple[HeaderMunicipality, R]:
            answer = use_case(uow, who)
            entry = known(uow)
            return header_of(entry), answer

        return self._entry.read(who, municipality, work)

    def write(
        self,
        request: Request,
        municipality: str,
        use_case: Callable[[U, Caller], R],
        *,
        while_suspended: bool = False,
    ) -> R:
        """`while_suspended` as in `Entry.write`."""
        who = caller(request)
        return self._entry.write(
            who, municipality, lambda uow: use_case(uow, who), while_suspended=while_suspended
        )

    def write_once(
        self,
        request: Request,
        municipality: str,
        request_id: str,
        fingerprint: bytes,
        use_case: Callable[[U, Caller], str],
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
        return render(request, f"{self._service}/{template}.html", municipality=header, crumbs=crumbs, **data)
