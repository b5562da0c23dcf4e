"""Pages of lists that are ordered by a UUID."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from chassis.aip.pages import Page, cut_page, page_request

T = TypeVar("T")


def uuid_page(
    page_size: int,
    page_token: str,
    bound_to: Sequence[str],
    fetch: Callable[[int, UUID | None], Sequence[T]],
    key: Callable[[T], UUID],
) -> Page[T]:
    """`fetch(limit, position)` gives rows beyond the position. Raises DomainError INVALID_ARGUMENT."""
    request = page_request(page_size, page_token, bound_to=bound_to)
    after = UUID(request.after[0]) if request.after else None
    return cut_page(fetch(request.size + 1, after), request, lambda row: (str(key(row)),))
