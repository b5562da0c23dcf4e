"""A municipality's promises, in the order of assembly, recommendation and initiative. Anyone may ask."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.pages import cut_page, page_request
from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.followup.app.gate import today_in
from services.followup.app.ports import PromiseQuery, UnitOfWork
from services.followup.app.views import PromisePage, promise_view


@dataclass(frozen=True, slots=True)
class ListPromises:
    """`overdue`: only those with a checkpoint that is overdue now; `seeking`: that seek volunteers."""

    page_size: int = 0
    page_token: str = ""
    assembly: UUID | None = None
    overdue: bool = False
    seeking: bool = False


def list_promises(uow: UnitOfWork, caller: Caller, command: ListPromises, *, clock: Clock) -> PromisePage:
    """Raises DomainError INVALID_ARGUMENT PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID."""
    municipality, now = known(uow), clock.now()
    filters = (str(command.assembly), str(command.overdue), str(command.seeking))
    request = page_request(
        command.page_size, command.page_token, bound_to=("list_promises", uow.municipality, *filters)
    )
    after = (UUID(request.after[0]), int(request.after[1])) if request.after else None
    query = PromiseQuery(
        command.assembly, today_in(municipality, now) if command.overdue else None, command.seeking
    )
    found = uow.promises.page(query, request.size + 1, after)
    page = cut_page(found, request, lambda promise: (str(promise.assembly), str(promise.position)))
    items = tuple(promise_view(promise, municipality, now) for promise in page.items)
    return PromisePage(items, page.next_page_token)
