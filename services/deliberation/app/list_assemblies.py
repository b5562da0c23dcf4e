"""A municipality's assemblies, newest first."""

from __future__ import annotations

from chassis.aip.pages import Page
from chassis.context import Caller
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.paging import uuid_page
from services.deliberation.app.views import AssemblyView


def list_assemblies(
    uow: AssemblyUnitOfWork, caller: Caller, page_size: int = 0, page_token: str = ""
) -> Page[AssemblyView]:
    """For anyone. Raises DomainError INVALID_ARGUMENT PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID."""
    known(uow)
    page = uuid_page(
        page_size,
        page_token,
        ("list_assemblies", uow.municipality),
        uow.assemblies.page,
        lambda assembly: assembly.id,
    )
    return Page(tuple(map(AssemblyView, page.items)), page.next_page_token)
