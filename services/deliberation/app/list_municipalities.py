"""The registry, page by page."""

from __future__ import annotations

from chassis.aip.pages import Page, cut_page, page_request
from chassis.context import Caller
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.municipality import Municipality


def list_municipalities(
    uow: UnitOfWork, caller: Caller, page_size: int, page_token: str, *, deleted: bool = False
) -> Page[Municipality]:
    """For anyone; those that are removed too where asked for (`deleted`).

    Raises DomainError PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID.
    """
    request = page_request(
        page_size, page_token, bound_to=("municipalities", *(("deleted",) if deleted else ()))
    )
    after = request.after[0] if request.after else None
    fetched = uow.municipalities.page(after, request.size + 1, deleted=deleted)
    return cut_page(fetched, request, lambda municipality: (municipality.slug,))
